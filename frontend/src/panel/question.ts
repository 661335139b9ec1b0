/** Questions in the panel itself: no window in front of the notebook, and Escape is no. */

import { button, h } from "../lib/dom";
import { trans } from "../lib/translation";
import { focusedIn } from "./keys";
import type { RowView } from "./row";

interface Question {
  /** The row that it is about, else `place` holds it. */
  view: RowView | undefined;
  place: HTMLElement;
  /** What gets the focus back. */
  opener: HTMLElement;
  /** Whether there is still anything to ask. */
  holds: () => boolean;
  yes: () => void;
}

/** At most one question is open. */
export class Questions {
  private open: { of: Question; element: HTMLElement } | undefined;

  /** Ask, with the focus on the button that says yes. */
  ask(text: string, agree: string, of: Question): void {
    this.close();
    const yes = button(agree, () => this.answer(of.yes), {
      class: "wasinn-button wasinn-button-primary",
      "aria-description": text, // is read with the button as it gets the focus
    });
    const no = button(trans.__("Keep"), () => this.answer(), { class: "wasinn-button" });
    const words = h("span", { class: "wasinn-foreign", dir: "auto" }, text);
    const attributes = { class: "wasinn-row wasinn-panel-question", role: "group" };
    const element = h("div", { ...attributes, "aria-label": text }, words, yes, no);
    element.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      event.preventDefault();
      event.stopPropagation();
      this.answer();
    });
    this.open = { of, element };
    if (of.view) of.view.attach(element);
    else of.place.append(element);
    yes.focus();
  }

  /** Take away a question that what has happened since has answered. */
  review(): void {
    if (!this.open || this.open.of.holds()) return;
    if (focusedIn(this.open.element)) this.answer();
    else this.close();
  }

  /** Take an open question away, as a no without words. */
  close(): void {
    if (!this.open) return;
    const { of, element } = this.open;
    this.open = undefined;
    if (of.view) of.view.detach(element);
    else element.remove();
  }

  /** A row goes, and a question about it. */
  forget(view: RowView): void {
    if (this.open?.of.view === view) this.open = undefined;
  }

  private answer(then?: () => void): void {
    this.open?.of.opener.focus({ preventScroll: true });
    this.close();
    then?.();
  }
}
