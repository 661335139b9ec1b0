/** Whose editor it is. */

import { CodeCellModel } from "@jupyterlab/cells";
import type { ICodeCellModel } from "@jupyterlab/cells";
import type { CodeEditor } from "@jupyterlab/codeeditor";

/** Whether an editor's model is that of a code cell. */
export function isCodeCell(model: CodeEditor.IModel): model is ICodeCellModel & CodeEditor.IModel {
  return model instanceof CodeCellModel;
}
