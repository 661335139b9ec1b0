import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { ShowForm } from "../../src/panel/form";
import type { Row } from "../../src/panel/state";
import { Panel } from "../../src/panel/view";
import { RecordingModel } from "../model";
import { row } from "./row";

const LOADED = row({ name: "story", state: "loaded", device: "CPU", weights: 3_700_000 });
const IDLE = row({ name: "digits" });
const TOTALS = { models: 1, process: 2, free: 3, total: 4, gpus: [] };

let model: RecordingModel;
let panel: Panel;
let revision: number;

function whole(rows: Row[]) {
  return { revision, now: Date.now() / 1000, rows, progress: [], totals: TOTALS };
}

function open(rows: Row[], showForm?: ShowForm): void {
  revision = 1;
  model = new RecordingModel({ overview: whole(rows) });
  panel = new Panel(model, showForm);
  document.body.append(panel.element);
  model.say({ kind: "welcome", ...whole(rows) });
}

function change(values: Record<string, unknown>): void {
  model.say({ kind: "changed", revision: ++revision, now: Date.now() / 1000, ...values });
}

function button(label: string): HTMLButtonElement {
  const all = [...panel.element.querySelectorAll("button")];
  const found = all.find((one) => (one.getAttribute("aria-label") ?? one.textContent) === label);
  if (!found) throw new Error(`no button ${label}`);
  return found;
}

function last(kind: string): Record<string, unknown> {
  const found = model.sent.findLast((message) => message["kind"] === kind);
  if (!found) throw new Error(`nothing asked for ${kind}`);
  return found;
}

async function answer(kind: string, values: Record<string, unknown> = {}): Promise<void> {
  model.say({ kind: "done", id: last(kind)["id"], ...values });
  await vi.advanceTimersByTimeAsync(0);
}

beforeEach(() => void vi.useFakeTimers());

afterEach(() => {
  panel.close();
  panel.element.remove();
  vi.useRealTimers();
});

test("it is drawn before the kernel answers, and kept current without making rows anew", () => {
  open([LOADED, IDLE]);
  const rows = [...panel.element.querySelectorAll("tbody")];
  expect(rows.map((one) => one.querySelector("th")?.textContent)).toEqual(["story", "digits"]);
  button("Unload story").focus();
  change({
    rows: [row({ name: "new" }), { ...LOADED, state: "registered" }],
    order: ["story", "new"],
  });
  const now = [...panel.element.querySelectorAll("tbody")];
  expect(now[0]).toBe(rows[0]);
  expect(now.map((one) => one.dataset["state"])).toEqual(["registered", "registered"]);
  expect(document.activeElement).toBe(button("Load story"));
});

test("what is moved keeps the focus, and what goes hands it on", () => {
  open([LOADED, IDLE]);
  button("Forget story").focus();
  change({ order: ["digits", "story"] });
  expect(document.activeElement).toBe(button("Forget story"));
  change({ order: ["digits"] });
  expect(panel.element.contains(document.activeElement)).toBe(true);
  change({ order: [] });
  expect(document.activeElement).toBe(panel.element);
  expect(panel.element.textContent).toContain("%wasinn load NAME SOURCE");
});

test("a missed message makes it ask for a whole", () => {
  open([LOADED]);
  const hellos = () => model.sent.filter(({ kind }) => kind === "hello").length;
  expect(hellos()).toBe(1);
  revision++;
  change({ rows: [IDLE], order: ["story", "digits"] });
  expect(hellos()).toBe(2);
  model.say({ kind: "anyone" });
  expect(hellos()).toBe(3);
});

test("nobody is stopped before the user has agreed", async () => {
  open([{ ...LOADED, users: ["a #1"] }]);
  button("Unload story").click();
  expect(last("unload")).toMatchObject({ name: "story", agreed: [] });
  const confirm = { users: ["a #1"], loaded: false, pinned: [], agree: ["stop a #1"] };
  await answer("unload", { confirm });
  expect(document.activeElement).toBe(button("Stop and unload"));
  const escape = new KeyboardEvent("keydown", { key: "Escape", bubbles: true, cancelable: true });
  document.activeElement?.dispatchEvent(escape);
  expect(document.activeElement).toBe(button("Unload story"));
  button("Unload story").click();
  await answer("unload", { confirm });
  button("Stop and unload").click();
  expect(last("unload")).toMatchObject({ name: "story", agreed: ["stop a #1"] });
});

test("a question goes when the guests that it is about have ended", async () => {
  const used = { ...LOADED, users: ["a #1", "b #2"] };
  open([used, IDLE]);
  button("Unload story").click();
  const agree = ["stop a #1", "stop b #2"];
  await answer("unload", { confirm: { users: used.users, loaded: false, pinned: [], agree } });
  change({ rows: [{ ...used, users: ["b #2"] }] });
  expect(document.activeElement).toBe(button("Stop and unload"));
  change({ rows: [LOADED] });
  expect(panel.element.querySelector(".wasinn-panel-question")).toBeNull();
  expect(document.activeElement).toBe(button("Unload story"));
});

