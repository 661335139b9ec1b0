/** One setting: its name, whose word its value is, what it is edited with, and what it means. */

import { button, h, setText } from "../lib/dom";
import { trans } from "../lib/translation";
import { controlFor, type Control } from "./control";
import type { Field, Origin, Raw } from "./types";
import { originText } from "./wording";

/** What a cell shows at the moment. */
export interface CellState {
  raw: Raw;
  origin: Origin;
  /** Changed and not applied. */
  drafted: boolean;
  pinned: boolean;
  /** It differs from what is loaded. */
  reload: boolean;
  error: string;
  remark: string;
}

export interface CellEvents {
  input(key: string, raw: Raw): void;
  undo(key: string): void;
  unpin(key: string): void;
}

export class Cell {
  readonly element: HTMLElement;
  private readonly control: Control;
  private readonly badge = h("span", { class: "wasinn-config-badge" });
  private readonly reload = h(
    "span",
    {
      class: "wasinn-config-badge wasinn-config-badge-reload",
      title: trans.__("differs from what is loaded"),
    },
    trans._p("a setting's badge", "reload"),
  );
  private readonly back: HTMLButtonElement;
  private readonly help: HTMLElement;
  private drafted = false;

  constructor(
    readonly field: Field,
    prefix: string,
    events: CellEvents,
  ) {
    const names = { label: `${prefix}-label`, help: `${prefix}-help` };
    this.control = controlFor(field, names, (raw) => events.input(field.key, raw));
    this.back = button(
      "",
      () => {
        if (this.drafted) events.undo(field.key);
        else events.unpin(field.key);
        if (this.back.hidden) this.control.focus();
      },
      { class: "wasinn-config-back" },
    );
    this.help = h("div", {
      id: names.help,
      class: "wasinn-config-help wasinn-foreign",
      dir: "auto",
    });
    const name = h(
      "span",
      { id: names.label, class: "wasinn-config-name", title: field.help },
      field.key,
    );
    name.addEventListener("click", () => this.control.focus());
    this.element = h(
      "div",
      { class: "wasinn-config-cell", role: "group", "aria-labelledby": names.label },
      h("div", { class: "wasinn-config-head" }, name, this.badge, this.reload, this.back),
      this.control.element,
      this.help,
    );
    this.element.dataset["key"] = field.key;
  }

  show(state: CellState): void {
    const { field } = this;
    this.drafted = state.drafted;
    this.control.show(state.raw);
    this.control.invalid(state.error !== "");
    this.control.remark?.(state.remark);
    const origin = state.drafted ? trans._p("a setting", "changed") : originText(state.origin);
    setText(this.badge, origin);
    this.badge.dataset["origin"] = state.drafted ? "draft" : state.origin;
    this.reload.hidden = !state.reload;
    const [text, label] = state.drafted
      ? [trans.__("Undo"), trans.__("Undo %1", field.key)]
      : [trans.__("Unpin"), trans.__("Unpin %1", field.key)];
    setText(this.back, text);
    this.back.setAttribute("aria-label", label);
    this.back.hidden = !state.drafted && !state.pinned;
    setText(this.help, state.error || field.unavailable || field.help);
    this.help.classList.toggle("wasinn-error", state.error !== "");
    this.element.classList.toggle("wasinn-config-unavailable", field.unavailable !== "");
  }

  focus(): void {
    this.control.focus();
  }
}
