import { expect, test } from "vitest";
import type { Stop } from "../../src/marks/order";
import { next } from "../../src/marks/order";
import { mark } from "./cells";

const stop = (cell: number, from: number): Stop => ({
  cell,
  placed: { mark: mark(1, ""), from, to: from + 1 },
});
const STOPS = [stop(1, 5), stop(1, 20), stop(3, 0)];

test.each([
  ["before all", 0, 3, false, 0],
  ["at one", 1, 5, false, 1],
  ["between two", 1, 6, false, 1],
  ["in a cell without", 2, 0, false, 2],
  ["after the last: around", 3, 0, false, 0],
  ["in command mode", 3, -1, false, 2],
  ["back from one", 1, 20, true, 0],
  ["back in command mode", 1, -1, true, 2],
  ["back from after all", 9, 0, true, 2],
  ["back from between", 1, 6, true, 0],
])("%s", (_, cell, offset, back, expected) => {
  expect(next(STOPS, { cell, offset }, back)).toBe(expected);
});

test("a single mark is next to itself", () => {
  expect(next([stop(1, 5)], { cell: 1, offset: 5 }, false)).toBe(0);
  expect(next([stop(1, 5)], { cell: 1, offset: 5 }, true)).toBe(0);
});
