/** The models of one kernel: the widgets' own panel, kept while its host is as it was. */

import type { Model } from "@frontend/lib/link";
import { Panel } from "@frontend/panel/view";
import type { Asking } from "@frontend/panel/words";
import { Widget } from "@lumino/widgets";
import { showForms } from "./forms";

export class ModelsView extends Widget {
  private readonly panel: Panel;
  private scrolled = 0;

  /** @param asks when an unload is asked about. */
  constructor(
    readonly model: Model,
    asks: () => Asking,
  ) {
    super();
    this.addClass("wasinn-models-view");
    this.node.tabIndex = -1;
    this.panel = new Panel(model, showForms(model), asks);
    this.node.append(this.panel.element);
  }

  override dispose(): void {
    if (this.isDisposed) return;
    this.panel.close();
    super.dispose();
  }

  /** Open the form of a model's settings. */
  configure(name: string): void {
    void this.panel.configure(name);
  }

  protected override onBeforeHide(): void {
    this.scrolled = this.node.scrollTop;
  }

  protected override onAfterShow(): void {
    this.node.scrollTop = this.scrolled;
  }
}
