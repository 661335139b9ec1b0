/** The marks of a cell, for all editors that show it. */

import type { ICodeCellModel } from "@jupyterlab/cells";
import type { CellChange } from "@jupyter/ydoc";
import { Text } from "@codemirror/state";
import { Signal } from "@lumino/signaling";
import type { ISignal } from "@lumino/signaling";
import type { Mark } from "./mark";
import { placeMarks } from "./place";
import type { PlacedMark } from "./place";

const NONE: readonly PlacedMark[] = [];

/** What is wrong with a cell's text; nothing is any more once the text is another. */
export class CellMarks {
  private placed = NONE;
  private readonly _changed = new Signal<this, void>(this);

  constructor(private readonly model: ICodeCellModel) {
    model.sharedModel.changed.connect(this.onTextChanged, this);
    model.outputs.changed.connect(this.onOutputsChanged, this);
  }

  /** The identifier of the cell. */
  get id(): string {
    return this.model.id;
  }

  /** In the order of the text. */
  get marks(): readonly PlacedMark[] {
    return this.placed;
  }

  /** Emitted when there are others, or none any more. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Replace all marks; one whose line has changed meanwhile is left out. */
  set(marks: readonly Mark[]): void {
    const text = Text.of(this.model.sharedModel.getSource().split(/\r\n?|\n/));
    this.replace(placeMarks(text, marks));
  }

  private replace(placed: readonly PlacedMark[]): void {
    if (placed.length === 0 && this.placed.length === 0) return;
    this.placed = placed;
    this._changed.emit();
  }

  private readonly onTextChanged = (_: unknown, change: CellChange): void => {
    if (change.sourceChange) this.replace(NONE);
  };

  /** Marks go with the error that is told below the cell: when that is cleared, and in a new run. */
  private readonly onOutputsChanged = (): void => {
    if (this.model.outputs.length === 0) this.replace(NONE);
  };
}

const known = new WeakMap<ICodeCellModel, CellMarks>();

/** Whether anything is marked in a code cell; asks for nothing to be watched. */
export function isMarked(model: ICodeCellModel): boolean {
  return (known.get(model)?.marks.length ?? 0) > 0;
}

/** The marks of a code cell. */
export function marksOf(model: ICodeCellModel): CellMarks {
  let marks = known.get(model);
  if (!marks) known.set(model, (marks = new CellMarks(model)));
  return marks;
}
