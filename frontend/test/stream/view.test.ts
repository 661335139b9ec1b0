import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import widget from "../../src/stream";
import { RecordingModel } from "../model";

const TRAITS = {
  label: "story",
  state: "generating",
  activity: "",
  fraction: null,
  prompt_done: 5,
  prompt_total: 5,
  prompt_cached: 0,
  tokens: 3,
  predict_limit: -1,
  rate: null,
  first_token: null,
  elapsed: 0,
  reason: "",
  shows_text: true,
  markdown: false,
  html: "",
  tail: { at: 0, text: "" },
  stop_words: "Interrupt the kernel.",
};

const VIEW = "application/vnd.jupyter.widget-view+json";

let place: HTMLElement;
let end: () => void;

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  end();
  place.remove();
  vi.useRealTimers();
});

function view(traits: Record<string, unknown> = {}): RecordingModel {
  const model = new RecordingModel({ ...TRAITS, ...traits });
  place = document.createElement("div");
  document.body.append(place);
  end = widget.render({ model, el: place });
  return model;
}

/** The button that says this, if it is to be seen. */
function button(name: string): HTMLButtonElement | undefined {
  return [...place.querySelectorAll("button")].find(
    (one) => one.textContent === name && !one.closest("[hidden]"),
  );
}

function line(): string {
  return place.querySelector(".wasinn-line-text")?.textContent ?? "";
}

function text(): string {
  vi.advanceTimersByTime(50);
  return place.querySelector(".wasinn-stream-plain")?.textContent ?? "";
}

describe("text", () => {
  test("grows by what frames bring", () => {
    const model = view();
    model.say({ kind: "frame", at: 0, text: "Once ", figures: {} });
    model.say({ kind: "frame", at: 5, text: "upon", figures: { tokens: 4 } });
    expect(text()).toBe("Once upon");
  });

  test("can be copied and rendered from its first piece on", () => {
    const model = view();
    model.say({ kind: "welcome", at: 0, text: "", figures: {} });
    expect(button("Copy")).toBeUndefined();
    model.say({ kind: "frame", at: 0, text: "Once ", figures: {} });
    expect(button("Copy")).toBeDefined();
    expect(button("Markdown")).toBeDefined();
  });

  test("that is missing is asked for once, and comes with the welcome", () => {
    const model = view();
    model.say({ kind: "welcome", at: 0, text: "", figures: {} });
    model.say({ kind: "frame", at: 50, text: "b", figures: {} });
    model.say({ kind: "frame", at: 51, text: "c", figures: {} });
    expect(model.sent).toEqual([{ kind: "hello" }, { kind: "hello" }]);
    model.say({ kind: "welcome", at: 49, text: "abcd", figures: {} });
    expect(text()).toBe("abcd");
    expect(place.querySelector(".wasinn-stream-note")?.textContent).toContain("49 characters");
  });

  test("comes from the tail where the kernel does not answer", () => {
    const model = view({ tail: { at: 0, text: "Once" } });
    expect(text()).toBe("Once");
    model.change("tail", { at: 0, text: "Once upon" });
    expect(text()).toBe("Once upon");
  });

  test("stays text, and hides nothing", () => {
    const model = view();
    model.say({
      kind: "frame",
      at: 0,
      text: "<img src=x onerror=1>\u001b[31m\0\u202e",
      figures: {},
    });
    expect(text()).toBe("<img src=x onerror=1>␛[31m␀\u202e");
    expect(place.querySelector("img")).toBeNull();
  });

  test("is not shown where the cell's own output carries it", () => {
    const model = view({ shows_text: false });
    model.say({ kind: "frame", at: 0, text: "Once", figures: {} });
    expect(place.querySelector(".wasinn-stream-frame")?.hasAttribute("hidden")).toBe(true);
    expect(button("Copy")).toBeUndefined();
    model.change("shows_text", true);
    expect(place.querySelector(".wasinn-stream-frame")?.hasAttribute("hidden")).toBe(false);
  });

  test("becomes Markdown when asked, and plain text again", () => {
    const model = view({ tail: { at: 0, text: "# A" } });
    model.say({ kind: "welcome", at: 0, text: "", figures: {} });
    button("Markdown")?.click();
    expect(model.sent.at(-1)).toMatchObject({ kind: "markdown", on: true });
    model.change("markdown", true);
    expect(button("Markdown")?.getAttribute("aria-pressed")).toBe("true");
    expect(place.querySelector("h1")).toBeNull();
    model.change("html", "<h1>A</h1>");
    expect(place.querySelector("h1")?.textContent).toBe("A");
    expect(place.querySelector(".wasinn-stream-plain")?.hasAttribute("hidden")).toBe(true);
    model.change("markdown", false);
    expect(place.querySelector("h1")).toBeNull();
    expect(text()).toBe("# A");
  });
});

