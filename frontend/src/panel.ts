/** The widget ModelPanel: the model manager. */

import type { Model } from "./lib/link";
import type { ShowForm } from "./panel/form";
import { Panel } from "./panel/view";

/** What anywidget offers for showing another widget. */
interface Host {
  getModel(reference: string): Promise<Model>;
  getWidget(reference: string): Promise<{
    render(options: { el: HTMLElement; signal: AbortSignal }): Promise<void>;
  }>;
}

function formsOf(host: Host): ShowForm {
  return async ({ form }, into, ended) => {
    const reference = `anywidget:${form}`;
    const widget = await host.getWidget(reference);
    const ending = new AbortController();
    await widget.render({ el: into, signal: ending.signal });
    const model = await host.getModel(reference);
    model.on("change:ended", ended);
    return () => {
      model.off("change:ended", ended);
      ending.abort();
    };
  };
}

function render({ model, el, host }: { model: Model; el: HTMLElement; host?: Host }): () => void {
  const panel = new Panel(model, host && formsOf(host));
  el.classList.add("wasinn-host");
  el.append(panel.element);
  return () => panel.close();
}

export default { render };
