/**
 * A live view in an output, and what the notebook has saved beside it where the view cannot be had:
 * in another kernel than the one that it was saved with, or in none.
 *
 * The package for widgets looks for its renderers among the outputs, to tell them of the kernel that
 * is found later. So the renderer is its own, and ours puts something in the place of its words.
 */

import type { NotebookPanel } from "@jupyterlab/notebook";
import { Panel } from "@lumino/widgets";

export type Registry = NotebookPanel["content"]["rendermime"];
type Renderer = ReturnType<Registry["createRenderer"]>;
type MimeModel = Parameters<Renderer["renderModel"]>[0];

/** What marks an output as a view of ours; see `notebook/widgets/base.py`. */
export const OURS = "application/vnd.wasinn-nb.view+json";
/** What the package for widgets renders. */
export const WIDGET = "application/vnd.jupyter.widget-view+json";

/** What its renderer has once it has said that there is no such widget. */
const FAILED = "jupyter-widgets";
/** Milliseconds that a view may take until what was saved is shown in the meantime. */
const PATIENCE = 1000;

/** A renderer for an output that has `OURS` among its types. */
export function viewRenderer(registry: Registry): Renderer {
  if (!registry.getFactory(WIDGET)) return new Saved(registry);
  const live = registry.createRenderer(WIDGET);
  new StandIn(live, registry);
  return live;
}

/** What the notebook has beside a view. */
class Saved extends Panel implements Renderer {
  readonly #registry: Registry;

  constructor(registry: Registry) {
    super();
    this.#registry = registry;
  }

  async renderModel({ data, metadata, trusted }: MimeModel): Promise<void> {
    for (const widget of [...this.widgets]) widget.dispose();
    const rest = Object.fromEntries(
      Object.entries(data).filter(([type]) => type !== OURS && type !== WIDGET),
    );
    const type = this.#registry.preferredMimeType(rest, trusted ? "any" : "ensure");
    if (type === undefined) return;
    const renderer = this.#registry.createRenderer(type);
    this.addWidget(renderer);
    await renderer.renderModel(this.#registry.createModel({ data: rest, metadata, trusted }));
  }
}

/** Puts what was saved into the renderer of a widget, until that has the view. */
class StandIn {
  readonly #live: Renderer;
  readonly #registry: Registry;
  #model: MimeModel | undefined;
  #saved: Saved | undefined;
  #isLate = false;

  constructor(live: Renderer, registry: Registry) {
    this.#live = live;
    this.#registry = registry;
    const render = live.renderModel.bind(live);
    live.renderModel = (model) => {
      this.#model = model;
      return render(model);
    };
    const observer = new MutationObserver(() => this.#choose());
    observer.observe(live.node, { attributeFilter: ["class"], childList: true });
    const timer = setTimeout(() => {
      this.#isLate = true;
      this.#choose();
    }, PATIENCE);
    live.disposed.connect(() => {
      observer.disconnect();
      clearTimeout(timer);
      this.#saved?.dispose();
    });
  }

  #choose(): void {
    const { node } = this.#live;
    if (this.#saved && node.contains(this.#saved.node)) return;
    // whenever the renderer has something new to say it empties its element
    this.#saved?.dispose();
    this.#saved = undefined;
    const failed = this.#isLate || this.#live.hasClass(FAILED);
    if (!failed || node.childElementCount > 0 || !this.#model) return;
    this.#saved = new Saved(this.#registry);
    node.replaceChildren(this.#saved.node);
    void this.#saved.renderModel(this.#model);
  }
}
