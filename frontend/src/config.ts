/** The widget ModelConfig: a model's settings as a form. */

import { Form } from "./config/form";
import type { Model } from "./lib/link";

function render({ model, el }: { model: Model; el: HTMLElement }): () => void {
  const form = new Form(model);
  el.classList.add("wasinn-host");
  el.append(form.element);
  return () => form.close();
}

export default { render };
