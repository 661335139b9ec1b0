/** The form: it shows what the kernel says of a model, and tells the kernel what is changed. */

import { button, h, setText } from "../lib/dom";
import { kernelEnded } from "../lib/kernel";
import { Link, Refused, type Model, type Reach } from "../lib/link";
import { trans } from "../lib/translation";
import { formatBytes, sentences } from "../lib/units";
import { Draft } from "./draft";
import { EstimateView, fit, memoryOf } from "./estimate";
import { Cell, type CellState } from "./field";
import { Footer } from "./footer";
import { leave } from "./leave";
import { Sections } from "./sections";
import { settled } from "./settled";
import { State, TRAITS } from "./state";
import { Throttle } from "./throttle";
import type { Field, Outcome, Raw } from "./types";
import { actionFor, type Action } from "./wording";

const DRAFT_INTERVAL = 50;
/** After the kernel has put a table in place of the form, time for that to be painted. */
const REPLACED_WITHIN = 1000;

let forms = 0;

export class Form {
  readonly element = h("div", { class: "wasinn wasinn-config" });
  private readonly prefix = `wasinn-config-${forms++}`;
  private readonly state: State;
  private readonly link: Link;
  private readonly draft = new Draft();
  private readonly estimate = new EstimateView();
  private readonly footer: Footer;
  private readonly sections: Sections;
  private readonly detail = h("span", { class: "wasinn-dim wasinn-grow wasinn-foreign" });
  private readonly throttle = new Throttle(DRAFT_INTERVAL, () => this.sendDraft());
  private readonly controls: HTMLFieldSetElement;
  private cells: Cell[] = [];
  private built: Field[] = [];
  private refusal: Outcome | undefined;
  private remaining: ReturnType<typeof setTimeout> | undefined;
  private scheduled = false;
  private closed = false;
  private applying = false;
  private applied = -1;
  private readonly changed = (): void => this.schedule();

  constructor(private readonly model: Model) {
    this.state = new State(model);
    this.footer = new Footer(this.prefix, {
      apply: (action) => this.apply(action),
      revert: () => this.edit(() => this.draft.reset()),
      unpinAll: () => this.edit(() => this.draft.reset(this.pins())),
      cancel: () => void this.ask("cancel"),
    });
    this.sections = new Sections();
    const title = h(
      "strong",
      { class: "wasinn-foreign", id: `${this.prefix}-title` },
      this.state.name,
    );
    const close = button(trans.__("Close"), () => void this.ask("close"), {
      class: "wasinn-button",
      title: this.placed
        ? trans.__("Leave a table of the settings in place of this form")
        : undefined,
    });
    this.controls = h(
      "fieldset",
      { class: "wasinn-config-controls", "aria-labelledby": `${this.prefix}-title` },
      this.sections.element,
    );
    this.element.append(
      h("div", { class: "wasinn-row wasinn-config-title" }, title, this.detail, close),
      this.controls,
      h("div", { class: "wasinn-config-end" }, this.estimate.element, this.footer.element),
    );
    this.element.addEventListener("keydown", (event) => this.pressed(event));
    for (const trait of TRAITS) model.on(`change:${trait}`, this.changed);
    this.link = new Link(model, { onReach: (reach) => this.reached(reach) });
    this.draft.adopt(this.state.prospect);
    this.render();
  }

  close(): void {
    this.closed = true;
    for (const trait of TRAITS) this.model.off(`change:${trait}`, this.changed);
    clearTimeout(this.remaining);
    this.throttle.cancel();
    this.link.close();
  }

  // -- what a person does ------------------------------------------------------------------------

  private edit(change: () => void): void {
    change();
    this.refusal = undefined;
    this.throttle.request();
    this.render();
  }

  private sendDraft(): void {
    void this.ask("draft", { ...this.draft.message() });
  }

  private apply(action: Action): void {
    const revision = this.draft.revision;
    // the second click of two; with a change between them it is meant
    if (this.applied === revision && (this.applying || this.state.work.what)) return;
    this.applied = revision;
    this.applying = true;
    this.throttle.flush();
    void this.ask("apply", { stop: action.stop }).finally(() => (this.applying = false));
  }

  private async ask(kind: string, values: Record<string, unknown> = {}): Promise<void> {
    try {
      await this.link.ask(kind, values);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      this.refusal = { ok: false, message: error.message, hint: error.hint };
      this.render();
    }
  }

  /** Enter in a field applies; keys that a control uses are not the notebook's. */
  private pressed(event: KeyboardEvent): void {
    const field = event.target instanceof HTMLInputElement && event.target.type === "text";
    const plain = !event.ctrlKey && !event.metaKey && !event.altKey && !event.shiftKey;
    if (!plain) return;
    if (event.key === "Enter" && field) {
      event.preventDefault();
      const action = this.action();
      if (action.enabled && !this.blocked()) this.apply(action);
    }
    event.stopPropagation();
  }

