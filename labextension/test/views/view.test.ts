import { RenderMimeRegistry, standardRendererFactories } from "@jupyterlab/rendermime";
import { Widget } from "@lumino/widgets";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { h } from "@frontend/lib/dom";
import { OURS, viewRenderer, WIDGET } from "../../src/views/view";

/** The renderer of the package for widgets, as far as ours looks at it. */
class Live extends Widget {
  renderModel(): Promise<void> {
    this.node.textContent = "Loading widget...";
    return Promise.resolve();
  }

  fail(): void {
    this.node.textContent = "Error displaying widget: model not found";
    this.addClass("jupyter-widgets");
  }

  succeed(): void {
    this.node.replaceChildren(h("button", {}, "a form"));
  }
}

const DATA = { "text/plain": "a table", [WIDGET]: { model_id: "gone" }, [OURS]: {} };
let registry: RenderMimeRegistry;
let live: Live[];

beforeEach(() => {
  vi.useFakeTimers();
  live = [];
  registry = new RenderMimeRegistry({ initialFactories: standardRendererFactories });
});
afterEach(() => vi.useRealTimers());

function withWidgets(): void {
  const createRenderer = (): Live => {
    live.push(new Live());
    return live.at(-1)!; // eslint-disable-line @typescript-eslint/no-non-null-assertion
  };
  registry.addFactory({ safe: false, mimeTypes: [WIDGET], createRenderer: createRenderer }, -10);
}

/** An output of ours, and the text of it that is seen. */
async function rendered(): Promise<{ view: Widget; seen: () => string | null }> {
  const view = viewRenderer(registry);
  await view.renderModel(registry.createModel({ data: DATA, trusted: true }));
  return { view, seen: () => view.node.textContent };
}

const observed = (): Promise<unknown> => vi.advanceTimersByTimeAsync(0);

test("a view that is there is all that is seen, however long it stays", async () => {
  withWidgets();
  const { seen } = await rendered();
  live[0]?.succeed();
  await vi.advanceTimersByTimeAsync(10_000);
  expect(seen()).toBe("a form");
});

test("what was saved takes the place of a view whose widget has gone", async () => {
  withWidgets();
  const { seen } = await rendered();
  live[0]?.fail();
  await observed();
  expect(seen()).toBe("a table");
});

test("what was saved is shown while a view takes long, which then takes its place", async () => {
  withWidgets();
  const { seen } = await rendered();
  expect(seen()).toBe("Loading widget...");
  await vi.advanceTimersByTimeAsync(1000);
  expect(seen()).toBe("a table");
  live[0]?.succeed();
  await observed();
  expect(seen()).toBe("a form");
});

test("where no widgets are rendered what was saved is", async () => {
  const { seen } = await rendered();
  expect(seen()).toBe("a table");
});

test("a renderer that begins anew and fails again has what was saved again", async () => {
  withWidgets();
  const { view, seen } = await rendered();
  live[0]?.fail();
  await observed();
  live[0]?.fail();
  await observed();
  expect(seen()).toBe("a table");
  view.dispose();
  await vi.advanceTimersByTimeAsync(2000);
});
