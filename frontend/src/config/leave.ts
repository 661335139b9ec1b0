/**
 * What is left in the notebook of a form that was closed, or whose kernel has ended.
 *
 * JupyterLab keeps the output as it was shown: a reference to a widget that is no more, which it
 * would draw as an error when the notebook is next opened. Where the kernel cannot put a table in
 * its place (it has ended, or the page was loaded again since), we do, as the kernel would.
 */

import type { Model } from "../lib/link";

const VIEW = "application/vnd.jupyter.widget-view+json";
const ENDED = new Set(["restarting", "autorestarting", "terminating", "dead"]);

type Bundle = Record<string, unknown>;

/** An output area of JupyterLab and Notebook, as far as we use it. */
interface Outputs {
  readonly length: number;
  get(index: number): { readonly data: Bundle };
  set(index: number, value: { output_type: string; data: Bundle; metadata: Bundle }): void;
}

interface Manager {
  kernel?: { status?: string; isDisposed?: boolean } | null;
  context?: { model?: { cells?: Iterable<{ outputs?: Outputs }> } };
}

/** Whether the kernel has ended; a connection that was only lost comes back. */
export function kernelEnded(model: Model): boolean {
  const { kernel } = managerOf(model);
  return !kernel || kernel.isDisposed === true || ENDED.has(kernel.status ?? "");
}

/** Put a table in every output that shows the widget called `id`; returns whether there was any. */
export function leave(model: Model, id: string, table: HTMLElement): boolean {
  const manager = managerOf(model);
  let replaced = false;
  const data = {
    "text/html": new XMLSerializer().serializeToString(table),
    "text/plain": textOf(table),
  };
  for (const { outputs } of manager.context?.model?.cells ?? []) {
    for (let index = 0; index < (outputs?.length ?? 0); index++) {
      const view = outputs?.get(index).data[VIEW] as { model_id?: string } | undefined;
      if (view?.model_id !== id) continue;
      outputs?.set(index, { output_type: "display_data", data, metadata: {} });
      replaced = true;
    }
  }
  return replaced;
}

function managerOf(model: Model): Manager {
  return model.widget_manager ?? {};
}

function textOf(table: HTMLElement): string {
  const lines = [...table.querySelectorAll("div, tr")].map((line) =>
    [...line.childNodes].map((part) => part.textContent).join("  "),
  );
  return lines.join("\n");
}
