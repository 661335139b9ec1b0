/** One model: a row of the table, and below it what there is to say or to ask about it. */

import { Bar } from "../lib/bar";
import { button, h, setText } from "../lib/dom";
import { trans } from "../lib/translation";
import { icon, type Icon } from "./icons";
import type { Progress, Row } from "./state";
import { detailWords, freedWords, memoryWords, stateWords, usedWords } from "./words";

export type Command =
  "load" | "cancel" | "unload" | "unload_others" | "forget" | "configure" | "dismiss" | "details";

type Column = "name" | "state" | "encoding" | "device" | "memory" | "used" | "users";

/** The columns before that of the buttons: the class of a cell, and its header. */
export function columns(): [Column, string][] {
  return [
    ["name", trans.__("Model")],
    ["state", trans.__("State")],
    ["encoding", trans.__("Encoding")],
    ["device", trans.__("Device")],
    ["memory", trans.__("Memory")],
    ["used", trans.__("Last used")],
    ["users", trans.__("In use by")],
  ];
}

/** For how long the figures of an unload stay, in seconds. */
const FREED_FOR = 15;

/** Milliseconds after which a button is live again even if nothing came of it. */
const PATIENCE = 1000;

function smallButtons(name: string): [Command, Icon, string][] {
  return [
    ["configure", "configure", trans.__("Configure %1", name)],
    ["unload_others", "only", trans.__("Unload all but %1", name)],
    ["forget", "forget", trans.__("Forget %1", name)],
  ];
}

export class RowView {
  /** A row group of its own, so that what is said about a model stays with it. */
  readonly element: HTMLTableSectionElement;
  private readonly cells = new Map<Column, HTMLElement>();
  private readonly buttons = new Map<Command, HTMLButtonElement>();
  private readonly main: HTMLButtonElement;
  private readonly lower: HTMLTableRowElement;
  private readonly below: HTMLTableCellElement;
  private bar: Bar | undefined;
  private trouble: HTMLElement | undefined;
  private details: HTMLElement | undefined;
  private command: Command = "load";
  private doing = "";
  private pending = false;
  private patience: ReturnType<typeof setTimeout> | undefined;
  private refusal: [string, string] | undefined;

  constructor(
    public row: Row,
    private readonly act: (command: Command, view: RowView) => void,
  ) {
    const upper = h("tr", { role: "row" });
    const headers = columns();
    for (const [column, label] of headers) upper.append(this.cell(column, label));
    this.main = this.button("load", "wasinn-panel-main");
    const actions = h("td", { role: "cell", class: "wasinn-panel-actions" }, this.main);
    for (const [command, picture, words] of smallButtons(row.name)) {
      const made = this.button(command, "wasinn-panel-small");
      made.append(icon(picture));
      made.title = words;
      set(made, "aria-label", made.title);
      actions.append(made);
    }
    upper.append(actions);
    this.below = h("td", { role: "cell", colspan: headers.length + 1 });
    this.lower = h("tr", { role: "row", class: "wasinn-panel-lower", hidden: true }, this.below);
    this.element = h("tbody", { role: "rowgroup" }, upper, this.lower);
  }

  /** Show what is known now; `now` by the kernel's clock. */
  update(row: Row, progress: Progress | undefined, now: number): void {
    this.row = row;
    clearTimeout(this.patience);
    this.pending = false;
    this.text("state", stateWords(row, progress?.fraction));
    this.text("encoding", row.encoding);
    this.text("device", row.device);
    this.text("users", row.users.join(", ") || row.wanted_by);
    this.doing = progress?.what ?? "";
    this.element.dataset["state"] = row.state;
    this.showBar(row, progress);
    this.showTrouble(row);
    if (this.details) this.fillDetails(this.details, row);
    this.showMain(row);
    // a guest's own model is not in anybody's hands
    for (const command of ["configure", "forget"] as const) {
      set(this.buttonOf(command), "aria-disabled", String(row.anonymous));
    }
    this.tick(now);
  }

  /** Show what time alone changes. */
  tick(now: number): void {
    const { freed } = this.row;
    const fresh = freed !== null && now - freed.at < FREED_FOR && this.row.state === "registered";
    // what is loading has no figures yet, but something to say
    this.text("memory", this.doing || (fresh ? freedWords(freed) : memoryWords(this.row)));
    this.text("used", usedWords(this.row, now));
  }

  /** A request is on its way; what comes of it shows with the next update. */
  wait(pending = true): void {
    clearTimeout(this.patience);
    this.pending = pending;
    if (pending) {
      this.refusal = undefined;
      this.patience = setTimeout(() => this.wait(false), PATIENCE);
    }
    this.showTrouble(this.row);
    this.showMain(this.row);
  }

  /** The kernel said no to a request. */
  refused(message: string, hint: string): void {
    this.refusal = [message, hint];
    this.wait(false);
  }

  /** Put an element below the row, or take it away. */
  attach(element: HTMLElement): void {
    this.below.append(element);
    this.lower.hidden = false;
  }

