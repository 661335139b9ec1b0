/** The text of a built guest, in a tab of its own that is only read. */

import { Clipboard, MainAreaWidget } from "@jupyterlab/apputils";
import { CodeViewerWidget, type IEditorServices } from "@jupyterlab/codeeditor";
import type { TranslationBundle } from "@jupyterlab/translation";
import { copyIcon, refreshIcon, ToolbarButton } from "@jupyterlab/ui-components";
import { EditorView } from "@codemirror/view";
import { Widget } from "@lumino/widgets";
import { setText } from "@frontend/lib/dom";
import { wasinnIcon } from "../icons";
import type { IHost } from "../tokens";
import { attempt } from "./asking";
import { forGuest } from "./built";
import type { Command, Context } from "./context";

const MIME_TYPE = "text/webassembly";

export function openWat(context: Context): Command | null {
  const { editors, trans } = context;
  if (!editors) return null;
  const open = new Map<string, WatTab>();
  const words = {
    title: trans.__("Open Guest as Text"),
    question: trans.__("Open which guest?"),
    okLabel: trans.__("Open"),
    failed: trans.__("The guest is not shown"),
  };
  return {
    ...forGuest(context, words, async (host, name) => {
      const key = `${host.kernelId} ${name}`;
      const wat = await watOf(host, name);
      let tab = open.get(key);
      if (tab) {
        tab.set(wat);
      } else {
        tab = new WatTab(host, name, wat, editors, trans);
        tab.disposed.connect(() => open.delete(key));
        open.set(key, tab);
        add(context, tab, [...open.values()].at(-2));
      }
      context.app.shell.activateById(tab.id);
    }),
    label: trans.__("Open Built Guest as Text (WAT)"),
    caption: trans.__("Show the WebAssembly that was built from the active cell as text"),
  };
}

/** Put a tab beside the notebook, or below it in Notebook 7, with others of its kind. */
function add({ app, labShell }: Context, tab: WatTab, other: WatTab | undefined): void {
  if (!labShell) app.shell.add(tab, "down");
  else if (other) app.shell.add(tab, "main", { ref: other.id, mode: "tab-after" });
  else app.shell.add(tab, "main", { mode: "split-right" });
}

interface Wat {
  readonly text: string;
  /** Whether it goes on; very long texts are not sent whole. */
  readonly cut: boolean;
}

async function watOf(host: IHost, name: string): Promise<Wat> {
  const { text, cut } = await host.ask("wat", { name });
  return { text: String(text), cut: cut === true };
}

class WatTab extends MainAreaWidget<CodeViewerWidget> {
  private readonly note = new Widget({ node: document.createElement("span") });

  constructor(
    private readonly host: IHost,
    private readonly name: string,
    wat: Wat,
    editors: IEditorServices,
    private readonly trans: TranslationBundle,
  ) {
    const label = trans.__("%1 as WebAssembly text", name);
    super({
      content: CodeViewerWidget.createCodeViewer({
        factory: editors.factoryService.newDocumentEditor,
        content: wat.text,
        mimeType: MIME_TYPE,
        editorOptions: {
          config: { lineNumbers: true, lineWrap: false, codeFolding: true },
          extensions: [EditorView.contentAttributes.of({ "aria-label": label })],
        },
      }),
    });
    this.addClass("wasinn-wat");
    this.title.label = `${name}.wat`;
    this.title.caption = label;
    this.title.icon = wasinnIcon;
    this.content.node.setAttribute("aria-label", label);
    this.note.addClass("wasinn-wat-note");
    const reload = { icon: refreshIcon, onClick: () => void this.reload() };
    const copy = { icon: copyIcon, onClick: () => Clipboard.copyToSystem(this.content.content) };
    this.toolbar.addItem(
      "reload",
      new ToolbarButton({ ...reload, tooltip: trans.__("Show what is built now") }),
    );
    this.toolbar.addItem(
      "copy",
      new ToolbarButton({ ...copy, tooltip: trans.__("Copy the text") }),
    );
    this.toolbar.addItem("note", this.note);
    this.set(wat);
  }

  /** Show another text. */
  set({ text, cut }: Wat): void {
    const { sharedModel } = this.content.model;
    if (sharedModel.getSource() !== text) sharedModel.setSource(text);
    const words = this.trans.__(
      "The text is too long to be shown whole; export the guest instead.",
    );
    setText(this.note.node, cut ? words : "");
  }

  private async reload(): Promise<void> {
    await attempt(this.trans.__("The guest is not shown"), async () => {
      const wat = await watOf(this.host, this.name);
      if (!this.isDisposed) this.set(wat);
    });
  }
}
