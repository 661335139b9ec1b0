/** Errors, warnings and traps of guest cells, marked where they are. */

import type { JupyterFrontEnd, JupyterFrontEndPlugin } from "@jupyterlab/application";
import { ICommandPalette } from "@jupyterlab/apputils";
import { EditorExtensionRegistry, IEditorExtensionRegistry } from "@jupyterlab/codemirror";
import { INotebookTracker } from "@jupyterlab/notebook";
import type { Notebook } from "@jupyterlab/notebook";
import { ITranslator, nullTranslator } from "@jupyterlab/translation";
import type { TranslationBundle } from "@jupyterlab/translation";
import { isCodeCell } from "../editor/cell";
import { CommandIDs, IHosts } from "../tokens";
import { marksOf } from "./cell";
import { markedEditor, visit } from "./editor";
import { Notebooks } from "./notebooks";
import { next } from "./order";
import { hasMarks, positionIn, reveal, stopsOf } from "./steps";

export const marksPlugin: JupyterFrontEndPlugin<void> = {
  id: "wasinn-nb:marks",
  description: "Marks errors, warnings and traps of guests in their cells.",
  autoStart: true,
  requires: [IHosts, IEditorExtensionRegistry, INotebookTracker],
  optional: [ITranslator, ICommandPalette],
  activate: (
    app: JupyterFrontEnd,
    hosts: IHosts,
    editors: IEditorExtensionRegistry,
    tracker: INotebookTracker,
    translator: ITranslator | null,
    palette: ICommandPalette | null,
  ) => {
    const trans = (translator ?? nullTranslator).load("wasinn_nb");
    editors.addExtension({
      name: marksPlugin.id,
      factory: ({ model }) =>
        isCodeCell(model)
          ? EditorExtensionRegistry.createImmutableExtension(markedEditor(marksOf(model), trans))
          : null,
    });
    addCommand(app, tracker, trans);
    for (const backwards of [false, true]) {
      palette?.addItem({
        command: CommandIDs.nextMark,
        category: trans.__("WebAssembly Guests"),
        args: { backwards },
      });
    }
    const notebooks = new Notebooks(hosts, tracker);
    notebooks.changed.connect(() => app.commands.notifyCommandChanged(CommandIDs.nextMark));
  },
};

function addCommand(
  { commands, shell }: JupyterFrontEnd,
  tracker: INotebookTracker,
  trans: TranslationBundle,
): void {
  commands.addCommand(CommandIDs.nextMark, {
    label: ({ backwards }) =>
      backwards
        ? trans.__("Previous Problem in Guest Cells")
        : trans.__("Next Problem in Guest Cells"),
    caption: trans.__("Go to the next error, trap or warning that is marked in a guest cell"),
    describedBy: {
      args: {
        type: "object",
        properties: {
          backwards: { type: "boolean", description: trans.__("Go to the one before instead") },
        },
      },
    },
    isEnabled: () => {
      const panel = tracker.currentWidget;
      return panel !== null && hasMarks(panel.content);
    },
    execute: async ({ backwards }) => {
      const panel = tracker.currentWidget;
      if (!panel) return;
      shell.activateById(panel.id);
      await step(panel.content, backwards === true, trans);
    },
  });
}

async function step(notebook: Notebook, back: boolean, trans: TranslationBundle): Promise<void> {
  const stops = stopsOf(notebook);
  const at = next(stops, positionIn(notebook), back);
  const stop = stops[at];
  const view = stop && (await reveal(notebook, stop.cell));
  if (view) visit(view, stop.placed, trans, { number: at + 1, of: stops.length });
}
