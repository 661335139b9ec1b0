/** Marks as an editor draws them: underlines in the text, icons in a gutter. */

import { RangeSet, StateEffect, StateField } from "@codemirror/state";
import type { EditorState, Range } from "@codemirror/state";
import { Decoration, EditorView, GutterMarker, WidgetType } from "@codemirror/view";
import type { DecorationSet } from "@codemirror/view";
import { h } from "@frontend/lib/dom";
import type { Severity } from "./mark";
import type { PlacedMark } from "./place";

/** The worst first: what a line's icon shows, and what is read first. */
const ORDER: readonly Severity[] = ["error", "trap", "warning"];

interface Drawing {
  readonly marks: readonly PlacedMark[];
  readonly underlines: DecorationSet;
  readonly icons: RangeSet<GutterMarker>;
}

export const NO_DRAWING: Drawing = {
  marks: [],
  underlines: Decoration.none,
  icons: RangeSet.of<GutterMarker>([]),
};

/** Draw other marks. */
export const redraw = StateEffect.define<Drawing>();

/** What is drawn in an editor; a change of the text wipes all of it off. */
export const drawingField = StateField.define<Drawing>({
  create: () => NO_DRAWING,
  update(drawing, transaction) {
    for (const effect of transaction.effects) if (effect.is(redraw)) return effect.value;
    return transaction.docChanged ? NO_DRAWING : drawing;
  },
  provide: (field) => EditorView.decorations.from(field, ({ underlines }) => underlines),
});

export function draw(state: EditorState, marks: readonly PlacedMark[]): Drawing {
  if (marks.length === 0) return NO_DRAWING;
  return {
    marks,
    underlines: Decoration.set(
      marks.flatMap((placed) => underline(state, placed)),
      true,
    ),
    icons: icons(state, marks),
  };
}

/** The marks that touch a range, the worst first. */
export function marksWithin(state: EditorState, from: number, to: number): PlacedMark[] {
  return (state.field(drawingField, false)?.marks ?? [])
    .filter((placed) => placed.from <= to && placed.to >= from)
    .sort((a, b) => rank(a) - rank(b));
}

function rank({ mark }: PlacedMark): number {
  return ORDER.indexOf(mark.severity);
}

function underline(state: EditorState, { mark, from, to }: PlacedMark): Range<Decoration>[] {
  const name = `wasinn-underline wasinn-underline-${mark.severity}`;
  const ranges =
    from === to
      ? [Decoration.widget({ widget: new Point(name), side: 1 }).range(from)]
      : [Decoration.mark({ class: name }).range(from, to)];
  // where a guest has stopped is a line, as in a debugger
  if (mark.severity === "trap") {
    const line = state.doc.lineAt(from).from;
    ranges.push(Decoration.line({ class: "wasinn-trap-line" }).range(line));
  }
  return ranges;
}

function icons(state: EditorState, marks: readonly PlacedMark[]): RangeSet<GutterMarker> {
  const worst = new Map<number, PlacedMark>();
  for (const placed of marks) {
    const line = state.doc.lineAt(placed.from).from;
    const other = worst.get(line);
    if (!other || rank(placed) < rank(other)) worst.set(line, placed);
  }
  return RangeSet.of(
    [...worst].map(([line, { mark }]) => new Icon(mark.severity).range(line)),
    true,
  );
}

/** Stands where a line has nothing to underline. */
class Point extends WidgetType {
  constructor(private readonly name: string) {
    super();
  }

  override eq(other: Point): boolean {
    return other.name === this.name;
  }

  override toDOM(): HTMLElement {
    return h("span", { class: `wasinn-underline-point ${this.name}` });
  }
}

class Icon extends GutterMarker {
  constructor(private readonly severity: Severity) {
    super();
  }

  override eq(other: Icon): boolean {
    return other.severity === this.severity;
  }

  override toDOM(): HTMLElement {
    return h("span", { class: `wasinn-mark-icon wasinn-marks-${this.severity}` });
  }
}
