import { Text } from "@codemirror/state";
import { expect, test } from "vitest";
import type { Mark } from "../../src/marks/mark";
import { placeMarks } from "../../src/marks/place";

function mark(line: number, column: number, text: string): Mark {
  return { severity: "error", line, column, text, message: "wrong", source: "clang" };
}

/** What is underlined in a text of one line. */
function underlined(line: string, column: number): string | undefined {
  const text = Text.of(["%%wasinn c", line, ""]);
  const [placed] = placeMarks(text, [mark(2, column, line)]);
  return placed && text.sliceString(placed.from, placed.to);
}

test.each([
  ["  int answer = 4x2;", 7, "answer"],
  ["  int answer = 4x2;", 16, "4x2"],
  ["  return a->b;", 11, "->"],
  ["  f(1);", 4, "("],
  ['#include "no such.h"', 10, '"no such.h"'],
  ["#include <x>", 1, "#include"],
  ["  @panic(1)", 3, "@panic"],
  ["  i32.cosnt 1", 3, "i32.cosnt"],
  ["  call $missing", 8, "$missing"],
  ["  größe = ÄÖ;", 11, "ÄÖ"],
])("the token of %j at column %i", (line, column, token) => {
  expect(underlined(line, column)).toBe(token);
});

test("columns count code points, and a tab is one", () => {
  expect(underlined('\tputs("🦀🦀"), wrong();', 12)).toBe(",");
  expect(underlined('\tputs("🦀🦀"), wrong();', 14)).toBe("wrong");
});

test("a column behind the text is for its last character, also a wide one", () => {
  expect(underlined("int a = 1", 10)).toBe("1");
  expect(underlined("int a = 1   ", 10)).toBe("1");
  expect(underlined("// 🦀", 99)).toBe("🦀");
});

test("without a column the whole line is meant, not the blanks around it", () => {
  expect(underlined("    trap();  ", 0)).toBe("trap();");
});

test("a line without text gets a place", () => {
  expect(underlined("", 0)).toBe("");
  expect(underlined("", 3)).toBe("");
  expect(underlined("   ", 0)).toBe("");
});

test("the last line of a text has marks too", () => {
  const text = Text.of(["%%wasinn c", "int main() {"]);
  expect(placeMarks(text, [mark(2, 13, "int main() {")])).toMatchObject([{ from: 22, to: 23 }]);
});

test("a line end of Windows makes no difference", () => {
  const text = Text.of(["%%wasinn c", "int x"]);
  expect(placeMarks(text, [mark(2, 5, "int x\r")])).toHaveLength(1);
});

test("a mark is for the text that it came with", () => {
  const text = Text.of(["%%wasinn c", "int x", "int y"]);
  const marks = [mark(3, 1, "int x"), mark(4, 1, ""), mark(0, 1, ""), mark(2, 5, "int x")];
  expect(placeMarks(text, marks).map(({ mark }) => mark.line)).toEqual([2]);
});

test("marks are in the order of the text", () => {
  const text = Text.of(["a b", "c"]);
  const marks = [mark(2, 1, "c"), mark(1, 3, "a b"), mark(1, 1, "a b")];
  expect(placeMarks(text, marks).map(({ from }) => from)).toEqual([0, 2, 4]);
});