  // -- what is shown -----------------------------------------------------------------------------

  private reached(reach: Reach): void {
    if (reach === "gone" && kernelEnded(this.model)) this.leave();
    this.schedule();
  }

  private schedule(): void {
    if (this.scheduled) return;
    this.scheduled = true;
    queueMicrotask(() => {
      this.scheduled = false;
      if (this.closed) return;
      this.draft.adopt(this.state.prospect);
      this.render();
    });
  }

  private render(): void {
    const { state, draft } = this;
    if (state.ended) {
      this.end();
      return;
    }
    const { model, prospect, work } = state;
    this.build();
    setText(this.detail, model.detail);
    this.detail.title = model.detail;
    this.controls.disabled = model.gone !== "";
    const states = this.cells.map((cell) => this.cellState(cell.field));
    this.cells.forEach((cell, index) => {
      const shown = states[index];
      if (shown) cell.show(shown);
    });
    this.sections.count(this.cells, states);
    this.estimate.show(prospect.estimate, prospect.places);
    this.footer.show({
      action: this.action(),
      changes: draft.keys.length,
      pins: this.pins().length,
      work,
      outcome: this.refusal ?? state.outcome,
      notes: prospect.notes,
      blocked: this.blocked(),
    });
  }

  private build(): void {
    const { fields } = this.state;
    if (fields === this.built) return;
    this.built = fields;
    const focused = this.focusedKey();
    this.cells = fields.map(
      (field) =>
        new Cell(field, `${this.prefix}-${field.key}`, {
          input: (key, raw) => this.input(key, raw),
          undo: (key) => this.edit(() => this.draft.undo(key)),
          unpin: (key) => this.edit(() => this.draft.unpin(key)),
        }),
    );
    this.sections.fill(this.cells);
    if (focused) this.cells.find((cell) => cell.field.key === focused)?.focus();
  }

  private input(key: string, raw: Raw): void {
    this.edit(() => this.draft.change(key, raw, this.state.model.values[key]));
  }

  private cellState(field: Field): CellState {
    const { draft } = this;
    const { model, prospect } = this.state;
    const now = model.values[field.key] ?? { value: field.default, origin: "default" as const };
    const then = draft.unpins(field.key) ? (prospect.values[field.key] ?? now) : now;
    const raw = draft.raw(field.key);
    const drafted = draft.has(field.key);
    const needs = prospect.estimate
      ? trans.__("needs %1", formatBytes(prospect.estimate.total))
      : "";
    return {
      raw: raw === undefined ? then.value : raw,
      origin: now.origin,
      drafted,
      pinned: now.origin === "pin",
      reload: prospect.reload.includes(field.key),
      error: drafted ? (prospect.errors[field.key] ?? "") : "",
      remark: field.scope === "model" || field.scope === "context" ? needs : "",
    };
  }

  private action(): Action {
    const { draft } = this;
    const { model, prospect, fields } = this.state;
    return actionFor({
      changed: fields.filter((field) => draft.has(field.key)),
      errors: Object.keys(prospect.errors).filter((key) => draft.has(key)),
      problem: prospect.problem,
      reload: prospect.reload,
      loaded: model.loaded,
      users: model.users,
      over: prospect.places.filter((place) => fit(place) === "over").map(memoryOf),
    });
  }

  private blocked(): string {
    const { model } = this.state;
    if (model.gone !== "") return model.gone;
    if (this.link.reach === "silent") {
      return trans.__("The kernel does not answer at the moment. This form goes on when it does.");
    }
    if (this.link.reach !== "gone") return "";
    const again = this.placed ? trans.__("Run the cell again.") : "";
    return sentences(trans.__("The kernel has gone."), again);
  }

  /** Whether it is the output of a cell, which a table can replace. */
  private get placed(): boolean {
    return this.state.reference !== "";
  }

  private pins(): string[] {
    const { values } = this.state.model;
    return Object.keys(values).filter((key) => values[key]?.origin === "pin");
  }

  private focusedKey(): string | undefined {
    const focused = this.element.ownerDocument.activeElement;
    const cell = this.element.contains(focused) ? focused?.closest("[data-key]") : undefined;
    return cell?.getAttribute("data-key") ?? undefined;
  }

  /** The kernel puts a table in place of this output; where it cannot reach it, we are the table. */
  private end(): void {
    this.element.replaceChildren(settled(this.state));
    this.remaining ??= setTimeout(() => {
      if (!this.leave()) this.link.tell("remains");
    }, REPLACED_WITHIN);
  }

  private leave(): boolean {
    return leave(this.model, this.state.reference, settled(this.state));
  }
}
