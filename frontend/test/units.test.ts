import { describe, expect, test } from "vitest";
import {
  duration,
  formatBytes,
  listed,
  percent,
  rate,
  sentences,
  tokenCount,
} from "../src/lib/units";

describe("the same words as in Python", () => {
  test.each([
    [0, "0 bytes"],
    [1, "1 byte"],
    [999, "999 bytes"],
    [1000, "1.00 KB"],
    [9_990, "9.99 KB"],
    [99_900, "99.9 KB"],
    [999_999, "1.00 MB"],
    [123_456_789, "123 MB"],
    [1_230_000_000, "1.23 GB"],
    [2e16, "20000 TB"],
    [-4_560_000, "-4.56 MB"],
    [-0.2, "0 bytes"],
  ])("%d bytes", (bytes, words) => {
    expect(formatBytes(bytes)).toBe(words);
  });

  test.each([
    [0, "0 ms"],
    [0.0042, "4.2 ms"],
    [0.042, "42 ms"],
    [0.0425, "42 ms"],
    [1.25, "1.2 s"],
    [1.35, "1.4 s"],
    [59.97, "1 min 0 s"],
    [90.5, "1 min 30 s"],
    [125, "2 min 5 s"],
  ])("%d seconds", (seconds, words) => {
    expect(duration(seconds)).toBe(words);
  });

  test.each([
    [0, "0.0 tok/s"],
    [9.94, "9.9 tok/s"],
    [12.5, "12 tok/s"],
    [13.5, "14 tok/s"],
    [3400, "3,400 tok/s"],
  ])("%d tokens a second", (perSecond, words) => {
    expect(rate(perSecond)).toBe(words);
  });

  test.each([
    [1, "1 token"],
    [0, "0 tokens"],
    [1_234_567, "1,234,567 tokens"],
  ])("%d of something", (number, words) => {
    expect(tokenCount(number)).toBe(words);
  });

  test("a share", () => {
    expect(percent(0.404)).toBe("40 %");
    expect(percent(1)).toBe("100 %");
  });
});

test("puts sentences that there are behind each other", () => {
  expect(sentences("", "")).toBe("");
  expect(sentences("One.", "", "Two.", "Three.")).toBe("One. Two. Three.");
});

test("lists words as a sentence does", () => {
  expect([listed([]), listed(["a"]), listed(["a", "b"])]).toEqual(["", "a", "a and b"]);
  expect(listed(["a", "b", "c"])).toBe("a, b and c");
});
