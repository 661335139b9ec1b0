import { expect, test } from "vitest";
import {
  ago,
  announcement,
  detailWords,
  freedWords,
  memoryWords,
  question,
  stateWords,
  summary,
  totalsWords,
  usedWords,
} from "../../src/panel/words";
import { row } from "./row";

const NONE = { users: [], loaded: false, pinned: [], agree: [] };

test("the state says how far a load is, and what a panel has begun", () => {
  expect(stateWords(row({ state: "loading" }), 0.4)).toBe("loading 40 %");
  expect(stateWords(row({ state: "loading" }), null)).toBe("loading");
  expect(stateWords(row({ state: "registered", work: "load" }), undefined)).toBe("waiting to load");
  expect(stateWords(row({ state: "loaded", work: "unload" }), undefined)).toBe("unloading");
  const busy = row({ state: "loaded", work: "forget", users: ["a #1"] });
  expect(stateWords(busy, undefined)).toBe("stopping its users");
  expect(stateWords(row({ state: "failed" }), undefined)).toBe("failed");
});

test("memory is that of weights and contexts; an unload says what came back", () => {
  expect(memoryWords(row({ weights: 0, contexts: 0 }))).toBe("");
  expect(memoryWords(row({ weights: 3_700_000, contexts: 0 }))).toBe("3.70 MB");
  expect(memoryWords(row({ weights: 3_700_000, contexts: 14_500_000 }))).toBe(
    "3.70 MB + 14.5 MB contexts",
  );
  expect(freedWords({ bytes: 1_200_000_000, seconds: 0.04 })).toBe("1.20 GB given back in 40 ms");
});

test("times are told in calm steps", () => {
  expect([0, 59, 60, 3599, 3600, 86_399, 86_400, 200_000].map(ago)).toEqual([
    "just now",
    "just now",
    "1 min ago",
    "59 min ago",
    "1 h ago",
    "23 h ago",
    "1 day ago",
    "2 days ago",
  ]);
  expect(usedWords(row({ last_used: 0 }), 1000)).toBe("never");
  expect(usedWords(row({ last_used: 1000 }), 1180)).toBe("3 min ago");
  expect(usedWords(row({ last_used: 1000, users: ["a #1"] }), 1180)).toBe("in use");
});

test("the head counts models and says where memory is", () => {
  expect(summary([row({ state: "loaded" }), row({})])).toBe("2 models, 1 loaded");
  const gpus = [
    { name: "CUDA0", free: 1e9, total: 2e9 },
    { name: "CUDA1", free: 0, total: 0 },
  ];
  expect(totalsWords({ models: 1e6, process: 2e6, free: 3e9, total: 4e9, gpus })).toEqual([
    ["models", "1.00 MB"],
    ["kernel", "2.00 MB"],
    ["free", "3.00 GB of 4.00 GB"],
    ["CUDA0", "1.00 GB of 2.00 GB free"],
    ["CUDA1", "memory not known"],
  ]);
});

test("a question says who is stopped and what is lost", () => {
  const one = { ...NONE, users: ["a #1"] };
  const three = { ...NONE, users: ["a #1", "b #1", "c #2"] };
  expect(question("unload", "m", one)).toEqual([
    "In use by a #1. Stop it and unload?",
    "Stop and unload",
  ]);
  expect(question("unload_all", "", three)[0]).toBe(
    "There are models in use by a #1, b #1 and c #2. Stop them and unload?",
  );
  expect(question("forget", "m", one)[1]).toBe("Stop and forget");
  expect(question("forget", "m", { ...NONE, loaded: true, pinned: ["threads"] })).toEqual([
    "m is loaded and has pinned threads. Forget it all the same?",
    "Forget",
  ]);
  expect(question("cancel", "m", one)[0]).toBe("It is loaded for a #1. Stop that run?");
});

test("what happens is announced once, and only what matters", () => {
  const before = row({ state: "registered" });
  expect(announcement(before, row({ state: "registered", last_used: 5 }))).toBeUndefined();
  expect(announcement(before, row({ state: "loading" }))).toBeUndefined();
  expect(announcement(undefined, row({ state: "registered" }))).toBeUndefined();
  const loaded = row({ name: "m", state: "loaded", device: "CPU", load_seconds: 0.3 });
  expect(announcement(before, loaded)).toBe("m loaded on CPU in 300 ms");
  const freed = { bytes: 1000, seconds: 1, at: 7 };
  const unloaded = row({ name: "m", state: "registered", freed });
  expect(announcement(loaded, unloaded)).toBe("m: 1.00 KB given back in 1.0 s");
  const problem: [string, string] = ["No.", "Do that."];
  expect(announcement(loaded, { ...loaded, problem })).toBe(`${loaded.name}: No. Do that.`);
  expect(announcement({ ...loaded, problem }, { ...loaded, problem })).toBeUndefined();
  expect(announcement(before, row({ name: "m", state: "failed", error: "Bad." }))).toBe(
    "m failed: Bad.",
  );
});

test("details leave out what is not there", () => {
  const terms = detailWords(row({ name: "m", origin: "a.gguf" })).map(([term]) => term);
  expect(terms).toEqual(["name", "source", "encoding", "device"]);
});