  detach(element: HTMLElement): void {
    element.remove();
    this.lower.hidden = this.below.childElementCount === 0;
  }

  /** The button of a command, to give the focus to. */
  buttonOf(command: Command): HTMLButtonElement {
    return this.buttons.get(command) ?? this.main;
  }

  toggleDetails(): void {
    const opener = this.buttonOf("details");
    if (this.details) {
      this.detach(this.details);
      this.details = undefined;
    } else {
      this.details = h("div", { class: "wasinn-panel-details" });
      this.fillDetails(this.details, this.row);
      this.attach(this.details);
    }
    opener.setAttribute("aria-expanded", String(this.details !== undefined));
  }

  private cell(column: Column, label: string): HTMLElement {
    const attributes = { class: `wasinn-panel-${column}`, "data-label": label };
    if (column === "name") {
      const opener = this.button("details", "wasinn-panel-opener");
      opener.setAttribute("aria-expanded", "false");
      opener.textContent = this.row.name;
      opener.dir = "auto"; // so that a name is cut at its own end
      opener.title = this.row.name;
      return h("th", { ...attributes, role: "rowheader", scope: "row" }, opener);
    }
    const words = h("span", { class: "wasinn-panel-words", dir: "auto" });
    this.cells.set(column, words);
    return h("td", { ...attributes, role: "cell" }, words);
  }

  private button(command: Command, className: string): HTMLButtonElement {
    const made = button("", () => this.clicked(command, made), {
      class: `wasinn-button ${className}`,
    });
    this.buttons.set(command, made);
    return made;
  }

  private clicked(command: Command, from: HTMLButtonElement): void {
    // not `disabled`, which would take the focus away from who waits with it on the button
    if (from.getAttribute("aria-disabled") === "true") return;
    this.act(from === this.main ? this.command : command, this);
  }

  private text(column: Column, text: string): void {
    const words = this.cells.get(column);
    if (!words || words.textContent === text) return;
    words.textContent = text;
    words.title = text;
  }

  private showMain(row: Row): void {
    const loading = row.state === "loading" || row.work === "load";
    const there = row.state === "loaded" || row.state === "unloading";
    const { name } = row;
    const [command, words, label] = loading
      ? (["cancel", trans.__("Cancel"), trans.__("Cancel loading %1", name)] as const)
      : there
        ? (["unload", trans.__("Unload"), trans.__("Unload %1", name)] as const)
        : (["load", trans.__("Load"), trans.__("Load %1", name)] as const);
    this.command = command;
    setText(this.main, words);
    set(this.main, "aria-label", label);
    const foreign = loading && row.work !== "load" && row.wanted_by === "";
    this.main.title = foreign
      ? trans.__("A cell is loading it; interrupt the kernel to stop that.")
      : "";
    const ending = row.state === "unloading" || row.work === "unload" || row.work === "forget";
    set(this.main, "aria-disabled", String(this.pending || ending || foreign));
  }

  private showBar(row: Row, progress: Progress | undefined): void {
    if (row.state !== "loading") {
      this.bar?.element.remove();
      this.bar = undefined;
      return;
    }
    if (!this.bar) {
      this.bar = new Bar(trans.__("Loading %1", row.name));
      this.cells.get("state")?.after(this.bar.element);
    }
    this.bar.set(progress?.fraction ?? undefined);
  }

  private showTrouble(row: Row): void {
    const failed = row.state === "failed";
    const [message, hint] = this.refusal ?? row.problem ?? [failed ? row.error : "", ""];
    if (!message) {
      if (this.trouble) this.detach(this.trouble);
      this.trouble = undefined;
      return;
    }
    if (!this.trouble) {
      this.trouble = h("div", { class: "wasinn-panel-trouble", dir: "auto" });
      this.below.prepend(this.trouble);
      this.lower.hidden = false;
    }
    const told = `${message}\n${hint}`;
    if (this.trouble.dataset["told"] === told) return;
    this.trouble.dataset["told"] = told;
    this.trouble.replaceChildren(
      h("span", { class: "wasinn-error wasinn-foreign" }, message),
      h("span", { class: "wasinn-dim wasinn-foreign" }, hint),
    );
    if (!failed) this.trouble.append(this.dismissal(row.name));
  }

  private dismissal(of: string): HTMLButtonElement {
    const made = this.button("dismiss", "wasinn-panel-small");
    made.append(icon("dismiss"));
    set(made, "aria-label", trans.__("Dismiss the message about %1", of));
    return made;
  }

  private fillDetails(list: HTMLElement, row: Row): void {
    const words = detailWords(row);
    const told = JSON.stringify(words);
    if (list.dataset["told"] === told) return;
    list.dataset["told"] = told;
    list.replaceChildren(
      ...words.flatMap(([term, text]) => [
        h("span", { class: "wasinn-dim" }, term),
        h("span", { class: "wasinn-foreign", dir: "auto" }, text),
      ]),
    );
  }
}

function set(element: HTMLElement, name: string, value: string): void {
  if (element.getAttribute(name) !== value) element.setAttribute(name, value);
}
