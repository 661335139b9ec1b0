/** The plugin that shows guest cells in their language. */

import type { JupyterFrontEnd, JupyterFrontEndPlugin } from "@jupyterlab/application";
import {
  EditorExtensionRegistry,
  IEditorExtensionRegistry,
  IEditorLanguageRegistry,
} from "@jupyterlab/codemirror";
import { isCodeCell } from "../editor/cell";
import { IPreferences } from "../tokens";
import { GuestReader, guestCell } from "./extension";
import { GuestLanguages } from "./languages";

export const languagePlugin: JupyterFrontEndPlugin<void> = {
  id: "wasinn-nb:language",
  description: "Shows the cells of guests in their language.",
  autoStart: true,
  requires: [IEditorExtensionRegistry, IEditorLanguageRegistry],
  optional: [IPreferences],
  activate: (
    _app: JupyterFrontEnd,
    extensions: IEditorExtensionRegistry,
    languages: IEditorLanguageRegistry,
    preferences: IPreferences | null,
  ) => {
    const reader = new GuestReader(new GuestLanguages(languages), preferences);
    extensions.addExtension({
      name: "wasinn-nb:guest-cells",
      factory: ({ model }) =>
        isCodeCell(model)
          ? EditorExtensionRegistry.createImmutableExtension(
              guestCell(reader, model.sharedModel.source),
            )
          : null,
    });
  },
};