describe("the line", () => {
  test("follows frames calmly, and a new state at once", () => {
    const model = view();
    model.say({ kind: "frame", at: 0, text: "", figures: { tokens: 4 } });
    model.say({ kind: "frame", at: 0, text: "", figures: { tokens: 5 } });
    expect(line()).toContain("3 tokens");
    vi.advanceTimersByTime(250);
    expect(line()).toContain("5 tokens");
    Object.assign(model.traits, { reason: "length", tokens: 5 });
    model.change("state", "finished");
    expect(line()).toBe("story 5 tokens · prompt 5 tokens evaluated, 0 cached · length");
  });

  test("counts the seconds on by itself", () => {
    view({ state: "running", elapsed: 2 });
    vi.advanceTimersByTime(3000);
    expect(line()).toBe("story running 5 s");
  });

  test("shows a bar for what can be measured only", () => {
    const model = view({ state: "prompt", prompt_done: 1, prompt_total: 4 });
    expect(place.querySelector("progress")?.getAttribute("aria-valuetext")).toBe("1 of 4");
    model.change("state", "generating");
    expect(place.querySelector("progress")).toBeNull();
  });
});

describe("Stop", () => {
  test("asks once, and says that it stops until it has", () => {
    const model = view();
    model.say({ kind: "welcome", at: 0, text: "", figures: {} });
    const stop = button("Stop");
    stop?.click();
    stop?.click();
    const sent = model.sent.filter(({ kind }) => kind === "stop");
    expect(sent).toHaveLength(1);
    expect(stop?.textContent).toBe("Stopping…");
    expect(stop?.getAttribute("aria-disabled")).toBe("true");
    model.say({ kind: "done", id: sent[0]?.["id"] });
    vi.advanceTimersByTime(5000);
    expect(button("Stopping…")).toBe(stop);
    model.change("state", "stopped");
    expect(stop?.hidden).toBe(true);
  });

  test("keeps the focus when it goes", () => {
    const model = view({ tail: { at: 0, text: "Once" } });
    button("Stop")?.focus();
    model.change("state", "finished");
    expect(document.activeElement?.className).toBe("wasinn-stream-text");
  });

  test("makes place for words where clicks do not arrive", () => {
    const model = view();
    expect(button("Stop")).toBeDefined();
    vi.advanceTimersByTime(1000);
    expect(button("Stop")).toBeUndefined();
    expect(place.textContent).toContain("Interrupt the kernel.");
    model.say({ kind: "welcome", at: 0, text: "", figures: {} });
    expect(button("Stop")).toBeDefined();
  });

  test("goes with the kernel; the text stays", () => {
    const model = view({ tail: { at: 0, text: "Once" } });
    model.trigger("comm_live_update");
    expect(line()).toBe("story kernel ended after 3 tokens");
    expect(button("Stop")).toBeUndefined();
    expect(button("Markdown")).toBeUndefined();
    expect(button("Copy")).toBeDefined(); // it is all here
    expect(text()).toBe("Once");
  });

  test("a finished stream stays finished when its kernel goes", () => {
    const model = view({ state: "finished", reason: "length" });
    model.trigger("comm:close");
    expect(line()).toMatch(/length$/);
  });
});

