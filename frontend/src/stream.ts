/** The view of a token stream: a line that says how it goes, and its text. */

import type { Model } from "./lib/link";
import { StreamView } from "./stream/view";

export default {
  render({ model, el }: { model: Model; el: HTMLElement }): () => void {
    const view = new StreamView(model);
    el.classList.add("wasinn-host");
    el.append(view.element);
    return () => view.close();
  },
};
