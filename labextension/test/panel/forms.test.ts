import type { Opened } from "@frontend/panel/form";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { field, prospect } from "../../../frontend/test/config/fields";
import { RecordingModel } from "../../../frontend/test/model";
import { showForms } from "../../src/panel/forms";

const STATE = {
  name: "story",
  fields: [field({ key: "use-mmap", kind: "bool", scope: "model", unit: "", default: true })],
  model: {
    detail: "loaded on CPU",
    loaded: true,
    gone: "",
    users: [],
    values: { "use-mmap": { value: true, origin: "default" } },
  },
  prospect: prospect(),
  work: { what: "", fraction: null, cancelling: false },
  outcome: { ok: true, message: "", hint: "" },
};

let carrier: RecordingModel;
let places: HTMLElement[];
let ended: ReturnType<typeof vi.fn<() => void>>;
let end: () => void;

async function open(form: string): Promise<[HTMLElement, () => void]> {
  const opened: Opened = { kind: "done", form, state: structuredClone(STATE) };
  const into = document.createElement("div");
  document.body.append(into);
  places.push(into);
  return [into, await showForms(carrier)(opened, into, ended)];
}

let place: HTMLElement;

beforeEach(async () => {
  vi.useFakeTimers();
  carrier = new RecordingModel();
  places = [];
  ended = vi.fn<() => void>();
  [place, end] = await open("a");
});

afterEach(() => {
  end();
  for (const one of places) one.remove();
  vi.useRealTimers();
});

/** What the kernel says of a form. */
async function say(form: string, values: Record<string, unknown>): Promise<void> {
  carrier.say({ kind: "form", form, ...values });
  await vi.advanceTimersByTimeAsync(0);
}

/** What was said to a form. */
function heard(form: string, kind: string): Record<string, unknown>[] {
  return carrier.sent
    .filter((sent) => sent["kind"] === "to_form" && sent["form"] === form)
    .map((sent) => sent["message"] as Record<string, unknown>)
    .filter((message) => message["kind"] === kind);
}

function box(within: HTMLElement): HTMLInputElement {
  const found = within.querySelector<HTMLInputElement>("input[type=checkbox]");
  if (!found) throw new Error("there is no check box");
  return found;
}

test("a form is drawn at once from what came with it", () => {
  expect(place.textContent).toContain("story");
  expect(place.textContent).toContain("loaded on CPU");
  expect(box(place).checked).toBe(true);
  expect(heard("a", "hello")).toHaveLength(1);
});

test("what is changed goes to this form of the kernel, and its answer comes back", async () => {
  const [other] = await open("b");
  box(place).click();
  const [draft] = heard("a", "draft");
  expect(draft).toMatchObject({ set: { "use-mmap": false }, unset: [] });
  expect(heard("b", "draft")).toEqual([]);
  const { view, seq, set, unset } = prospectOf(draft);
  const ahead = prospect({ view, seq, draft: { set, unset }, reload: ["use-mmap"] });
  await say("a", { state: { prospect: ahead } });
  expect(place.textContent).toContain("use-mmap changed, so the model is loaded again.");
  expect(other.textContent).toContain("No changes.");
  box(place).click();
  const refused = { kind: "refused", message: "Not so.", hint: "Otherwise." };
  await say("b", { message: { ...refused, id: heard("a", "draft").at(-1)?.["id"] } });
  expect(place.textContent).not.toContain("Not so.");
  await say("a", { message: { ...refused, id: heard("a", "draft").at(-1)?.["id"] } });
  expect(place.textContent).toContain("Not so. Otherwise.");
});

function prospectOf(draft: Record<string, unknown> | undefined) {
  return draft as {
    view: number;
    seq: number;
    set: Record<string, boolean>;
    unset: string[];
  };
}

test("it does not know yet whether the kernel answers, and says so if it does not", async () => {
  await vi.advanceTimersByTimeAsync(1500);
  expect(place.textContent).toContain("The kernel does not answer at the moment.");
  await say("a", { message: { kind: "welcome" } });
  expect(place.textContent).not.toContain("The kernel does not answer");
});

test("a form that is closed in the kernel is to be taken away, and says nothing more", async () => {
  await say("b", { state: { ended: true } });
  expect(ended).not.toHaveBeenCalled();
  ended.mockImplementation(() => end());
  await say("a", { state: { ended: true } });
  expect(ended).toHaveBeenCalledOnce();
  const said = carrier.sent.length;
  await vi.advanceTimersByTimeAsync(5000);
  expect(carrier.sent).toHaveLength(said);
});

test("when the kernel goes, the form tells no one to run a cell", async () => {
  carrier.trigger("comm:close");
  await vi.advanceTimersByTimeAsync(0);
  expect(place.textContent).toContain("The kernel has gone.");
  expect(place.textContent).not.toContain("Run the cell");
});

test("nothing is left behind of a form that was taken away", () => {
  expect(carrier.listeners).toBeGreaterThan(0);
  end();
  expect(carrier.listeners).toBe(0);
});
