/** Help for the words of `%%wasinn` and `%wasinn`, at the pointer and at the cursor. */

import type { JupyterFrontEnd, JupyterFrontEndPlugin } from "@jupyterlab/application";
import { ICommandPalette } from "@jupyterlab/apputils";
import type { ISessionContext } from "@jupyterlab/apputils";
import type { CodeEditor } from "@jupyterlab/codeeditor";
import {
  CodeMirrorEditor,
  EditorExtensionRegistry,
  IEditorExtensionRegistry,
} from "@jupyterlab/codemirror";
import { IConsoleTracker } from "@jupyterlab/console";
import { INotebookTracker } from "@jupyterlab/notebook";
import { ITranslator, nullTranslator } from "@jupyterlab/translation";
import type { EditorView } from "@codemirror/view";
import { h } from "@frontend/lib/dom";
import { isCodeCell } from "../editor/cell";
import { showing } from "../editor/shown";
import { marksWithin } from "../marks/drawing";
import { visit } from "../marks/editor";
import { CommandIDs, IHosts } from "../tokens";
import { explaining, helpfulEditor } from "./editor";
import type { Helping } from "./editor";
import { HelpTables } from "./table";

/** Where people write code that a kernel runs. */
class Places {
  constructor(
    private readonly shell: JupyterFrontEnd.IShell,
    private readonly notebooks: INotebookTracker | null,
    private readonly consoles: IConsoleTracker | null,
  ) {}

  /** The session that the code of an editor runs in. */
  contextOf(view: EditorView): ISessionContext | undefined {
    const holds = ({ node }: { node: HTMLElement }) => node.contains(view.dom);
    return (this.notebooks?.find(holds) ?? this.consoles?.find(holds))?.sessionContext;
  }

  /** The editor of the code cell that one is in. */
  get current(): EditorView | undefined {
    const { currentWidget } = this.shell;
    let editor: CodeEditor.IEditor | null | undefined;
    if (currentWidget === this.notebooks?.currentWidget) {
      editor = this.notebooks.activeCell?.editor;
    } else if (currentWidget === this.consoles?.currentWidget) {
      editor = this.consoles.currentWidget?.console.promptCell?.editor;
    }
    return editor instanceof CodeMirrorEditor && isCodeCell(editor.model)
      ? editor.editor
      : undefined;
  }
}

export const helpPlugin: JupyterFrontEndPlugin<void> = {
  id: "wasinn-nb:help",
  description: "Explains the words of the magics where they are written.",
  autoStart: true,
  requires: [IHosts, IEditorExtensionRegistry],
  optional: [INotebookTracker, IConsoleTracker, ITranslator, ICommandPalette],
  activate: (
    app: JupyterFrontEnd,
    hosts: IHosts,
    editors: IEditorExtensionRegistry,
    notebooks: INotebookTracker | null,
    consoles: IConsoleTracker | null,
    translator: ITranslator | null,
    palette: ICommandPalette | null,
  ) => {
    const trans = (translator ?? nullTranslator).load("wasinn_nb");
    const places = new Places(app.shell, notebooks, consoles);
    const helping: Helping = {
      tables: new HelpTables(hosts),
      trans,
      hostOf: (view) => {
        const context = places.contextOf(view);
        return context ? hosts.of(context) : null;
      },
    };
    const extension = helpfulEditor(helping);
    editors.addExtension({
      name: helpPlugin.id,
      factory: ({ model }) =>
        isCodeCell(model) ? EditorExtensionRegistry.createImmutableExtension(extension) : null,
    });
    addCommand(app, places, helping);
    palette?.addItem({
      command: CommandIDs.explain,
      category: trans.__("WebAssembly Guests"),
    });
  },
};

function addCommand({ commands }: JupyterFrontEnd, places: Places, helping: Helping): void {
  const { trans } = helping;
  commands.addCommand(CommandIDs.explain, {
    label: trans.__("Explain Word at Cursor"),
    caption: trans.__("Show help for an option, a setting or a model in a line of a magic"),
    describedBy: { args: { type: "object", properties: {} } },
    isEnabled: () => places.current !== undefined,
    execute: () => {
      const view = places.current;
      if (!view) return;
      view.focus();
      explain(view, helping);
    },
  });
}

/** Show what there is to say at the cursor, or that there is nothing. */
function explain(view: EditorView, helping: Helping): void {
  const { trans } = helping;
  const { head } = view.state.selection.main;
  const [mark] = marksWithin(view.state, head, head);
  if (mark) {
    visit(view, mark, trans);
    return;
  }
  const nothing = trans.__("There is no help here.");
  const told = () => h("div", { class: "wasinn-told" }, nothing);
  view.dispatch(explaining(view, helping) ?? showing({ from: head, to: head }, told, nothing));
}
