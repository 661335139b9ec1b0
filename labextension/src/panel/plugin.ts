/** The side panel "Models", and the command that shows it. */

import {
  ILayoutRestorer,
  type JupyterFrontEnd,
  type JupyterFrontEndPlugin,
} from "@jupyterlab/application";
import { ICommandPalette } from "@jupyterlab/apputils";
import { ITranslator, nullTranslator } from "@jupyterlab/translation";
import type { Asking } from "@frontend/panel/words";
import { wasinnIcon } from "../icons";
import { CommandIDs, IHosts, IPreferences } from "../tokens";
import { ModelsPanel } from "./panel";

/** After JupyterLab's own panels. */
const RANK = 900;

export const panelPlugin: JupyterFrontEndPlugin<void> = {
  id: "wasinn-nb:panel",
  description: "Shows the models of the kernel in use in a side panel.",
  autoStart: true,
  requires: [IHosts],
  optional: [IPreferences, ILayoutRestorer, ICommandPalette, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    hosts: IHosts,
    preferences: IPreferences | null,
    restorer: ILayoutRestorer | null,
    palette: ICommandPalette | null,
    translations: ITranslator | null,
  ) => {
    const translator = translations ?? nullTranslator;
    const trans = translator.load("wasinn_nb");
    const asks = (): Asking => preferences?.current.confirmUnload ?? "inUse";
    const panel = new ModelsPanel({ hosts, trans, translator, asks });
    app.shell.add(panel, "right", { rank: RANK, type: "Models" });
    restorer?.add(panel, panel.id);

    const show = (): void => {
      app.shell.activateById(panel.id);
      panel.enter();
    };
    app.commands.addCommand(CommandIDs.showPanel, {
      label: trans.__("Show Models"),
      caption: trans.__("Show the models of this kernel in the side panel"),
      icon: (args) => (args["isPalette"] ? undefined : wasinnIcon),
      describedBy: {
        args: {
          type: "object",
          properties: {
            configure: {
              type: "string",
              description: trans.__("The model whose settings are opened"),
            },
          },
        },
      },
      execute: ({ configure }) => {
        show();
        if (typeof configure === "string") panel.configure(configure);
      },
    });
    app.commands.addCommand(CommandIDs.loadExtension, {
      label: trans.__("Load the Extension"),
      caption: trans.__("Load the extension for guests and models into this kernel"),
      describedBy: { args: { type: "object", properties: {} } },
      isEnabled: () => hosts.current?.standing === "unloaded",
      execute: async () => {
        show();
        await panel.load(); // where it is seen how that goes
      },
    });
    const category = trans.__("WebAssembly Guests");
    palette?.addItem({ command: CommandIDs.showPanel, category, args: { isPalette: true } });
    palette?.addItem({ command: CommandIDs.loadExtension, category });
  },
};
