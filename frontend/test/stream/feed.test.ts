import { describe, expect, test } from "vitest";
import { Feed, pieceOf } from "../../src/stream/feed";

describe("pieces find their place", () => {
  test("one after the other they are appended", () => {
    const feed = new Feed();
    expect(feed.frame({ at: 0, text: "Once " })).toEqual({ do: "append", text: "Once " });
    expect(feed.frame({ at: 5, text: "upon" })).toEqual({ do: "append", text: "upon" });
    expect(feed.end).toBe(9);
  });

  test("what is there already does not come twice", () => {
    const feed = new Feed();
    feed.frame({ at: 0, text: "Once upon" });
    expect(feed.frame({ at: 5, text: "upon" })).toEqual({ do: "nothing" });
    expect(feed.frame({ at: 0, text: "On" })).toEqual({ do: "nothing" });
    expect(feed.frame({ at: 5, text: "upon a time" })).toEqual({ do: "append", text: " a time" });
  });

  test("a hole is asked for and not skipped, and a tail that covers it fills it", () => {
    const feed = new Feed();
    feed.frame({ at: 0, text: "Once" });
    expect(feed.frame({ at: 9, text: " a time" })).toEqual({ do: "ask" });
    expect(feed.tail({ at: 2, text: "ce upon a time" })).toEqual({
      do: "append",
      text: " upon a time",
    });
  });

  test("a tail that begins later is shown from there on", () => {
    const feed = new Feed();
    feed.frame({ at: 0, text: "Once" });
    expect(feed.tail({ at: 100, text: "the end" })).toEqual({
      do: "restart",
      at: 100,
      text: "the end",
    });
    expect(feed.frame({ at: 107, text: "." })).toEqual({ do: "append", text: "." });
  });

  test("an empty tail, which a kernel without text sends, changes nothing", () => {
    const feed = new Feed();
    expect(feed.tail({ at: 100, text: "" })).toEqual({ do: "nothing" });
    expect(feed.end).toBe(0);
  });

  test("whatever arrives in whatever order, nothing is torn, doubled or swapped", () => {
    const whole = Array.from({ length: 500 }, (_, at) => `${at} `).join("");
    for (let seed = 1; seed < 50; seed++) {
      let state = seed;
      const random = (below: number): number => (state = (state * 48_271) % 2_147_483_647) % below;
      const feed = new Feed();
      let shown = "";
      let sent = 0;
      for (let step = 0; step < 200; step++) {
        const text = whole.slice(sent, sent + random(20));
        sent += text.length;
        if (random(5) === 0) continue; // lost
        let next = feed.frame({ at: sent - text.length, text });
        if (next.do === "ask") {
          const at = Math.max(0, sent - random(200));
          next = feed.tail({ at, text: whole.slice(at, sent) });
        }
        if (next.do === "append") shown += next.text;
        if (next.do === "restart") shown = next.text;
        expect(whole.slice(0, feed.end).endsWith(shown)).toBe(true);
      }
      expect(shown).not.toBe("");
    }
  });
});

test("only a piece is taken for one", () => {
  expect(pieceOf({ at: 3, text: "a", more: 1 })).toEqual({ at: 3, text: "a" });
  for (const bad of [
    null,
    undefined,
    3,
    "a",
    {},
    { at: -1, text: "a" },
    { at: 0.5, text: "" },
    { at: 0, text: 1 },
  ])
    expect(pieceOf(bad)).toBeUndefined();
});
