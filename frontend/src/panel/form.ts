/** The form of one model's settings, below its row. */

import { h } from "../lib/dom";
import { Refused, type Link } from "../lib/link";
import { focusedIn } from "./keys";
import type { RowView } from "./row";

/**
 * Show the form that the kernel calls so in an element; returns what takes it away. `ended` is to
 * be called when the form has been closed from within.
 */
export type ShowForm = (
  reference: string,
  into: HTMLElement,
  ended: () => void,
) => Promise<() => void>;

interface Open {
  view: RowView;
  reference: string;
  element: HTMLElement;
  end: () => void;
}

export class FormPlace {
  private open: Open | undefined;
  private asking = false;

  constructor(
    private readonly link: Link,
    private readonly show: ShowForm,
  ) {}

  /** Open a model's form, or close it; one is open at a time. */
  async toggle(view: RowView): Promise<void> {
    if (this.asking) return;
    const same = this.open?.view === view;
    this.close();
    if (same) return;
    this.asking = true;
    try {
      const { form } = await this.link.ask("configure", { name: view.row.name });
      await this.place(view, String(form));
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      view.refused(error.message, error.hint);
    } finally {
      this.asking = false;
    }
  }

  close(): void {
    if (!this.open) return;
    const { view, element, reference, end } = this.open;
    this.open = undefined;
    if (focusedIn(element)) view.buttonOf("configure").focus({ preventScroll: true });
    end();
    view.detach(element);
    view.buttonOf("configure").setAttribute("aria-expanded", "false");
    this.link.tell("configured", { form: reference });
  }

  /** A row goes, or its form does. */
  forget(view: RowView): void {
    if (this.open?.view === view) this.close();
  }

  private async place(view: RowView, reference: string): Promise<void> {
    const element = h("div", { class: "wasinn-panel-form" });
    const open: Open = { view, reference, element, end: () => undefined };
    this.open = open;
    view.attach(element);
    view.buttonOf("configure").setAttribute("aria-expanded", "true");
    try {
      const end = await this.show(reference, element, () => this.forget(view));
      if (this.open === open) open.end = end;
      else end(); // closed meanwhile
    } catch (error) {
      this.forget(view);
      view.refused("The form could not be shown.", String(error));
    }
  }
}
