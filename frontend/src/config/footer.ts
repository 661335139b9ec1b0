/** The end of a form: what Apply would do, the buttons, the progress of a load, what came of it. */

import { Bar } from "../lib/bar";
import { button, h, setText } from "../lib/dom";
import { trans } from "../lib/translation";
import { percent, sentences } from "../lib/units";
import type { Outcome, Work } from "./types";
import type { Action } from "./wording";

export interface FooterEvents {
  apply(action: Action): void;
  revert(): void;
  unpinAll(): void;
  cancel(): void;
}

export interface FooterState {
  action: Action;
  changes: number;
  pins: number;
  work: Work;
  outcome: Outcome;
  notes: readonly string[];
  /** What to say in place of all else: the kernel cannot be reached, or the model is gone. */
  blocked: string;
}

export class Footer {
  readonly element: HTMLElement;
  private readonly said = h("div", {
    class: "wasinn-config-said wasinn-foreign",
    dir: "auto",
    role: "status",
  });
  private readonly notes = h("div", { class: "wasinn-warning wasinn-foreign", dir: "auto" });
  private readonly apply: HTMLButtonElement;
  private readonly revert: HTMLButtonElement;
  private readonly unpin: HTMLButtonElement;
  private readonly cancel: HTMLButtonElement;
  private readonly bar = new Bar(trans.__("Loading"));
  private readonly doing = h("span", { class: "wasinn-grow wasinn-foreign wasinn-figures" });
  private readonly buttons: HTMLElement;
  private readonly progress: HTMLElement;
  private action: Action | undefined;
  private able = false;

  constructor(prefix: string, events: FooterEvents) {
    this.said.id = `${prefix}-said`;
    this.apply = button(
      trans.__("Apply"),
      () => this.able && this.action && events.apply(this.action),
      {
        class: "wasinn-button wasinn-button-primary",
        "aria-describedby": this.said.id,
      },
    );
    this.revert = button(trans.__("Undo changes"), () => events.revert(), {
      class: "wasinn-button",
    });
    this.unpin = button(trans.__("Unpin all"), () => events.unpinAll(), { class: "wasinn-button" });
    this.cancel = button(trans.__("Cancel"), () => events.cancel(), { class: "wasinn-button" });
    this.buttons = h("div", { class: "wasinn-row" }, this.apply, this.revert, this.unpin);
    this.progress = h("div", { class: "wasinn-row" }, this.cancel, this.doing, this.bar.element);
    this.element = h(
      "div",
      { class: "wasinn-config-footer" },
      this.notes,
      this.said,
      this.buttons,
      this.progress,
    );
  }

  show(state: FooterState): void {
    const { action, work, outcome } = state;
    const busy = work.what !== "";
    this.action = action;
    const ended = sentences(outcome.message, outcome.hint);
    // why it loads stays there while it does
    if (!busy) setText(this.said, state.blocked || ended || action.reason);
    this.said.classList.toggle("wasinn-error", !busy && !state.blocked && !outcome.ok);
    setText(this.apply, action.label);
    this.able = action.enabled && state.blocked === "";
    // not really disabled: it keeps the focus, and says why it does nothing
    this.apply.setAttribute("aria-disabled", String(!this.able));
    this.disable(this.revert, state.changes === 0);
    this.disable(this.unpin, state.pins === 0 || state.blocked !== "");
    this.swap(busy);
    this.cancel.setAttribute("aria-disabled", String(work.cancelling));
    const done = work.fraction === null ? "" : ` ${percent(work.fraction)}`;
    setText(this.doing, work.cancelling ? trans.__("cancelling") : `${work.what}${done}`);
    this.bar.set(work.fraction ?? undefined);
    setText(this.notes, sentences(...state.notes));
    this.notes.hidden = state.notes.length === 0;
  }

  /** Buttons or progress; the focus goes along, so that a keyboard does not lose its place. */
  private swap(busy: boolean): void {
    if (this.progress.hidden !== busy && this.buttons.hidden === busy) return;
    const [from, to] = busy ? [this.buttons, this.progress] : [this.progress, this.buttons];
    const had = from.contains(from.ownerDocument.activeElement);
    from.hidden = true;
    to.hidden = false;
    if (had) (busy ? this.cancel : this.apply).focus();
  }

  private disable(button: HTMLButtonElement, disabled: boolean): void {
    if (disabled && button.ownerDocument.activeElement === button) this.apply.focus();
    button.disabled = disabled;
  }
}
