import { afterEach, beforeEach, expect, test, vi } from "vitest";
import widget from "../../src/config";
import type { Field, Prospect, Shown } from "../../src/config/types";
import { RecordingModel } from "../model";
import { field, offer, prospect } from "./fields";

const FIELDS: Field[] = [
  field({ span: [256, 4096, 256], offers: [{ ...offer(0, "as trained"), amount: 4096 }] }),
  field({ key: "use-mmap", kind: "bool", scope: "model", unit: "", default: true }),
  field({
    key: "device",
    kind: "str",
    scope: "model",
    unit: "",
    default: "",
    offers: [offer("", "as loaded"), offer("CPU", "CPU"), offer("GPU", "GPU", "no driver")],
  }),
  field({ key: "lora", kind: "str", group: "more", unit: "", default: "" }),
];

const VALUES: Record<string, Shown> = {
  "ctx-size": { value: 0, origin: "default" },
  "use-mmap": { value: true, origin: "pin" },
  device: { value: "", origin: "default" },
  lora: { value: "", origin: "default" },
};

const MODEL = { detail: "loaded on CPU", loaded: true, gone: "", users: [], values: VALUES };
const TRAITS = {
  name: "<img src=x onerror=alert(1)>",
  reference: "abc",
  fields: FIELDS,
  model: MODEL,
  prospect: prospect(),
  work: { what: "", fraction: null, cancelling: false },
  outcome: { ok: true, message: "", hint: "" },
  ended: false,
};

let model: RecordingModel;
let place: HTMLElement;
let end: () => void;

beforeEach(() => {
  vi.useFakeTimers();
  model = new RecordingModel({ ...TRAITS }, { status: "idle" });
  place = document.createElement("div");
  document.body.append(place);
  end = widget.render({ model, el: place });
  model.say({ kind: "welcome" });
});

afterEach(() => {
  end();
  place.remove();
  vi.useRealTimers();
});

function find(selector: string): HTMLInputElement {
  const found = place.querySelector<HTMLInputElement>(selector);
  if (!found) throw new Error(`there is no ${selector}`);
  return found;
}

function button(label: string): HTMLButtonElement {
  const all = [...place.querySelectorAll("button")].filter((one) => !one.hidden);
  const found = all.find((one) => one.textContent === label);
  if (!found) throw new Error(`there is no button ${label}`);
  return found;
}

function type(selector: string, text: string): HTMLInputElement {
  const input = find(selector);
  input.value = text;
  input.dispatchEvent(new Event("input", { bubbles: true }));
  return input;
}

const sent = (kind: string) => model.sent.filter((message) => message["kind"] === kind);
const last = (kind: string) => sent(kind).at(-1) ?? {};

/** Answer the last draft as the kernel does. */
function answer(changes: Partial<Prospect> = {}): void {
  const { view, seq, set, unset } = last("draft");
  model.change("prospect", prospect({ view, seq, draft: { set, unset }, ...changes } as Prospect));
}

test("names are text, and every control has a name and a description", () => {
  expect(place.querySelector("img")).toBeNull();
  expect(place.textContent).toContain("<img src=x onerror=alert(1)>");
  for (const control of place.querySelectorAll("input, select")) {
    for (const attribute of ["aria-labelledby", "aria-describedby"]) {
      const ids = (control.getAttribute(attribute) ?? "").split(" ");
      for (const id of ids) expect(document.getElementById(id)?.textContent).toBeTruthy();
    }
  }
});

test("what is not here is offered with the reason and cannot be chosen", () => {
  expect(button("GPU").disabled).toBe(true);
  expect(find("[data-key=device]").textContent).toContain("GPU: no driver");
});

test("dragging tells the kernel at most twenty times a second, the last value for certain", () => {
  for (let position = 0; position < 8; position++) {
    type("[data-key=ctx-size] input[type=range]", String(position));
    vi.advanceTimersByTime(10);
  }
  vi.advanceTimersByTime(200);
  expect(sent("draft").length).toBeLessThanOrEqual(3);
  expect(last("draft")["set"]).toEqual({ "ctx-size": 4096 });
});

test("a slider says its value and its cost; nothing but the text field loses a word", () => {
  const slider = type("[data-key=ctx-size] input[type=range]", "2");
  answer({ estimate: { weights: 1e9, kv_cache: 2e8, compute: 0, total: 1.2e9 } });
  vi.advanceTimersByTime(0);
  return Promise.resolve().then(() => {
    expect(slider.getAttribute("aria-valuetext")).toBe("768 tokens, needs 1.20 GB");
    expect(find("[data-key=ctx-size] input[type=text]").value).toBe("768");
  });
});

test("what is typed and is no value stays, is marked, and blocks Apply", async () => {
  const text = type("[data-key=ctx-size] input[type=text]", "12x");
  answer({ errors: { "ctx-size": "it must be a whole number" } });
  await Promise.resolve();
  expect(text.value).toBe("12x");
  expect(text.getAttribute("aria-invalid")).toBe("true");
  expect(find("[data-key=ctx-size]").textContent).toContain("it must be a whole number");
  expect(button("Apply").getAttribute("aria-disabled")).toBe("true");
});

