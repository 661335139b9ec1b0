/** The parts of a form: what most people look for, what some do, and what guests set themselves. */

import { h, setText } from "../lib/dom";
import { trans } from "../lib/translation";
import type { Cell, CellState } from "./field";
import type { Group } from "./types";

const FOLDED = ["more", "request"] as const;

export class Sections {
  readonly element = h("div", {});
  private readonly grids: Record<Group, HTMLElement> = {
    main: grid(),
    more: grid(),
    request: grid(),
  };
  private readonly summaries = { more: h("summary", {}), request: h("summary", {}) };
  private readonly folded: Record<"more" | "request", HTMLDetailsElement>;

  constructor() {
    const fold = (group: "more" | "request"): HTMLDetailsElement =>
      h("details", { class: "wasinn-config-section" }, this.summaries[group], this.grids[group]);
    this.folded = { more: fold("more"), request: fold("request") };
    this.element.append(this.grids.main, this.folded.more, this.folded.request);
  }

  fill(cells: readonly Cell[]): void {
    for (const [group, element] of Object.entries(this.grids)) {
      const own = cells.filter((cell) => cell.field.group === group);
      element.replaceChildren(...own.map((cell) => cell.element));
      element.hidden = own.length === 0;
    }
    for (const group of FOLDED) this.folded[group].hidden = this.grids[group].hidden;
  }

  /** Say on each fold what is in it, so that a pin is seen without unfolding it. */
  count(cells: readonly Cell[], states: readonly CellState[]): void {
    for (const group of FOLDED) {
      const own = states.filter((_, index) => cells[index]?.field.group === group);
      const pinned = own.filter((state) => state.pinned).length;
      const changed = own.filter((state) => state.drafted).length;
      const wrong = own.filter((state) => state.error !== "").length;
      const words = [title(group, own.length)];
      if (pinned) words.push(trans.__("%1 pinned", pinned));
      if (changed) words.push(trans.__("%1 changed", changed));
      if (wrong) words.push(trans.__("%1 to correct", wrong));
      setText(this.summaries[group], words.join(" · "));
    }
  }
}

function title(group: (typeof FOLDED)[number], settings: number): string {
  return group === "more"
    ? trans.__("More settings (%1)", settings)
    : trans.__("For each request (%1)", settings);
}

function grid(): HTMLElement {
  return h("div", { class: "wasinn-config-grid" });
}
