import { expect, test } from "vitest";
import { scaleOf } from "../../src/config/scale";
import { field } from "./fields";

function over(low: number, high: number, step = 1) {
  const scale = scaleOf(field({ span: [low, high, step] }));
  if (!scale) throw new Error("there is no scale");
  return scale;
}

test("layers stand at their own number", () => {
  const layers = over(0, 33);
  expect(layers.last).toBe(33);
  expect(layers.valueAt(20)).toBe(20);
  expect(layers.positionOf(20)).toBe(20);
});

test("context sizes go by powers of two and the middles between them, from end to end", () => {
  const sizes = over(256, 131072, 256);
  const values = Array.from({ length: sizes.last + 1 }, (_, position) => sizes.valueAt(position));
  expect(values.slice(0, 6)).toEqual([256, 512, 768, 1024, 1536, 2048]);
  expect(values.slice(-3)).toEqual([65536, 98304, 131072]);
});

test.each([
  [0, 7, 1],
  [1, 128, 1],
  [32, 4096, 32],
  [256, 40960, 256],
  [256, 1024, 256],
  [0, 1, 0.05],
  [1, 100000, 1],
])("on the slider from %d to %d by %d every position is a value of its own", (low, high, step) => {
  const scale = over(low, high, step);
  for (let position = 0; position <= scale.last; position++) {
    const value = scale.valueAt(position);
    expect(value).toBeGreaterThanOrEqual(low);
    expect(value).toBeLessThanOrEqual(high);
    expect(scale.positionOf(value)).toBe(position);
    if (position > 0) expect(value).toBeGreaterThan(scale.valueAt(position - 1));
  }
  expect(scale.valueAt(0)).toBe(low);
  expect(scale.valueAt(scale.last)).toBe(high);
});

test("a value off the slider stands at its nearer end, one between two positions at one of them", () => {
  const sizes = over(256, 4096, 256);
  expect(sizes.positionOf(1)).toBe(0);
  expect(sizes.positionOf(1e9)).toBe(sizes.last);
  expect(sizes.valueAt(sizes.positionOf(1100))).toBe(1024);
});

test("without a span, or with one that has no extent, there is no slider", () => {
  expect(scaleOf(field())).toBeUndefined();
  expect(scaleOf(field({ span: [4, 4, 1] }))).toBeUndefined();
});
