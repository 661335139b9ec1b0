/** The form of one model's settings, below its row. */

import { h } from "../lib/dom";
import { Refused, type Link, type Message } from "../lib/link";
import { trans } from "../lib/translation";
import { focusedIn } from "./keys";
import type { RowView } from "./row";

/** What the kernel answers that has opened a form: its name, and more that depends on the carrier. */
export type Opened = Message & { form: string };

/**
 * Show a form in an element; returns what takes it away. `ended` is to be called when the form has
 * been closed from within.
 */
export type ShowForm = (
  opened: Opened,
  into: HTMLElement,
  ended: () => void,
) => Promise<() => void>;

interface Open {
  view: RowView;
  form: string;
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
      const opened = await this.link.ask("configure", { name: view.row.name });
      await this.place(view, opened as Opened);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      view.refused(error.message, error.hint);
    } finally {
      this.asking = false;
    }
  }

  /** Open a model's form if it is not, and go there. */
  async reveal(view: RowView): Promise<void> {
    if (this.open?.view !== view) await this.toggle(view);
    this.open?.element.querySelector<HTMLElement>("input, select")?.focus();
  }

  close(): void {
    if (!this.open) return;
    const { view, element, form, end } = this.open;
    this.open = undefined;
    if (focusedIn(element)) view.buttonOf("configure").focus({ preventScroll: true });
    end();
    view.detach(element);
    view.buttonOf("configure").setAttribute("aria-expanded", "false");
    this.link.tell("configured", { form });
  }

  /** A row goes, or its form does. */
  forget(view: RowView): void {
    if (this.open?.view === view) this.close();
  }

  private async place(view: RowView, opened: Opened): Promise<void> {
    const element = h("div", { class: "wasinn-panel-form" });
    const open: Open = { view, form: opened.form, element, end: () => undefined };
    this.open = open;
    view.attach(element);
    view.buttonOf("configure").setAttribute("aria-expanded", "true");
    try {
      const end = await this.show(opened, element, () => this.forget(view));
      if (this.open === open) open.end = end;
      else end(); // closed meanwhile
    } catch (error) {
      this.forget(view);
      view.refused(trans.__("The form could not be shown."), String(error));
    }
  }
}
