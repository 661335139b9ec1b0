/**
 * The outputs of a notebook that show a widget.
 *
 * JupyterLab keeps an output as it was shown: a reference to a widget, which it draws as an error
 * when the notebook is opened without it. The kernel puts something static in its place, but does
 * not reach a page that was loaded again since, nor any page once it has ended; then a view does.
 */

import type { Model } from "./link";

const VIEW = "application/vnd.jupyter.widget-view+json";

/** What an output shows, by MIME type. */
export type Bundle = Record<string, unknown>;

/** An output area of JupyterLab and Notebook, as far as we use it. */
interface Outputs {
  readonly length: number;
  get(index: number): { readonly data: Bundle };
  set(index: number, value: { output_type: string; data: Bundle; metadata: Bundle }): void;
}

interface Manager {
  context?: { model?: { cells?: Iterable<{ outputs?: Outputs }> } };
}

/** Whether an output refers to the widget called `id`. */
export function isShown(model: Model, id: string): boolean {
  return places(model, id).length > 0;
}

/** Put `data` in every output that refers to the widget; returns whether there was any. */
export function replace(model: Model, id: string, data: Bundle): boolean {
  const found = places(model, id);
  for (const [outputs, index] of found)
    outputs.set(index, { output_type: "display_data", data, metadata: {} });
  return found.length > 0;
}

/** An element as the text of an HTML page. */
export function htmlOf(element: Element): string {
  return new XMLSerializer().serializeToString(element);
}

function places(model: Model, id: string): [outputs: Outputs, index: number][] {
  const found: [Outputs, number][] = [];
  for (const { outputs } of managerOf(model).context?.model?.cells ?? []) {
    if (!outputs) continue; // a cell of words
    for (let index = 0; index < outputs.length; index++) {
      // an error or a printed text has no data
      const data = outputs.get(index).data as Bundle | undefined;
      const view = data?.[VIEW] as { model_id?: string } | undefined;
      if (view?.model_id === id) found.push([outputs, index]);
    }
  }
  return found;
}

function managerOf(model: Model): Manager {
  return model.widget_manager ?? {};
}
