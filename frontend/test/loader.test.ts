import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { RecordingModel } from "./model";

const CODE = `
globalThis.evaluated = (globalThis.evaluated ?? 0) + 1;
export default {
  render({ model, el }) {
    el.append(document.createElement("p"));
    return () => model.send({ kind: "closed" });
  },
};`;

const globals = globalThis as unknown as Record<string | symbol, unknown>;

interface Loader {
  initialize(context: { model: RecordingModel }): void;
  render(context: { model: RecordingModel; el: HTMLElement }): Promise<() => void>;
}

/** The module as a widget gets it: each has its own copy. */
async function loader(): Promise<Loader> {
  vi.resetModules();
  const module = (await import("../src/loader")) as unknown as { default: Loader };
  return module.default;
}

function widget(
  digest: string,
  get_model?: (id: string) => Promise<RecordingModel>,
): RecordingModel {
  const model = new RecordingModel({ _digest: digest, _library: "shelf" });
  Object.assign(model, { widget_manager: { get_model } });
  return model;
}

const shelf = new RecordingModel({ code: CODE, style: ".wasinn-test { color: inherit }" });

const made = vi.spyOn(URL, "createObjectURL");

beforeEach(() => {
  // Node imports no blobs
  made.mockImplementation((blob) => {
    expect(blob).toBeInstanceOf(Blob);
    return `data:text/javascript,${encodeURIComponent(CODE)}//${crypto.randomUUID()}`;
  });
  globals["evaluated"] = 0;
});

afterEach(() => {
  Reflect.deleteProperty(globals, Symbol.for("wasinn_nb"));
  document.head.replaceChildren();
});

test("the code of many widgets is evaluated once, and its style is there once", async () => {
  const get = vi.fn(() => Promise.resolve(shelf));
  for (let count = 0; count < 3; count++) {
    const el = document.createElement("div");
    await (await loader()).render({ model: widget("a", get), el });
    expect(el.querySelectorAll("p")).toHaveLength(1);
  }
  expect(get.mock.calls).toEqual([["shelf"]]);
  expect(globals["evaluated"]).toBe(1);
  expect(document.querySelectorAll("style")).toHaveLength(1);
  await (await loader()).render({ model: widget("b", get), el: document.createElement("div") });
  expect(globals["evaluated"]).toBe(2);
});

test.each([
  ["there are no other widgets", undefined],
  ["the other widget is not found", () => Promise.reject(new Error("not found"))],
])("where %s, the kernel is asked for the code", async (_, get) => {
  const model = widget("a", get);
  const el = document.createElement("div");
  const rendered = (await loader()).render({ model, el });
  await vi.waitFor(() => {
    expect(model.sent).toEqual([{ kind: "code" }]);
  });
  model.say({ kind: "frame", text: "not it" });
  model.say({ kind: "code", code: CODE, style: "" });
  await rendered;
  expect(el.querySelector("p")).not.toBeNull();
  expect(model.listeners).toBe(0);
});

test("after a failure the next view tries again", async () => {
  made.mockReturnValueOnce("data:text/javascript,throw new Error('bad')");
  const context = {
    model: widget("a", () => Promise.resolve(shelf)),
    el: document.createElement("div"),
  };
  await expect((await loader()).render(context)).rejects.toThrow("bad");
  await (await loader()).render(context);
  expect(context.el.querySelector("p")).not.toBeNull();
  expect(document.querySelectorAll("style")).toHaveLength(1);
});

test("a closed view leaves its element empty", async () => {
  const model = widget("a", () => Promise.resolve(shelf));
  const el = document.createElement("div");
  const close = await (await loader()).render({ model, el });
  close();
  expect(model.sent).toEqual([{ kind: "closed" }]);
  expect(el.childNodes).toHaveLength(0);
});

test("a closed widget drops its state once its views have gone, whether or not it had any", async () => {
  vi.useFakeTimers();
  const model = new RecordingModel({
    _dropped: ["_esm", "tail"],
    _esm: "code",
    tail: "text",
    n: 1,
  });
  (await loader()).initialize({ model });
  model.trigger("comm:close");
  expect(model.traits["tail"]).toBe("text");
  vi.runAllTimers();
  expect(model.traits).toEqual({ _dropped: null, _esm: null, tail: null, n: 1 });
  vi.useRealTimers();
});
