/** The widget ModelPanel: the model manager. */

import type { Model } from "./lib/link";
import type { ShowForm } from "./panel/form";
import { Panel } from "./panel/view";

/** What anywidget offers for showing another widget. */
interface Host {
  getWidget(reference: string): Promise<{
    render(options: { el: HTMLElement; signal: AbortSignal }): Promise<void>;
  }>;
}

function render({ model, el, host }: { model: Model; el: HTMLElement; host?: Host }): () => void {
  const showForm: ShowForm | undefined =
    host &&
    (async (reference, into) => {
      const widget = await host.getWidget(`anywidget:${reference}`);
      const ending = new AbortController();
      await widget.render({ el: into, signal: ending.signal });
      return () => ending.abort();
    });
  const panel = new Panel(model, showForm);
  el.append(panel.element);
  return () => panel.close();
}

export default { render };
