/** A tooltip that is shown in an editor because the user asked for it, and goes by itself. */

import { Prec, StateEffect, StateField } from "@codemirror/state";
import type { Extension, TransactionSpec } from "@codemirror/state";
import { EditorView, keymap, showTooltip } from "@codemirror/view";
import type { Tooltip } from "@codemirror/view";
import { h } from "@frontend/lib/dom";

const CLASS = "wasinn-shown";

interface Shown {
  readonly tooltip: Tooltip;
  /** It goes with the pointer that called it. */
  readonly passing: boolean;
}

const change = StateEffect.define<Shown | null>();

const shownField = StateField.define<Shown | null>({
  create: () => null,
  update(shown, transaction) {
    for (const effect of transaction.effects) if (effect.is(change)) return effect.value;
    return transaction.docChanged || transaction.selection ? null : shown;
  },
  provide: (field) => showTooltip.from(field, (shown) => shown?.tooltip ?? null),
});

/** Lets an editor show tooltips; they go with Escape, a move of the cursor, a change of the text. */
export const shownTooltips: Extension = [
  shownField,
  Prec.highest(keymap.of([{ key: "Escape", run: (view) => hide(view) }])),
  EditorView.focusChangeEffect.of((state, focusing) => {
    const shown = state.field(shownField);
    // the focus goes into a tooltip when its text is selected with the mouse
    if (focusing || !shown || document.activeElement?.closest(`.${CLASS}`)) return null;
    return change.of(null);
  }),
];

/** Whether the user has asked for what is shown now. */
export function isShown(view: EditorView): boolean {
  return view.state.field(shownField, false)?.passing === false;
}

/** What shows `content` at a range of the text, and says `spoken` to those who do not see it. */
export function showing(
  range: { from: number; to: number },
  content: () => HTMLElement,
  spoken: string,
): TransactionSpec {
  const tooltip = { pos: range.from, end: range.to, above: true, create: box(content) };
  return {
    effects: [change.of({ tooltip, passing: false }), EditorView.announce.of(spoken)],
  };
}

/** Show `content` until `hidePassing`. */
export function showPassing(view: EditorView, pos: number, content: () => HTMLElement): void {
  if (isShown(view)) return;
  const tooltip = { pos, above: true, create: box(content) };
  view.dispatch({ effects: change.of({ tooltip, passing: true }) });
}

export function hidePassing(view: EditorView): void {
  if (view.state.field(shownField, false)?.passing) hide(view);
}

/** Hide what is shown; false if nothing is. */
function hide(view: EditorView): boolean {
  if (!view.state.field(shownField, false)) return false;
  view.dispatch({ effects: change.of(null) });
  return true;
}

function box(content: () => HTMLElement): Tooltip["create"] {
  return (view) => {
    const dom = h("div", { class: CLASS, tabindex: -1 }, content());
    dom.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      event.stopPropagation();
      hide(view);
      view.focus();
    });
    dom.addEventListener("focusout", (event) => {
      const to = event.relatedTarget;
      if (to instanceof Node && (dom.contains(to) || view.dom.contains(to))) return;
      hide(view);
    });
    return { dom };
  };
}