describe("what a notebook keeps", () => {
  const ID = "widget";

  /** An output area whose output shows this widget. */
  function notebook(model: RecordingModel, status = "busy"): Record<string, unknown>[] {
    const outputs = [{}, { data: { [VIEW]: { model_id: ID } } }] as Record<string, unknown>[];
    const area = {
      length: outputs.length,
      get: (index: number) => outputs[index],
      set: (index: number, value: Record<string, unknown>) => (outputs[index] = value),
    };
    const cells = [{}, { outputs: area }];
    Object.assign(model.widget_manager as object, {
      kernel: { status },
      context: { model: { cells } },
    });
    return outputs;
  }

  test("is the end that the kernel put into another page", async () => {
    const model = view({ reference: ID });
    const outputs = notebook(model);
    model.change("state", "finished");
    model.say({ kind: "left" });
    const request = model.sent.at(-1);
    expect(request?.["kind"]).toBe("bundle");
    const data = { "text/plain": "finished", "text/html": "<b>finished</b>" };
    model.say({ kind: "done", id: request?.["id"], data });
    await vi.advanceTimersByTimeAsync(0);
    expect(outputs[1]).toEqual({ output_type: "display_data", data, metadata: {} });
    end();
    expect(model.sent.at(-1)).toEqual({ kind: "bye" });
  });

  test("is not touched where the kernel has reached it", () => {
    const model = view({ reference: "another" });
    notebook(model);
    model.say({ kind: "welcome", at: 0, text: "", figures: {}, left: true });
    expect(model.sent.map(({ kind }) => kind)).toEqual(["hello"]);
  });

  test("is what there is when the kernel ends", () => {
    const model = view({ reference: ID, tail: { at: 7, text: "<b>Once</b>\0" } });
    const outputs = notebook(model, "autorestarting");
    model.trigger("comm_live_update");
    const { data } = outputs[1] as { data: Record<string, string> };
    const text = "[7 characters before this are lost]\n<b>Once</b>\0";
    expect(data["text/plain"]).toBe(`story · kernel ended after 3 tokens\n${text}`);
    expect(data["text/html"]).toContain("&lt;b&gt;Once&lt;/b&gt;␀");
  });
});

describe("Copy", () => {
  test("takes what is here, or asks for what is not", async () => {
    const copied: string[] = [];
    vi.stubGlobal("navigator", {
      clipboard: {
        writeText: (text: string) => {
          copied.push(text);
          return Promise.resolve();
        },
      },
    });
    const model = view({ tail: { at: 0, text: "a\0b" } });
    model.say({ kind: "welcome", at: 0, text: "", figures: {} });
    button("Copy")?.click();
    await vi.advanceTimersByTimeAsync(10);
    expect(copied).toEqual(["a\0b"]);
    expect(button("Copied")).toBeDefined();
    await vi.advanceTimersByTimeAsync(2000);

    model.change("tail", { at: 50, text: "the end" });
    button("Copy")?.click();
    const request = model.sent.at(-1);
    expect(request?.["kind"]).toBe("text");
    model.say({ kind: "done", id: request?.["id"], text: "all of it" });
    await vi.advanceTimersByTimeAsync(10);
    expect(copied).toEqual(["a\0b", "all of it"]);
    vi.unstubAllGlobals();
  });
});

test("what a screen reader is told is what it is, and no torrent", () => {
  const model = view({ tail: { at: 0, text: "Once" } });
  expect(place.querySelector('[role="group"]')?.getAttribute("aria-label")).toBe("story");
  const log = place.querySelector('[role="log"]');
  expect(log?.getAttribute("aria-live")).toBe("off");
  const said = place.querySelector('[role="status"]');
  for (let tokens = 0; tokens < 100; tokens++)
    model.say({ kind: "frame", at: 4, text: "", figures: { tokens } });
  vi.advanceTimersByTime(10_000);
  expect(said?.textContent).toBe("");
  Object.assign(model.traits, { state: "finished", tokens: 120 });
  model.trigger("change:state"); // as the page tells it: the state first, and all are set by then
  model.trigger("change:tokens");
  // the view goes at once, and its own words with it
  end();
  const last = document.getElementById("wasinn-last-words")?.lastChild;
  expect(last?.textContent).toBe("finished, 120 tokens");
});

test("a closed view leaves no listener and no timer", () => {
  const model = view({ tail: { at: 0, text: "Once" } });
  model.say({ kind: "frame", at: 4, text: "upon", figures: {} });
  model.change("state", "finished");
  end();
  expect(model.listeners).toBe(0);
  expect(vi.getTimerCount()).toBe(0);
});
