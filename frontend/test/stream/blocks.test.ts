import { describe, expect, test } from "vitest";
import { Blocks, ending, HARD, SOFT } from "../../src/stream/blocks";

/** The blocks that a text becomes when it comes in pieces of a length. */
function blocksOf(text: string, step: number): string[] {
  const blocks = new Blocks();
  const made: string[] = [];
  for (let at = 0; at < text.length; at += step)
    for (const { text: piece, opens } of blocks.append(text.slice(at, at + step)))
      if (opens) made.push(piece);
      else made.push((made.pop() ?? "") + piece);
  expect(blocks.text).toBe(text);
  return made;
}

describe.each([7, 1000, 1_000_000])("in pieces of %d", (step) => {
  test("blocks end with lines, and are no longer than needed", () => {
    const line = `${"word ".repeat(20)}\n`;
    const made = blocksOf(line.repeat(400), step);
    expect(made.length).toBeGreaterThan(8);
    for (const block of made.slice(0, -1)) {
      expect(block.endsWith("\n")).toBe(true);
      expect(block.length).toBeGreaterThanOrEqual(SOFT);
      expect(block.length).toBeLessThan(SOFT + line.length);
    }
  });

  test("a line without an end is cut after a word", () => {
    const made = blocksOf("word ".repeat(10_000), step);
    expect(made.length).toBeGreaterThan(2);
    for (const block of made.slice(0, -1)) {
      expect(block.endsWith(" ")).toBe(true);
      expect(block.length).toBeLessThan(HARD + 10);
    }
  });

  test("and where there are no words, between two characters", () => {
    const character = "👩🏽\u200d🔬e\u0301"; // a woman, a skin, a joiner, a microscope; an accent
    const made = blocksOf(character.repeat(6_000), step);
    expect(made.length).toBeGreaterThan(2);
    for (const block of made) {
      expect(block.slice(0, 2)).not.toMatch(/^[\p{M}\p{Emoji_Modifier}\u200d]/u);
      expect(block.at(-1)).not.toBe("\u200d");
      expect(new TextDecoder().decode(new TextEncoder().encode(block))).toBe(block);
    }
  });
});

describe("old blocks", () => {
  test("go as long as enough remains, and the offset of what is kept follows", () => {
    const blocks = new Blocks(10);
    const text = "a line\n".repeat(5_000);
    blocks.append(text);
    const dropped = blocks.trim(10_000);
    expect(dropped).toBeGreaterThan(3);
    expect(blocks.length).toBeGreaterThanOrEqual(10_000);
    expect(blocks.length).toBeLessThan(10_000 + HARD);
    expect(blocks.start).toBe(10 + text.length - blocks.length);
    expect(blocks.end).toBe(10 + text.length);
    expect(text.endsWith(blocks.text)).toBe(true);
    expect(blocks.trim(10_000)).toBe(0);
  });

  test("the last one stays, however long", () => {
    const blocks = new Blocks();
    blocks.append("word ".repeat(1000));
    expect(blocks.trim(10)).toBe(0);
    expect(blocks.length).toBe(5000);
  });
});

describe("the end of a text", () => {
  test("begins with a line where there is one", () => {
    expect(ending("one\ntwo\nthree", 9)).toBe("two\nthree");
    expect(ending("one\ntwo\nthree", 8)).toBe("three");
  });

  test("else with a whole character", () => {
    expect(ending("ab👩cd", 3)).toBe("cd");
    expect(ending("ab👩cd", 4)).toBe("👩cd");
    expect(ending("xe\u0301y", 2)).toBe("y");
  });

  test("is all of a short one", () => {
    expect(ending("abc", 3)).toBe("abc");
  });
});
