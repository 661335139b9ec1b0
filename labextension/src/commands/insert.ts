/** Inserting a guest cell that runs at once. */

import { isCodeCellModel, type Cell } from "@jupyterlab/cells";
import { NotebookActions, type Notebook, type NotebookPanel } from "@jupyterlab/notebook";
import { PROMPT } from "../skeletons/prompt";
import { choose } from "./asking";
import { buildable, languageName } from "./cells";
import { currentNotebook, type Command, type Context } from "./context";
import { preparation } from "./preparing";

export function insertGuest(context: Context): Command {
  const { hosts, trans } = context;
  const languages = (): string[] => {
    const panel = currentNotebook(context);
    return buildable((panel && hosts.of(panel.sessionContext)?.languages) ?? []);
  };
  const words = {
    title: trans.__("Insert Guest Cell"),
    question: trans.__("Insert a guest in which language?"),
    okLabel: trans.__("Insert"),
  };
  return {
    label: ({ language, isMenu }) => {
      if (typeof language !== "string") return trans.__("Insert Guest Cell…");
      const name = languageName(language, trans);
      return isMenu === true ? name : trans.__("Insert %1 Guest Cell", name); // the menu says so
    },
    caption: trans.__(
      "Insert a WebAssembly guest below the active cell, and run what it needs first",
    ),
    describedBy: {
      args: {
        type: "object",
        properties: {
          language: {
            type: "string",
            description: trans.__("A language that the kernel can build; asked for if left out"),
          },
          isMenu: {
            type: "boolean",
            description: trans.__("Whether it stands in a menu that says the rest"),
          },
        },
      },
    },
    isEnabled: () => {
      const panel = currentNotebook(context);
      if (panel?.content.model?.readOnly !== false) return false;
      return hosts.of(panel.sessionContext)?.standing !== "unsuited"; // another language's
    },
    isVisible: ({ language }) => typeof language !== "string" || languages().includes(language),
    execute: async (args) => {
      const panel = currentNotebook(context);
      const language =
        typeof args["language"] === "string"
          ? args["language"]
          : await choose(words, languages(), (one) => languageName(one, trans));
      if (panel && language !== undefined) await insert(context, panel, language);
    },
  };
}

/** Insert the cell, and before it one that prepares, which is run. */
async function insert(context: Context, panel: NotebookPanel, language: string): Promise<void> {
  const { hosts, dialogs, translator } = context;
  const { guestCell } = await import("../skeletons/cell");
  const notebook = panel.content;
  if (!notebook.model || panel.isDisposed) return;
  const at = notebook.activeCell ? notebook.activeCellIndex + 1 : 0;
  const above = notebook.widgets.slice(0, at).map(({ model }) => model);
  const { lines, model } = preparation(
    hosts.of(panel.sessionContext),
    above.filter(isCodeCellModel).map(({ sharedModel }) => sharedModel.getSource()),
  );
  const sources = [guestCell(language, model)];
  if (lines.length > 0) sources.unshift(lines.join("\n"));
  // in one step, and so for an undo too
  notebook.model.sharedModel.insertCells(
    at,
    sources.map((source) => ({ cell_type: "code", source, metadata: { trusted: true } })),
  );
  const [preparing] = notebook.widgets.slice(at, at + sources.length - 1);
  if (preparing) {
    void NotebookActions.runCells(notebook, [preparing], panel.sessionContext, dialogs, translator);
  }
  await edit(notebook, at + sources.length - 1);
}

/** Let the user write into a cell: the prompt first, else at its end. */
async function edit(notebook: Notebook, index: number): Promise<void> {
  const cell: Cell | undefined = notebook.widgets[index];
  if (!cell) return;
  notebook.deselectAll();
  notebook.activeCellIndex = index;
  await notebook.scrollToItem(index, "smart");
  await cell.ready;
  notebook.mode = "edit";
  const { editor, model } = cell;
  if (!editor) return;
  const source = model.sharedModel.getSource();
  const from = source.indexOf(PROMPT);
  const start = from < 0 ? source.length : from;
  const end = from < 0 ? source.length : from + PROMPT.length;
  const place = (offset: number) => editor.getPositionAt(offset) ?? { line: 0, column: 0 };
  editor.setSelection({ start: place(start), end: place(end) });
  editor.focus();
}
