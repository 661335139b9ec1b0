/** The line above the table: how many models, and where the memory is. */

import { h, setText } from "../lib/dom";
import { trans } from "../lib/translation";
import type { Row, Totals } from "./state";
import { summary, totalsWords } from "./words";

export class Head {
  readonly element: HTMLElement;
  private readonly summary = h("span", { class: "wasinn-dim wasinn-figures", dir: "auto" });
  private readonly totals = h("span", { class: "wasinn-panel-totals wasinn-figures" });

  constructor(action: HTMLElement) {
    this.element = h(
      "div",
      { class: "wasinn-row wasinn-panel-head" },
      h("span", { class: "wasinn-panel-title" }, trans.__("Models")),
      this.summary,
      this.totals,
      action,
    );
  }

  update(rows: Iterable<Row>, totals: Totals | undefined): void {
    setText(this.summary, summary(rows));
    if (!totals) return;
    const words = totalsWords(totals);
    if (this.totals.childElementCount !== words.length) {
      const pair = (): Element =>
        h("span", { dir: "auto" }, h("span", { class: "wasinn-dim" }), " ", h("span"));
      this.totals.replaceChildren(...words.map(pair));
    }
    for (const [index, [label, figure]] of words.entries()) {
      const [term, value] = this.totals.children[index]?.children ?? [];
      if (term) setText(term, label);
      if (value) setText(value, figure);
    }
  }
}
