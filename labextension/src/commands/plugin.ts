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
    const context: Context = {
      app,
      notebooks,
      hosts,
      runs: new Runs(hosts),
      preferences,
      translator,
      trans: translator.load("wasinn_nb"),
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
    const category = context.trans.__("WebAssembly Guests");
    for (const [command, options] of Object.entries(all)) {
      if (!options) continue;
      app.commands.addCommand(command, options);
      const args = { isPalette: true };
      if (command !== CommandIDs.insertGuest) palette?.addItem({ command, category, args });
    }
    for (const language of LANGUAGES) {
      palette?.addItem({ command: CommandIDs.insertGuest, args: { language }, category });
    }
    keepUpToDate(context);
    toolbars?.addFactory<NotebookPanel>("Notebook", "wasinn-run", (panel) => {
      return new RunButton(context, panel);
    });
  },
};

/** Tell menus and the palette of whatever enables commands or changes their labels. */
function keepUpToDate({ app, hosts, notebooks, runs }: Context): void {
  const changed = (): void => {
    for (const command of [CommandIDs.runWithStop, CommandIDs.stop]) {
      app.commands.notifyCommandChanged(command);
    }
  };
  runs.changed.connect(changed);
  hosts.currentChanged.connect(changed);
  notebooks.activeCellChanged.connect(changed);
}
