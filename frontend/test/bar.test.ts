import { expect, test } from "vitest";
import { Bar } from "../src/lib/bar";

test("a bar without a fraction is indeterminate", () => {
  const bar = new Bar("Prompt");
  expect(bar.element.hasAttribute("value")).toBe(false);
  bar.set(0.5);
  bar.set(undefined);
  expect(bar.element.hasAttribute("value")).toBe(false);
});

test("a fraction stays between nothing and all", () => {
  const bar = new Bar("Prompt");
  for (const [fraction, value] of [
    [-1, "0"],
    [0.12345, "0.123"],
    [7, "1"],
  ] as const) {
    bar.set(fraction);
    expect(bar.element.getAttribute("value")).toBe(value);
  }
  bar.set(Number.NaN);
  expect(bar.element.hasAttribute("value")).toBe(false);
});

test("it has a name, and says words where there are any", () => {
  const bar = new Bar("Prompt");
  expect(bar.element.getAttribute("aria-label")).toBe("Prompt");
  bar.set(0.25, "128 of 512");
  expect(bar.element.getAttribute("aria-valuetext")).toBe("128 of 512");
  bar.set(0.5);
  expect(bar.element.hasAttribute("aria-valuetext")).toBe(false);
});

test("what has not changed is not written", async () => {
  const bar = new Bar("Prompt");
  bar.set(0.5, "half");
  const observer = new MutationObserver(() => undefined);
  observer.observe(bar.element, { attributes: true });
  bar.set(0.50001, "half");
  expect(observer.takeRecords()).toEqual([]);
  bar.set(0.6, "half");
  expect(observer.takeRecords()).toHaveLength(1);
  observer.disconnect();
  await Promise.resolve();
});
