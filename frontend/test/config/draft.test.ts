import { beforeEach, expect, test } from "vitest";
import { Draft } from "../../src/config/draft";
import { prospect } from "./fields";

const NOW = { value: 4096, origin: "default" } as const;

let draft: Draft;

beforeEach(() => {
  draft = new Draft();
});

test("a change back to what holds is none", () => {
  draft.change("ctx-size", 512, NOW);
  expect(draft.raw("ctx-size")).toBe(512);
  draft.change("ctx-size", 4096, NOW);
  expect(draft.empty).toBe(true);
});

test("a setting is changed or unpinned, not both, and either can be undone", () => {
  draft.change("ctx-size", 512, NOW);
  draft.unpin("ctx-size");
  expect(draft.message()).toMatchObject({ set: {}, unset: ["ctx-size"] });
  draft.change("ctx-size", 512, NOW);
  expect(draft.message()).toMatchObject({ set: { "ctx-size": 512 }, unset: [] });
  draft.undo("ctx-size");
  expect(draft.empty).toBe(true);
});

test("unpinning all takes changes back and drops what is pinned", () => {
  draft.change("ctx-size", 512, NOW);
  draft.reset(["threads", "use-mmap"]);
  expect(draft.keys).toEqual(["threads", "use-mmap"]);
});

test("an answer to an older draft does not take back what was typed since", () => {
  draft.change("ctx-size", 5, NOW);
  const sent = draft.message();
  draft.change("ctx-size", 51, NOW);
  draft.message();
  draft.adopt(prospect({ ...sent, draft: { set: { "ctx-size": 5 }, unset: [] } }));
  expect(draft.raw("ctx-size")).toBe(51);
});

test("another view's draft, and what is left after an Apply, are taken over", () => {
  draft.change("ctx-size", 512, NOW);
  draft.message();
  draft.adopt(prospect({ view: 7, seq: 1, draft: { set: { threads: 2 }, unset: ["use-mmap"] } }));
  expect(draft.keys).toEqual(["threads", "use-mmap"]);
  draft.adopt(prospect());
  expect(draft.empty).toBe(true);
});

test("what the kernel was not told yet stays, whatever it says meanwhile", () => {
  draft.change("ctx-size", 512, NOW);
  draft.adopt(prospect());
  expect(draft.raw("ctx-size")).toBe(512);
});
