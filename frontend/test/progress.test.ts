import { afterEach, beforeEach, expect, test, vi } from "vitest";
import widget from "../src/progress";
import { RecordingModel } from "./model";

const TRAITS = {
  activity: "reading story",
  fraction: 0.25,
  elapsed: 2,
  state: "running",
  message: "",
  stop_words: "Interrupt the kernel.",
};

let place: HTMLElement;
let end: () => void;

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  end();
  vi.useRealTimers();
});

function view(traits: Record<string, unknown> = {}): RecordingModel {
  const model = new RecordingModel({ ...TRAITS, ...traits });
  place = document.createElement("div");
  end = widget.render({ model, el: place });
  return model;
}

function line(): string {
  return place.querySelector(".wasinn-line-text")?.textContent ?? "";
}

test("it says what goes on, how far it is and for how long", () => {
  const model = view();
  expect(line()).toBe("reading story 25 % (2 s)");
  expect(place.querySelector("progress")?.getAttribute("value")).toBe("0.25");
  model.change("fraction", null);
  expect(place.querySelector("progress")?.hasAttribute("value")).toBe(false);
  vi.advanceTimersByTime(3000);
  expect(line()).toBe("reading story (5 s)");
});

test("what is said aloud is what goes on, not each step of it", () => {
  const model = view({ activity: "downloading a (1 MB of 9 MB)" });
  const said = place.querySelector('[role="status"]');
  model.change("activity", "downloading a (2 MB of 9 MB)");
  expect(said?.textContent).toBe("");
  model.change("activity", "reading weights");
  expect(said?.textContent).toBe("reading weights");
});

test("Cancel asks once, and goes when it is over", () => {
  const model = view();
  model.say({ kind: "welcome" });
  const cancel = place.querySelector("button");
  cancel?.click();
  cancel?.click();
  const sent = model.sent.filter(({ kind }) => kind === "cancel");
  expect(sent).toHaveLength(1);
  expect(cancel?.textContent).toBe("Cancelling…");
  model.traits["message"] = "reading story: cancelled after 3 s";
  model.change("state", "cancelled");
  expect(line()).toBe("reading story: cancelled after 3 s");
  expect(cancel?.hidden).toBe(true);
  expect(place.querySelector("progress")).toBeNull();
});

test("words replace the button where clicks do not arrive, and a dead kernel is told", () => {
  const model = view();
  vi.advanceTimersByTime(1000);
  expect(place.querySelector("button")?.hidden).toBe(true);
  expect(place.textContent).toContain("Interrupt the kernel.");
  model.trigger("comm_live_update");
  expect(line()).toBe("reading story: kernel ended");
  expect(place.querySelector(".wasinn-stopper-place")?.hasAttribute("hidden")).toBe(true);
});

test("the end is said where it is heard when the view has gone", () => {
  const model = view();
  model.traits["message"] = "reading story: took 3 s";
  model.change("state", "finished");
  end();
  expect(document.getElementById("wasinn-last-words")?.lastChild?.textContent).toBe(
    "reading story: took 3 s",
  );
  expect(model.sent.at(-1)).toEqual({ kind: "bye" });
});

test("a closed view leaves no listener and no timer", () => {
  const model = view();
  model.change("activity", "computing");
  end();
  expect(model.listeners).toBe(0);
  expect(vi.getTimerCount()).toBe(0);
});
