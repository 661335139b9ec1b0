import { expect, test } from "vitest";
import { readSet } from "../../src/marks/mark";

const MARK = {
  severity: "error",
  line: 2,
  column: 1,
  text: "x",
  message: "no x",
  source: "clang",
};

test("a set as the kernel sends it", () => {
  expect(readSet({ kind: "marks", cell: "a", marks: [MARK] })).toEqual({
    cell: "a",
    marks: [MARK],
  });
});

test("what is missing is not made up, but where it is optional", () => {
  const bare = { ...MARK, column: undefined, source: undefined };
  expect(readSet({ cell: "a", marks: [bare] })?.marks).toEqual([
    { ...MARK, column: 0, source: "" },
  ]);
});

test.each([undefined, null, 3, {}, { cell: "" }, { cell: "a" }, { cell: 1, marks: [] }])(
  "no set: %j",
  (value) => {
    expect(readSet(value)).toBeUndefined();
  },
);

test.each([{ severity: "hint" }, { line: "2" }, { line: 1.5 }, { text: null }, { message: 1 }])(
  "a mark of another shape is left out: %j",
  (wrong) => {
    const set = readSet({ cell: "a", marks: [{ ...MARK, ...wrong }, MARK, 7] });
    expect(set?.marks).toEqual([MARK]);
  },
);
