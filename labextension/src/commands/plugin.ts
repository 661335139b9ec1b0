/** The commands for guests and models, and the button in a notebook's toolbar. */

import {
  ILabShell,
  type JupyterFrontEnd,
  type JupyterFrontEndPlugin,
} from "@jupyterlab/application";
import {
  ICommandPalette,
  ISessionContextDialogs,
  IToolbarWidgetRegistry,
} from "@jupyterlab/apputils";
import { IEditorServices } from "@jupyterlab/codeeditor";
import { INotebookTracker, type NotebookPanel } from "@jupyterlab/notebook";
import { ITranslator } from "@jupyterlab/translation";
import { CommandIDs, IHosts, IPreferences } from "../tokens";
import { exportWasm } from "./built";
import { LANGUAGES } from "./cells";
import type { Command, Context } from "./context";
import { insertGuest } from "./insert";
import { configure, unloadAll, unloadOthers } from "./models";
import { runWithStop, stop } from "./run";
import { Runs } from "./runs";
import { RunButton } from "./toolbar";
import { openWat } from "./wat";

export const commandsPlugin: JupyterFrontEndPlugin<void> = {
  id: "wasinn-nb:commands",
  description: "Adds commands for guests and models.",
  autoStart: true,
  requires: [INotebookTracker, IHosts, IPreferences, ITranslator],
  optional: [
    ICommandPalette,
    ISessionContextDialogs,
    IEditorServices,
    IToolbarWidgetRegistry,
    ILabShell,
  ],
  activate: (
    app: JupyterFrontEnd,
    notebooks: INotebookTracker,
    hosts: IHosts,
    preferences: IPreferences,
    translator: ITranslator,
    palette: ICommandPalette | null,
    dialogs: ISessionContextDialogs | null,
    editors: IEditorServices | null,
    toolbars: IToolbarWidgetRegistry | null,
    labShell: ILabShell | null,
  ) => {
    const trans = translator.load("wasinn_nb");
    const context: Context = {
      app,
      notebooks,
      hosts,
      runs: new Runs(hosts),
      preferences,
      translator,
      trans,
      dialogs: dialogs ?? undefined,
      editors,
      labShell,
    };
    const all: Record<string, Command | null> = {
      [CommandIDs.insertGuest]: insertGuest(context),
      [CommandIDs.runWithStop]: runWithStop(context),
      [CommandIDs.stop]: stop(context),
      [CommandIDs.unloadAll]: unloadAll(context),
      [CommandIDs.unloadOthers]: unloadOthers(context),
      [CommandIDs.configure]: configure(context),
      [CommandIDs.exportWasm]: exportWasm(context),
      [CommandIDs.openWat]: openWat(context),
    };
    const category = trans.__("WebAssembly Guests");
    for (const [command, options] of Object.entries(all)) {
      if (!options) continue;
      app.commands.addCommand(command, options);
      const args = { isPalette: true };
      if (command !== CommandIDs.insertGuest) palette?.addItem({ command, category, args });
    }
    for (const language of LANGUAGES) {
      palette?.addItem({ command: CommandIDs.insertGuest, args: { language }, category });
    }
    keepUpToDate(
      context,
      Object.keys(all).filter((command) => all[command]),
    );
    toolbars?.addFactory<NotebookPanel>("Notebook", "wasinn-run", (panel) => {
      return new RunButton(context, panel);
    });
  },
};

/** Tell toolbars and the palette of whatever enables commands or changes their labels. */
function keepUpToDate({ app, hosts, notebooks, runs }: Context, commands: readonly string[]): void {
  const changed = (): void => {
    for (const command of commands) app.commands.notifyCommandChanged(command);
  };
  runs.changed.connect(changed);
  hosts.currentChanged.connect(changed);
  notebooks.activeCellChanged.connect(changed);
}