test("an answer that comes late leaves what is typed since", async () => {
  const text = type("[data-key=ctx-size] input[type=text]", "5");
  const first = last("draft");
  type("[data-key=ctx-size] input[type=text]", "51");
  vi.advanceTimersByTime(100);
  const { view, seq, set, unset } = first;
  model.change("prospect", prospect({ view, seq, draft: { set, unset } } as Prospect));
  await Promise.resolve();
  expect(text.value).toBe("51");
});

test("Apply sends what waits first, and says whether users are to be stopped", async () => {
  model.change("model", { ...MODEL, users: ["story #1"] });
  type("[data-key=ctx-size] input[type=text]", "512");
  const box = find("[data-key=use-mmap] input");
  box.checked = false;
  box.dispatchEvent(new Event("change"));
  answer({ reload: ["use-mmap"] });
  await Promise.resolve();
  button("Stop it and apply").click();
  expect(last("draft")["set"]).toEqual({ "ctx-size": 512, "use-mmap": false });
  expect(last("apply")).toMatchObject({ stop: true });
  const order = model.sent.map((message) => message["kind"]);
  expect(order.lastIndexOf("draft")).toBeLessThan(order.lastIndexOf("apply"));
  // who clicks twice wants it once, and is not told that it is busy
  button("Stop it and apply").click();
  expect(sent("apply")).toHaveLength(1);
  // with a change between them both are meant
  type("[data-key=ctx-size] input[type=text]", "256");
  await Promise.resolve();
  button("Stop it and apply").click();
  expect(sent("apply")).toHaveLength(2);
  expect(last("draft")["set"]).toEqual({ "ctx-size": 256, "use-mmap": false });
});

test("the empty field of a value that has a word says what number that is", () => {
  const input = find("[data-key=ctx-size] input[type=text]");
  expect([input.value, input.placeholder]).toEqual(["", "4096"]);
  type("[data-key=ctx-size] input[type=text]", "512");
  expect([input.value, input.placeholder]).toEqual(["512", ""]);
});

test("a pin can be dropped, and that undone, from one place", async () => {
  button("Unpin").click();
  expect(last("draft")).toMatchObject({ set: {}, unset: ["use-mmap"] });
  answer({ values: { "use-mmap": { value: false, origin: "load" } } });
  await Promise.resolve();
  expect(find("[data-key=use-mmap] input").checked).toBe(false);
  button("Undo").click();
  vi.advanceTimersByTime(100);
  expect(last("draft")).toMatchObject({ set: {}, unset: [] });
});

test("a folded section says what in it is pinned or changed", async () => {
  type("[data-key=lora] input", "a.gguf");
  answer();
  await Promise.resolve();
  expect(find("summary").textContent).toBe("More settings (1) · 1 changed");
});

test("a refusal is shown, and progress takes the place of the buttons", async () => {
  type("[data-key=ctx-size] input[type=text]", "512");
  answer();
  await Promise.resolve();
  button("Apply").click();
  model.say({ kind: "refused", id: last("apply")["id"], message: "No.", hint: "Wait." });
  await vi.advanceTimersByTimeAsync(0);
  expect(find("[role=status]").textContent).toBe("No. Wait.");
  model.change("work", { what: "loading weights", fraction: 0.4, cancelling: false });
  await Promise.resolve();
  expect(button("Apply").closest("[hidden]")).not.toBeNull();
  expect(place.textContent).toContain("loading weights 40 %");
  button("Cancel").click();
  expect(sent("cancel").length).toBe(1);
});

test("a model that is forgotten blocks the form, a kernel that is silent only Apply", async () => {
  model.change("model", { ...MODEL, gone: "The model was forgotten." });
  await Promise.resolve();
  expect(find("fieldset").disabled).toBe(true);
  expect(find("[role=status]").textContent).toBe("The model was forgotten.");
  model.change("model", MODEL);
  await Promise.resolve();
  type("[data-key=ctx-size] input[type=text]", "512");
  vi.advanceTimersByTime(2000);
  await Promise.resolve();
  expect(find("fieldset").disabled).toBe(false);
  expect(find("[role=status]").textContent).toContain("does not answer");
});

test("a closed form is a table, in the notebook too where nobody else replaced it", async () => {
  const outputs = recordingOutputs("abc");
  Object.assign(model.widget_manager as object, { context: { model: { cells: [{ outputs }] } } });
  model.change("ended", true);
  await Promise.resolve();
  expect(place.querySelector("input")).toBeNull();
  expect(find("table").textContent).toContain("use-mmap");
  vi.advanceTimersByTime(1500);
  expect(outputs.bundle["text/html"]).toContain("&lt;img src=x onerror=alert(1)&gt;");
  expect(outputs.bundle["text/plain"]).toContain("use-mmap");
  expect(Object.keys(outputs.bundle)).not.toContain("application/vnd.jupyter.widget-view+json");
  expect(sent("remains")).toEqual([]);
});

test("a closed form whose output nobody could replace says that it remains", async () => {
  model.change("ended", true);
  await Promise.resolve();
  vi.advanceTimersByTime(1500);
  expect(sent("remains").length).toBe(1);
});

function recordingOutputs(id: string) {
  const view = "application/vnd.jupyter.widget-view+json";
  return {
    length: 1,
    bundle: { [view]: { model_id: id } } as Record<string, unknown>,
    get() {
      return { data: this.bundle };
    },
    set(_index: number, value: { data: Record<string, unknown> }) {
      this.bundle = value.data;
    },
  };
}

test("nothing listens once a view is closed", () => {
  end();
  expect(model.listeners).toBe(0);
});
