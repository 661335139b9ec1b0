/** The marks of a notebook, and the way to them. */

import type { CodeCell } from "@jupyterlab/cells";
import { CodeMirrorEditor } from "@jupyterlab/codemirror";
import type { Notebook } from "@jupyterlab/notebook";
import { NotebookActions } from "@jupyterlab/notebook";
import type { EditorView } from "@codemirror/view";
import { isCodeCell } from "../editor/cell";
import { isMarked, marksOf } from "./cell";
import type { Position, Stop } from "./order";

/** All marks of a notebook, in the order of its cells and their texts. */
export function stopsOf(notebook: Notebook): Stop[] {
  return notebook.widgets.flatMap(({ model }, cell) =>
    isCodeCell(model) ? marksOf(model).marks.map((placed) => ({ cell, placed })) : [],
  );
}

/** Whether a notebook has a mark. */
export function hasMarks(notebook: Notebook): boolean {
  return notebook.widgets.some(({ model }) => isCodeCell(model) && isMarked(model));
}

export function positionIn(notebook: Notebook): Position {
  const editor = notebook.mode === "edit" ? notebook.activeCell?.editor : null;
  const offset = editor ? editor.getOffsetAt(editor.getCursorPosition()) : -1;
  return { cell: notebook.activeCellIndex, offset };
}

/** Make a cell's editor ready to be written in, wherever the cell is; null if it has gone meanwhile. */
export async function reveal(notebook: Notebook, index: number): Promise<EditorView | null> {
  const cell = notebook.widgets[index] as CodeCell | undefined;
  if (!cell) return null;
  NotebookActions.expandParent(cell, notebook);
  cell.inputHidden = false;
  notebook.deselectAll();
  notebook.activeCellIndex = index;
  await notebook.scrollToItem(index);
  await cell.ready;
  if (cell.isDisposed) return null;
  notebook.mode = "edit";
  return cell.editor instanceof CodeMirrorEditor ? cell.editor.editor : null;
}
