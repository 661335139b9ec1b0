/** The view of something that takes long and can be cancelled: a load, a build. */

import type { Model } from "./lib/link";
import { ProgressView } from "./progress/view";

export default {
  render({ model, el }: { model: Model; el: HTMLElement }): () => void {
    const view = new ProgressView(model);
    el.classList.add("wasinn-host");
    el.append(view.element);
    return () => view.close();
  },
};
