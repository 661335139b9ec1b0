/** The panel: a head with totals, and a table that is kept current row by row. */

import { Announcer } from "../lib/announcer";
import { button, h, setText } from "../lib/dom";
import { Link, Refused, type Message, type Model, type Reach } from "../lib/link";
import { trans } from "../lib/translation";
import { sentences } from "../lib/units";
import { FormPlace, type ShowForm } from "./form";
import { Head } from "./head";
import { focusedIn, moveBetweenRows } from "./keys";
import { Questions } from "./question";
import { columns, RowView, type Command } from "./row";
import { State, type Update } from "./state";
import { announcement, question, type Action, type Asking, type Question } from "./words";

const TICK = 5000;
/** So many rows take no more room than a window has. */
const MANY = 25;

/**
 * A panel over whatever `model` stands for: a widget, or any channel to a session of the kernel's
 * model manager. Without `showForm` there is no configuring.
 */
export class Panel {
  readonly element = h("section", {
    class: "wasinn wasinn-panel",
    "aria-label": trans.__("Models"),
    tabindex: -1,
  });
  private readonly state = new State();
  private readonly views = new Map<string, RowView>();
  private readonly announcer = new Announcer();
  private readonly questions = new Questions();
  private readonly unloadAll = button(
    trans.__("Unload all"),
    () => void this.request("unload_all"),
    {
      class: "wasinn-button",
    },
  );
  private readonly head = new Head(this.unloadAll);
  /** About all models, or about the kernel. */
  private readonly notice = h("div", { class: "wasinn-panel-notice", role: "status" });
  private readonly asked = h("div");
  private readonly empty = h(
    "p",
    { class: "wasinn-dim wasinn-panel-empty" },
    trans.__("No model is registered. Load one in a cell:"),
    " ",
    h("code", { class: "wasinn-code" }, "%wasinn load NAME SOURCE"),
  );
  private readonly table = h("table", { class: "wasinn-table", role: "table" });
  private readonly scrolled = h("div");
  private readonly body = h("fieldset", { class: "wasinn-panel-body", role: "none" });
  private readonly form: FormPlace | undefined;
  private readonly link: Link;
  private readonly timer = setInterval(() => this.tick(), TICK);

  /** @param asks when an unload is asked about; it is agreed to otherwise. */
  constructor(
    model: Model,
    showForm?: ShowForm,
    private readonly asks = (): Asking => "inUse",
  ) {
    this.build();
    const known = model.get("overview");
    if (known) this.show(this.state.welcome(known as Record<string, unknown>));
    this.link = new Link(model, {
      onWelcome: (message) => this.show(this.state.welcome(message)),
      onMessage: (message) => this.received(message),
      onReach: (reach) => this.reached(reach),
    });
    this.form = showForm && new FormPlace(this.link, showForm);
  }

  /** The view goes; the kernel need not tell it anything any more. */
  close(): void {
    clearInterval(this.timer);
    this.announcer.close();
    this.form?.close();
    this.link.tell("bye");
    this.link.close();
  }

  /** Open the form of a model's settings, with the focus in it. */
  async configure(name: string): Promise<void> {
    const view = this.views.get(name);
    if (view) await this.form?.reveal(view);
  }

  private build(): void {
    const headers = columns().map(([column, label]) => {
      const attributes = { role: "columnheader", scope: "col", class: `wasinn-panel-${column}` };
      return h("th", attributes, label);
    });
    const actions = h("span", { class: "wasinn-visually-hidden" }, trans.__("Actions"));
    const last = { role: "columnheader", scope: "col", class: "wasinn-panel-actions" };
    const row = h("tr", { role: "row" }, ...headers, h("th", last, actions));
    this.table.append(
      h("caption", { class: "wasinn-visually-hidden" }, trans.__("Models of this kernel")),
      h("thead", { role: "rowgroup" }, row),
    );
    this.table.addEventListener("keydown", moveBetweenRows);
    this.scrolled.append(this.table);
    this.body.append(this.head.element, this.asked, this.empty, this.scrolled);
    this.element.append(this.notice, this.body, this.announcer.element);
    this.showNumbers();
  }

  // -- what comes from the kernel ---------------------------------------------------------------

  private received(message: Message): void {
    if (message.kind === "anyone") {
      this.link.hello(); // another view has gone; this one is here
    } else if (message.kind === "changed" && !this.state.knows(message)) {
      const update = this.state.change(message);
      if (update) this.show(update);
      else this.link.hello(); // something was missed
    }
  }

  private reached(reach: Reach): void {
    const words = unreachable(reach);
    this.body.disabled = words !== "";
    setText(this.notice, words);
    this.element.dataset["reach"] = reach;
  }

