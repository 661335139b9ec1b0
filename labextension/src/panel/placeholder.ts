/** Says why there are no models to show, and offers what helps. */

import type { TranslationBundle } from "@jupyterlab/translation";
import { Widget } from "@lumino/widgets";
import { button, h, setText } from "@frontend/lib/dom";
import { Refused } from "@frontend/lib/link";
import type { IHost } from "../tokens";
import type { Notice } from "./notice";

export class Placeholder extends Widget {
  private readonly headline = h("h3");
  private readonly text = h("p");
  private readonly problem = h("p", { class: "wasinn-error wasinn-foreign", dir: "auto" });
  private readonly hint = h("p", { class: "wasinn-foreign", dir: "auto" });
  private readonly button: HTMLButtonElement;
  private readonly bar: HTMLProgressElement;
  private host: IHost | null = null;

  constructor(private readonly trans: TranslationBundle) {
    super();
    this.addClass("wasinn-models-placeholder");
    this.addClass("wasinn");
    this.node.tabIndex = -1;
    this.button = button("", () => void this.load(), { class: "jp-mod-styled jp-mod-accept" });
    this.bar = h("progress", { class: "wasinn-bar", "aria-label": trans.__("Loading") });
    this.node.append(
      h("div", { role: "status" }, this.headline, this.text),
      h("div", { role: "alert" }, this.problem, this.hint),
      this.button,
      this.bar,
    );
    this.complain();
  }

  say(notice: Notice, host: IHost | null): void {
    if (host !== this.host || notice.loading === "out of question") this.complain();
    this.host = host;
    setText(this.headline, notice.headline);
    setText(this.text, notice.text);
    const underWay = notice.loading === "under way";
    this.button.hidden = notice.loading === "out of question";
    this.bar.hidden = !underWay;
    setText(
      this.button,
      underWay ? this.trans.__("Loading…") : this.trans.__("Load the Extension"),
    );
    // not `disabled`, which would take the focus away from who waits with it
    this.button.setAttribute("aria-disabled", String(underWay));
  }

  /** Load the extension into the kernel that this is about. */
  async load(): Promise<void> {
    const { host } = this;
    if (!host || host.standing === "loading") return;
    this.complain();
    try {
      await host.load();
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      if (host === this.host) this.complain(error.message, error.hint);
    }
  }

  private complain(message = "", hint = ""): void {
    setText(this.problem, message);
    setText(this.hint, hint);
    this.problem.hidden = message === "";
    this.hint.hidden = hint === "";
  }
}
