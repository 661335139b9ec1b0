/** The marks of a notebook: what the kernel has said of its cells, wherever the cells go. */

import type { ICellModel } from "@jupyterlab/cells";
import type { INotebookModel } from "@jupyterlab/notebook";
import type { IObservableList } from "@jupyterlab/observables";
import type { IDisposable } from "@lumino/disposable";
import { Signal } from "@lumino/signaling";
import type { ISignal } from "@lumino/signaling";
import { isCodeCell } from "../editor/cell";
import type { CellMarks } from "./cell";
import { marksOf } from "./cell";
import type { Mark, MarkSet } from "./mark";

interface Known {
  /** What the kernel has sent, to tell news from what it repeats. */
  readonly sent: string;
  /** What holds of it. */
  marks: readonly Mark[];
}

export class NotebookMarks implements IDisposable {
  private readonly known = new Map<string, Known>();
  private readonly _changed = new Signal<this, void>(this);
  private _isDisposed = false;

  constructor(private readonly model: INotebookModel) {
    model.cells.changed.connect(this.onCellsChanged, this);
  }

  /** Emitted when cells got marks or lost some. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    if (this._isDisposed) return;
    this._isDisposed = true;
    Signal.clearData(this);
  }

  /** Take what the kernel says of a cell. */
  take(set: MarkSet): void {
    this.known.set(set.cell, { sent: JSON.stringify(set.marks), marks: set.marks });
    for (const cell of this.model.cells) if (cell.id === set.cell) this.show(cell);
  }

  /** Take what it says again: what is known already stays, also when it holds no longer. */
  repeat(set: MarkSet): void {
    if (this.known.get(set.cell)?.sent !== JSON.stringify(set.marks)) this.take(set);
  }

  private show(model: ICellModel): void {
    const known = this.known.get(model.id);
    if (!known || !isCodeCell(model)) return;
    const cell = marksOf(model);
    cell.changed.connect(this.onMarksChanged, this);
    cell.set(known.marks);
  }

  /** A cell that was moved, or came back, is another model with the same identifier. */
  private readonly onCellsChanged = (
    _: unknown,
    { newValues }: IObservableList.IChangedArgs<ICellModel>,
  ): void => {
    for (const cell of newValues) this.show(cell);
  };

  private readonly onMarksChanged = (cell: CellMarks): void => {
    const known = this.known.get(cell.id);
    if (known && cell.marks.length === 0) known.marks = [];
    this._changed.emit();
  };
}