test("a second click waits for what became of the first", async () => {
  open([LOADED]);
  const asked = () => model.sent.filter(({ kind }) => kind === "unload").length;
  button("Unload story").click();
  button("Unload story").click();
  expect(asked()).toBe(1);
  await answer("unload");
  button("Unload story").click();
  expect(asked()).toBe(1);
  change({ rows: [{ ...LOADED, state: "registered" }] });
  expect(button("Load story").getAttribute("aria-disabled")).toBe("false");
});

test("what is refused is said in the row until it is dismissed", async () => {
  open([LOADED]);
  button("Forget story").click();
  model.say({ kind: "refused", id: last("forget")["id"], message: "No.", hint: "Later." });
  await vi.advanceTimersByTimeAsync(0);
  expect(panel.element.querySelector("tbody")?.textContent).toContain("No.Later.");
  button("Dismiss the message about story").click();
  expect(panel.element.querySelector("tbody")?.textContent).not.toContain("No.");
  expect(document.activeElement).toBe(button("Unload story"));
});

test("the figures of an unload stay for a while", () => {
  open([LOADED]);
  const freed = { bytes: 12_300_000, seconds: 0.04, at: Date.now() / 1000 };
  change({ rows: [{ ...IDLE, name: "story", freed }] });
  const memory = panel.element.querySelector("td.wasinn-panel-memory");
  expect(memory?.textContent).toBe("12.3 MB given back in 40 ms");
  vi.advanceTimersByTime(20_000);
  expect(memory?.textContent).toBe("");
});

test("a load says what it does and how far it is", () => {
  open([IDLE]);
  const loading = { ...IDLE, state: "loading" as const, wanted_by: "a #1" };
  const progress = [{ name: "digits", what: "reading", fraction: 0.25 }];
  change({ rows: [loading], progress });
  const text = panel.element.querySelector("tbody")?.textContent;
  for (const words of ["loading 25 %", "reading", "a #1"]) expect(text).toContain(words);
  expect(panel.element.querySelector("progress")?.getAttribute("value")).toBe("0.25");
  expect(button("Cancel loading digits").getAttribute("aria-disabled")).toBe("false");
  change({ rows: [{ ...loading, wanted_by: "" }] });
  expect(button("Cancel loading digits").getAttribute("aria-disabled")).toBe("true");
  change({ rows: [IDLE], progress: [] });
  expect(panel.element.querySelector("progress")).toBeNull();
});

test("without a kernel it says so, and nothing can be clicked", () => {
  open([LOADED]);
  const body = panel.element.querySelector("fieldset");
  model.say({ kind: "welcome", ...whole([LOADED]) });
  expect(body?.disabled).toBe(false);
  model.trigger("comm:close");
  expect(body?.disabled).toBe(true);
  expect(panel.element.textContent).toContain("The kernel has gone");
});

test("a form opens below its row, one at a time, and goes with it or by itself", async () => {
  const ended = new Map<string, () => void>();
  const shown: ShowForm = ({ form }, into, whenEnded) => {
    into.append(`form ${form}`);
    ended.set(form, whenEnded);
    return Promise.resolve(() => void ended.delete(form));
  };
  open([LOADED, IDLE], shown);
  const configure = async (name: string, form: string): Promise<void> => {
    button(`Configure ${name}`).click();
    await answer("configure", { form });
  };
  const text = () => panel.element.querySelector("table")?.textContent ?? "";
  await configure("story", "1");
  expect(text()).toContain("form 1");
  await configure("digits", "2");
  expect(text()).not.toContain("form 1");
  expect(last("configured")).toEqual({ kind: "configured", form: "1" });
  ended.get("2")?.();
  expect(text()).not.toContain("form 2");
  await configure("digits", "3");
  expect(button("Configure digits").getAttribute("aria-expanded")).toBe("true");
  change({ order: ["story"] });
  expect(last("configured")).toEqual({ kind: "configured", form: "3" });
  expect(ended.size).toBe(0);
});

test("a form that cannot be shown is said so", async () => {
  open([LOADED], () => Promise.reject(new Error("no such widget")));
  button("Configure story").click();
  await answer("configure", { form: "1" });
  expect(panel.element.textContent).toContain("The form could not be shown.");
  expect(last("configured")).toEqual({ kind: "configured", form: "1" });
});

test("names are text", () => {
  const name = '<img src=x onerror="alert(1)">\u202Eoops';
  open([row({ name, users: [name], error: name, state: "failed", origin: name })]);
  button(name).click();
  expect(panel.element.querySelector("img")).toBeNull();
  expect(panel.element.querySelector("tbody th")?.textContent).toBe(name);
});

test("it says goodbye and leaves no listener behind", () => {
  open([LOADED]);
  panel.close();
  expect(model.sent.at(-1)).toEqual({ kind: "bye" });
  expect(model.listeners).toBe(0);
});
