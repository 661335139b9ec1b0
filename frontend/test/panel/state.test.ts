import { expect, test } from "vitest";
import { State } from "../../src/panel/state";
import { row } from "./row";

const NOW = 1000;
const [one, two] = [row({ name: "one" }), row({ name: "two" })];

function change(revision: number, values: Record<string, unknown> = {}) {
  return { kind: "changed", revision, now: NOW, ...values };
}

function known(): State {
  const state = new State();
  state.welcome({ revision: 3, now: NOW, rows: [one, two], progress: [], totals: null });
  return state;
}

test("a whole replaces what is known unless it is older", () => {
  const state = known();
  const whole = { revision: 4, now: NOW, rows: [two], progress: [] };
  expect(state.welcome(whole)).toEqual({ changed: [two], reordered: true });
  expect([...state.rows.keys()]).toEqual(["two"]);
  expect(state.welcome({ ...whole, revision: 2, rows: [] })).toBeUndefined();
  expect(state.welcome(whole)?.reordered).toBe(false);
});

test("differences follow on each other; a gap is told", () => {
  const state = known();
  const loaded = row({ name: "one", state: "loaded" });
  expect(state.change(change(4, { rows: [loaded] }))).toEqual({
    changed: [loaded],
    reordered: false,
  });
  expect(state.rows.get("one")).toEqual(loaded);
  expect(state.knows(change(4))).toBe(true);
  expect(state.change(change(6))).toBeUndefined();
  expect(new State().change(change(1))).toBeUndefined();
});

test("names come, go and move", () => {
  const state = known();
  const three = row({ name: "three" });
  const update = state.change(change(4, { rows: [three], order: ["two", "three"] }));
  expect(update?.reordered).toBe(true);
  expect([...state.rows.keys()]).toEqual(["two", "three"]);
});

test("progress changes the rows that it is and was about", () => {
  const state = known();
  const loading = { name: "one", what: "reading", fraction: 0.5 };
  expect(state.change(change(4, { progress: [loading] }))?.changed).toEqual([one]);
  expect(state.progress.get("one")).toEqual({ what: "reading", fraction: 0.5 });
  expect(state.change(change(5, { progress: [] }))?.changed).toEqual([one]);
  expect(state.progress.size).toBe(0);
});

test("names are only names, whatever they are called", () => {
  const state = new State();
  const names = ["__proto__", "constructor", "toString"];
  const rows = names.map((name) => row({ name }));
  state.welcome({ revision: 1, now: NOW, rows, progress: [] });
  state.change(change(2, { progress: [{ name: "__proto__", what: "", fraction: null }] }));
  expect([...state.rows.keys()]).toEqual(names);
  expect(state.progress.get("constructor")).toBeUndefined();
});
