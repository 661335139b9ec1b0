/** Cells and notebooks as JupyterLab has them, without a page. */

import { NotebookModel } from "@jupyterlab/notebook";
import type { ICellModel, ICodeCellModel } from "@jupyterlab/cells";
import type { Mark, Severity } from "../../src/marks/mark";

export function mark(line: number, text: string, rest: Partial<Mark> = {}): Mark {
  const severity: Severity = "error";
  return { severity, line, column: 1, text, message: `wrong: ${text}`, source: "clang", ...rest };
}

/** A notebook of code cells with the identifiers `a`, `b`, ... */
export function notebook(...sources: string[]): NotebookModel {
  const model = new NotebookModel();
  model.sharedModel.insertCells(
    0,
    sources.map((source, index) => ({
      cell_type: "code",
      id: String.fromCharCode(97 + index),
      source,
      metadata: {},
      outputs: [],
    })),
  );
  return model;
}

export function codeCell(model: NotebookModel, index: number): ICodeCellModel {
  const cell: ICellModel = model.cells.get(index);
  return cell as ICodeCellModel;
}
