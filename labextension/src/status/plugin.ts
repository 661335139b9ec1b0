/** The status bar. */

import type { JupyterFrontEnd, JupyterFrontEndPlugin } from "@jupyterlab/application";
import { IStatusBar } from "@jupyterlab/statusbar";
import { ITranslator } from "@jupyterlab/translation";
import { CommandIDs, IHosts, IPreferences } from "../tokens";
import { StatusItem } from "./item";

export const statusPlugin: JupyterFrontEndPlugin<void> = {
  id: "wasinn-nb:status",
  description: "Shows in the status bar what is loaded, and how fast text is generated.",
  autoStart: true,
  requires: [IHosts, IPreferences, ITranslator],
  optional: [IStatusBar],
  activate: (
    app: JupyterFrontEnd,
    hosts: IHosts,
    preferences: IPreferences,
    translator: ITranslator,
    statusBar: IStatusBar | null,
  ) => {
    if (!statusBar) return;
    const show = (): void => void app.commands.execute(CommandIDs.showPanel);
    const item = new StatusItem(hosts, preferences, translator.load("wasinn_nb"), show);
    statusBar.registerStatusItem(statusPlugin.id, {
      item,
      align: "right",
      rank: 100, // the outermost of its side: its changing width moves none of the others
      isActive: () => item.isActive,
      activeStateChanged: item.activeChanged,
    });
  },
};
