import { Text } from "@codemirror/state";
import { expect, test } from "vitest";
import { magicLineAt } from "../../src/help/magic";

/** The kind of the last line of a cell, and its words. */
function last(...lines: string[]): [string, ...string[]] | undefined {
  const text = Text.of(lines);
  const line = magicLineAt(text, text.length);
  return line && [line.kind, ...line.words.map((word) => word.raw)];
}

test("the magic of a guest cell, also below blank lines and magics that run it", () => {
  expect(last("%%wasinn c --no-run")).toEqual(["cell", "c", "--no-run"]);
  expect(last("", "%%time", "%%wasinn zig")).toEqual(["cell", "zig"]);
  expect(last("%%wasinn")).toEqual(["cell"]);
});

test("its body has no magics, and no more has that of another cell magic", () => {
  expect(last("%%wasinn c", "%wasinn load x")).toBeUndefined();
  expect(last("%%wasinn c", "%%wasinn c")).toBeUndefined();
  expect(last("%%bash", "%wasinn load x")).toBeUndefined();
});

test("lines of verbs stand anywhere in Python", () => {
  expect(last("x = 1", "  %wasinn load a b")).toEqual(["verb", "load", "a", "b"]);
  expect(last("%%time", "run = %wasinn run a.wasm")).toEqual(["verb", "run", "a.wasm"]);
  expect(last("%config WasinnMagics.stream = True")).toEqual([
    "config",
    ...["WasinnMagics.stream", "=", "True"],
  ]);
});

test.each(["%wasinnx load", "%%wasinnc c", "a %wasinn load", "# %wasinn", "%%wasinn2"])(
  "not ours: %s",
  (line) => {
    expect(last("1", line)).toBeUndefined();
    expect(last(line)).toBeUndefined();
  },
);

test("words are where they are written, and a quoted blank does not part them", () => {
  const text = Text.of(["1", `%wasinn load "my model" a\\ b`]);
  const line = magicLineAt(text, 5);
  expect(line?.from).toBe(2);
  expect(line?.words).toEqual([
    { from: 8, raw: "load", value: "load" },
    { from: 13, raw: '"my model"', value: "my model" },
    { from: 24, raw: "a\\ b", value: "a b" },
  ]);
});
