import { describe, expect, test } from "vitest";
import { figuresOf, updated, type Figures } from "../../src/stream/figures";
import { progress, spoken, words } from "../../src/stream/words";
import { RecordingModel } from "../model";

const NOTHING = figuresOf(new RecordingModel());

function say(news: Partial<Figures>, elapsed = 0, reason = ""): string {
  return words(updated(NOTHING, news), elapsed, reason);
}

describe("a line says how it goes", () => {
  test.each<[Partial<Figures>, number, string]>([
    [{}, 0.5, "waiting"],
    [{}, 3.9, "waiting 3 s"],
    [{ state: "building", activity: "compiling" }, 0.2, "compiling"],
    [
      { state: "loading", activity: "reading story", fraction: 0.4 },
      75,
      "reading story 40 % (1 min 15 s)",
    ],
    [
      { state: "prompt", prompt_done: 120, prompt_total: 1512 },
      0,
      "reading the prompt, 120 of 1,512 tokens",
    ],
    [{ state: "generating", tokens: 1 }, 0, "generating 1 token"],
    [
      { state: "generating", tokens: 2450, rate: 3400.4, first_token: 0.0081 },
      0,
      "generating 2,450 tokens · 3,400 tok/s · first token after 8.1 ms",
    ],
    [{ state: "running" }, 3.2, "running 3 s"],
  ])("%j after %d s", (news, elapsed, words) => {
    expect(say(news, elapsed)).toBe(words);
  });

  test("and at the end all figures and why it ended", () => {
    const news = {
      tokens: 245,
      rate: 3400,
      first_token: 0.012,
      prompt_done: 8,
      prompt_total: 8,
      prompt_cached: 3,
    };
    expect(say({ state: "finished", ...news }, 0, "length")).toBe(
      "245 tokens · 3,400 tok/s · first token after 12 ms · prompt 5 tokens evaluated, 3 cached · length",
    );
    expect(say({ state: "stopped", ...news })).toMatch(/ · stopped$/);
  });

  test("also of a run that never generated", () => {
    expect(say({ state: "failed" }, 0, "The model could not be read.")).toBe(
      "failed · The model could not be read.",
    );
    expect(say({ state: "stopped" })).toBe("stopped");
  });
});

describe("a bar measures", () => {
  test("what there is to measure", () => {
    const of = (news: Partial<Figures>): unknown => progress(updated(NOTHING, news));
    expect(of({ state: "loading", fraction: 0.4 })).toEqual({ label: "Load", fraction: 0.4 });
    expect(of({ state: "building" })).toEqual({ label: "Build" });
    expect(of({ state: "prompt", prompt_done: 128, prompt_total: 1024 })).toEqual({
      label: "Prompt",
      fraction: 0.125,
      words: "128 of 1,024",
    });
    expect(of({ state: "generating", tokens: 5, predict_limit: 10 })).toMatchObject({
      fraction: 0.5,
    });
  });

  test("and is not there where nothing can be known", () => {
    for (const state of [
      "waiting",
      "running",
      "prompt",
      "generating",
      "finished",
      "failed",
    ] as const)
      expect(progress(updated(NOTHING, { state }))).toBeUndefined();
  });
});

test("what is said aloud is short", () => {
  const aloud = (news: Partial<Figures>, reason = ""): string =>
    spoken(updated(NOTHING, news), reason);
  expect(aloud({ state: "generating", tokens: 3, rate: 12 })).toBe("generating");
  expect(aloud({ state: "loading", activity: "reading story" })).toBe("reading story");
  expect(aloud({ state: "finished", tokens: 245 }, "length")).toBe("finished, 245 tokens, length");
});

describe("figures", () => {
  test("come from the traits, then from whatever is newer", () => {
    const model = new RecordingModel({ state: "loading", activity: "reading", fraction: 0.5 });
    const figures = figuresOf(model);
    expect(figures).toMatchObject({ state: "loading", fraction: 0.5, tokens: 0, rate: null });
    expect(updated(figures, { fraction: null, tokens: 3 })).toMatchObject({
      state: "loading",
      fraction: null,
      tokens: 3,
    });
  });

  test("that make no sense are not taken", () => {
    const bad = {
      state: "flying",
      activity: 3,
      tokens: null,
      rate: Number.NaN,
      elapsed: "1",
      colour: 1,
    };
    expect(updated(NOTHING, bad)).toEqual(NOTHING);
  });
});