  private show(update: Update | undefined): void {
    if (!update) return;
    const first = this.views.size === 0;
    const now = this.now();
    const said: string[] = [];
    for (const row of update.changed) {
      let view = this.views.get(row.name);
      const words = announcement(view?.row, row);
      if (words && !first) said.push(words);
      if (!view) {
        view = new RowView(row, (command, of) => this.act(command, of));
        this.views.set(row.name, view);
      }
      view.update(row, this.state.progress.get(row.name), now);
    }
    if (update.reordered) said.push(...this.arrange());
    this.questions.review();
    this.showNumbers();
    const many = said.length;
    if (many > 2) this.announcer.say(trans._n("%1 model changed", "%1 models changed", many));
    else if (many > 0) this.announcer.say(said.join(". "));
  }

  private showNumbers(): void {
    this.head.update(this.state.rows.values(), this.state.totals);
    this.empty.hidden = this.views.size > 0;
    this.table.hidden = this.views.size === 0;
    this.unloadAll.hidden = this.views.size === 0;
    this.scrolled.classList.toggle("wasinn-panel-scroll", this.views.size > MANY);
  }

  /** Bring the rows into the kernel's order; returns what is to be said of those that are gone. */
  private arrange(): string[] {
    const focused = focusedIn(this.table);
    const gone = [...this.views].filter(([name]) => !this.state.rows.has(name));
    for (const [name, view] of gone) this.remove(name, view);
    let next = this.table.tBodies[0];
    for (const name of this.state.rows.keys()) {
      const element = this.views.get(name)?.element;
      if (!element) continue;
      if (element === next) next = element.nextElementSibling as HTMLTableSectionElement;
      else this.table.insertBefore(element, next ?? null);
    }
    // an element that is moved loses the focus
    if (focused?.isConnected && !focusedIn(this.table)) focused.focus({ preventScroll: true });
    return gone.map(([name]) => trans.__("%1 was forgotten", name));
  }

  private remove(name: string, view: RowView): void {
    const { element } = view;
    if (focusedIn(element)) {
      const near = element.nextElementSibling ?? element.previousElementSibling;
      // after the last one not the button for all, which goes with it
      const heir = near?.querySelector<HTMLElement>("button") ?? this.element;
      heir.focus({ preventScroll: true });
    }
    this.questions.forget(view);
    this.form?.forget(view);
    element.remove();
    this.views.delete(name);
  }

  private tick(): void {
    if (document.hidden) return;
    const now = this.now();
    for (const view of this.views.values()) view.tick(now);
  }

  /** Seconds since the epoch by the kernel's clock. */
  private now(): number {
    return Date.now() / 1000 + this.state.ahead;
  }

  // -- what the user does -----------------------------------------------------------------------

  private act(command: Command, view: RowView): void {
    if (command === "details") view.toggleDetails();
    else if (command === "configure") void this.form?.toggle(view);
    else void this.request(command, view);
    if (command === "dismiss") view.buttonOf("load").focus(); // the button for it goes
  }

  private async request(
    command: Exclude<Command, "details" | "configure"> | "unload_all",
    view?: RowView,
    agreed: string[] = [],
  ): Promise<void> {
    this.questions.close();
    view?.wait();
    setText(this.notice, "");
    try {
      const careful = this.asks() === "always";
      const values = view ? { name: view.row.name, agreed, careful } : { agreed, careful };
      const answer = await this.link.ask(command, values);
      const confirm = answer["confirm"] as Question | undefined;
      if (confirm && command.startsWith("unload") && this.asks() === "never") {
        await this.request(command, view, confirm.agree);
      } else if (confirm) {
        this.confirm(command as Action, view, confirm);
      }
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      if (view) view.refused(error.message, error.hint);
      else setText(this.notice, sentences(error.message, error.hint));
    }
  }

  private isInUse(users: readonly string[]): boolean {
    return [...this.views.values()].some(({ row }) => row.users.some((one) => users.includes(one)));
  }

  private confirm(action: Action, view: RowView | undefined, of: Question): void {
    view?.wait(false);
    const [text, agree] = question(action, view?.row.name ?? "", of);
    this.questions.ask(text, agree, {
      view,
      place: this.asked,
      opener: view ? view.buttonOf(action as Command) : this.unloadAll,
      holds: () => action === "cancel" || of.users.length === 0 || this.isInUse(of.users),
      yes: () => void this.request(action, view, of.agree),
    });
  }
}

/** Why nothing can be done at the moment; empty if it can. */
function unreachable(reach: Reach): string {
  if (reach === "silent") {
    return trans.__(
      "The kernel does not answer while a cell holds it; the buttons work again when it does.",
    );
  }
  if (reach !== "gone") return "";
  return trans.__(
    "The kernel has gone, and its models with it. Run the cell again for a live panel.",
  );
}
