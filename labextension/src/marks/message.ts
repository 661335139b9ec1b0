/** What marks say, as elements and in words. */

import type { TranslationBundle } from "@jupyterlab/translation";
import { h } from "@frontend/lib/dom";
import type { Mark, Severity } from "./mark";

/** A mark's place among all that one can step through. */
export interface Turn {
  readonly number: number;
  readonly of: number;
}

/** The messages of marks at one place, the worst first; the turn is that of the first. */
export function messages(
  marks: readonly Mark[],
  trans: TranslationBundle,
  turn?: Turn,
): HTMLElement {
  const box = h("div", { class: "wasinn-told" }, ...marks.map((mark) => message(mark, trans)));
  if (turn) {
    const count = h("span", { class: "wasinn-marks-turn" }, counted(turn, trans));
    box.querySelector(".wasinn-marks-kind")?.append(count);
  }
  return box;
}

/** What a screen reader says of a mark. */
export function spoken(mark: Mark, trans: TranslationBundle, turn?: Turn): string {
  const what = trans.__("%1 in line %2: %3", kind(mark, trans), mark.line, mark.message);
  return turn ? trans.__("%1 (%2)", what, counted(turn, trans)) : what;
}

function message(mark: Mark, trans: TranslationBundle): HTMLElement {
  const [first = "", ...notes] = mark.message.split("\n");
  const said = h("div", { class: "wasinn-marks-said", dir: "auto" }, first);
  if (notes.length > 0) {
    said.append(h("div", { class: "wasinn-marks-notes" }, notes.join("\n")));
  }
  return h(
    "div",
    { class: `wasinn-marks-message wasinn-marks-${mark.severity}` },
    h("span", { class: "wasinn-mark-icon", "aria-hidden": "true" }),
    h("span", { class: "wasinn-marks-kind" }, kind(mark, trans)),
    said,
  );
}

function kind(mark: Mark, trans: TranslationBundle): string {
  const words: Record<Severity, string> = {
    error: trans.__("Error"),
    trap: trans.__("Trap"),
    warning: trans.__("Warning"),
  };
  return mark.source
    ? trans.__("%1 (%2)", words[mark.severity], mark.source)
    : words[mark.severity];
}

function counted(turn: Turn, trans: TranslationBundle): string {
  return trans.__("%1 of %2", turn.number, turn.of);
}
