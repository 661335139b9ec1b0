/**
 * Completion in the lines of magics: the kernel's, and no words of the cell beside it.
 *
 * JupyterLab also offers whatever the cell's text has that begins alike. Where an option or the name
 * of a model is written none of that can stand, and it would come before what can.
 */

import type { JupyterFrontEnd, JupyterFrontEndPlugin } from "@jupyterlab/application";
import { CodeMirrorEditor } from "@jupyterlab/codemirror";
import {
  CONTEXT_PROVIDER_ID,
  CompletionProviderManager,
  ICompletionProviderManager,
} from "@jupyterlab/completer";
import type { ICompletionContext, ICompletionProvider } from "@jupyterlab/completer";
import { isCodeCell } from "../editor/cell";
import { magicLineAt } from "./magic";

export const completionPlugin: JupyterFrontEndPlugin<void> = {
  id: "wasinn-nb:completion",
  description: "Keeps the words of a cell out of the completion of magics.",
  autoStart: true,
  requires: [ICompletionProviderManager],
  activate: (app: JupyterFrontEnd, manager: ICompletionProviderManager) => {
    if (!(manager instanceof CompletionProviderManager)) return;
    // JupyterLab's own providers are there when all plugins have been activated
    void app.started.then(() => {
      const providers = manager.getProviders();
      const words = providers.get(CONTEXT_PROVIDER_ID);
      if (words) providers.set(CONTEXT_PROVIDER_ID, elsewhere(words));
    });
  },
};

/** A provider that has nothing to say in the lines of our magics, and is as it was elsewhere. */
export function elsewhere(provider: ICompletionProvider): ICompletionProvider {
  const isApplicable = async (context: ICompletionContext): Promise<boolean> =>
    !isInMagic(context) && (await provider.isApplicable(context));
  return Object.assign(Object.create(provider) as ICompletionProvider, { isApplicable });
}

function isInMagic({ editor }: ICompletionContext): boolean {
  if (!(editor instanceof CodeMirrorEditor) || !isCodeCell(editor.model)) return false;
  const { doc, selection } = editor.state;
  const line = magicLineAt(doc, selection.main.head);
  return line !== undefined && line.kind !== "config";
}
