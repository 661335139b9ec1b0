/** The editor of a cell with its marks: drawn, told about at the pointer, gone with a change. */

import { Compartment } from "@codemirror/state";
import type { EditorState, Extension, StateEffect } from "@codemirror/state";
import { EditorView, ViewPlugin, gutter, hoverTooltip } from "@codemirror/view";
import type { BlockInfo, PluginValue, ViewUpdate } from "@codemirror/view";
import type { TranslationBundle } from "@jupyterlab/translation";
import { hidePassing, isShown, showPassing, shownTooltips, showing } from "../editor/shown";
import type { CellMarks } from "./cell";
import { draw, drawingField, marksWithin, redraw } from "./drawing";
import { messages, spoken } from "./message";
import type { Turn } from "./message";
import { placeMarks } from "./place";
import type { PlacedMark } from "./place";

const HOVER_MS = 300;

/** The gutter is there while it is needed, for it takes room. */
const gutterSlot = new Compartment();
const NO_GUTTER: Extension = [];

/** What draws a cell's marks in an editor of it. */
export function markedEditor(cell: CellMarks, trans: TranslationBundle): Extension {
  const icons = iconGutter(trans);
  return [
    drawingField.init((state) => drawingOf(cell, state)),
    gutterSlot.of(cell.marks.length > 0 ? icons : NO_GUTTER),
    ViewPlugin.define((view) => new Follower(view, cell, icons)),
    // an empty gutter stays while one types: the text must not move under the hands
    EditorView.focusChangeEffect.of((state, focusing) => (focusing ? null : emptied(state))),
    hoverTooltip((view, pos, side) => hovered(view, pos, side, trans), {
      hideOnChange: true,
      hoverTime: HOVER_MS,
    }),
    shownTooltips,
  ];
}

/** Put the cursor to a mark and show what it says. */
export function visit(
  view: EditorView,
  placed: PlacedMark,
  trans: TranslationBundle,
  turn?: Turn,
): void {
  const here = marksWithin(view.state, placed.from, placed.from).map(({ mark }) => mark);
  const { mark } = placed;
  const others = here.filter((other) => other !== mark);
  view.dispatch(
    { selection: { anchor: placed.from }, scrollIntoView: true },
    showing(placed, () => messages([mark, ...others], trans, turn), spoken(mark, trans, turn)),
  );
}

/** Keeps an editor's drawing as the cell's marks are. */
class Follower implements PluginValue {
  constructor(
    private readonly view: EditorView,
    private readonly cell: CellMarks,
    private readonly icons: Extension,
  ) {
    cell.changed.connect(this.follow, this);
  }

  update({ docChanged, view }: ViewUpdate): void {
    if (docChanged && !view.hasFocus) queueMicrotask(() => this.settle());
  }

  destroy(): void {
    this.cell.changed.disconnect(this.follow, this);
  }

  private readonly follow = (): void => {
    const { state } = this.view;
    const drawing = drawingOf(this.cell, state);
    // a change of the text has wiped them off already, and an editor that updates takes nothing
    if (drawing === state.field(drawingField)) return;
    const effects: StateEffect<unknown>[] = [redraw.of(drawing)];
    const slot = drawing.marks.length > 0 ? this.icons : NO_GUTTER;
    if (gutterSlot.get(state) !== slot) effects.push(gutterSlot.reconfigure(slot));
    this.view.dispatch({ effects });
  };

  private settle(): void {
    const effect = emptied(this.view.state);
    if (effect) this.view.dispatch({ effects: effect });
  }
}

function drawingOf(cell: CellMarks, state: EditorState): ReturnType<typeof draw> {
  const marks = cell.marks.map(({ mark }) => mark);
  return draw(state, placeMarks(state.doc, marks));
}

/** What takes away a gutter in which there is nothing. */
function emptied(state: EditorState): StateEffect<unknown> | null {
  const needed = state.field(drawingField).marks.length > 0;
  return needed || gutterSlot.get(state) === NO_GUTTER ? null : gutterSlot.reconfigure(NO_GUTTER);
}

function iconGutter(trans: TranslationBundle): Extension {
  return gutter({
    class: "wasinn-mark-gutter",
    markers: (view) => view.state.field(drawingField).icons,
    domEventHandlers: {
      mouseover: (view, line, event) => {
        const marks = onIcon(event) ? marksWithin(view.state, line.from, line.to) : [];
        if (marks[0]) showPassing(view, marks[0].from, () => told(marks, trans));
        return false;
      },
      mouseout: (view) => {
        hidePassing(view);
        return false;
      },
      mousedown: (view, line, event) => onIcon(event) && visitLine(view, line, trans),
    },
  });
}

function onIcon(event: Event): boolean {
  return event.target instanceof Element && event.target.matches(".wasinn-mark-icon");
}

function visitLine(view: EditorView, line: BlockInfo, trans: TranslationBundle): boolean {
  const marks = marksWithin(view.state, line.from, line.to);
  const [first] = marks;
  if (!first) return false;
  view.focus();
  visit(view, first, trans);
  return true;
}

function hovered(view: EditorView, pos: number, side: number, trans: TranslationBundle) {
  if (isShown(view)) return null;
  const marks = marksWithin(view.state, pos, pos).filter(
    ({ from, to }) => from === to || (side > 0 ? pos < to : pos > from),
  );
  const [first] = marks;
  if (!first) return null;
  const create = () => ({ dom: told(marks, trans) });
  return { pos: first.from, end: first.to, above: true, create };
}

function told(marks: readonly PlacedMark[], trans: TranslationBundle): HTMLElement {
  return messages(
    marks.map(({ mark }) => mark),
    trans,
  );
}
