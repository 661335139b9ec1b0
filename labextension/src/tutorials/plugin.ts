/** The card in the launcher that opens the quickstart, and the other tutorials. */

import type { JupyterFrontEnd, JupyterFrontEndPlugin } from "@jupyterlab/application";
import { ICommandPalette, Notification, showErrorMessage } from "@jupyterlab/apputils";
import { PathExt } from "@jupyterlab/coreutils";
import { IDefaultFileBrowser } from "@jupyterlab/filebrowser";
import { ILauncher } from "@jupyterlab/launcher";
import type { INotebookContent } from "@jupyterlab/nbformat";
import { INotebookTracker } from "@jupyterlab/notebook";
import { ITranslator } from "@jupyterlab/translation";
import { wasinnIcon } from "../icons";
import { CommandIDs } from "../tokens";
import { saveAll, saveCopy } from "./copying";
import { pythonOf } from "./kernel";
import { alone, forKernel, QUICKSTART, tutorial, TUTORIALS } from "./notebooks";

const FOLDER = "wasinn-nb-tutorials";

export const tutorialsPlugin: JupyterFrontEndPlugin<void> = {
  id: "wasinn-nb:tutorials",
  description: "Opens copies of the notebooks that show what guests can do.",
  autoStart: true,
  requires: [ITranslator],
  optional: [ILauncher, ICommandPalette, IDefaultFileBrowser, INotebookTracker],
  activate: (
    app: JupyterFrontEnd,
    translator: ITranslator,
    launcher: ILauncher | null,
    palette: ICommandPalette | null,
    browser: IDefaultFileBrowser | null,
    notebooks: INotebookTracker | null,
  ) => {
    const { commands, serviceManager } = app;
    const { contents, kernelspecs } = serviceManager;
    const trans = translator.load("wasinn_nb");
    const describedBy = {
      args: {
        type: "object" as const,
        properties: {
          cwd: {
            type: "string" as const,
            description: trans.__("The folder; that of the file browser if it is left out"),
          },
        },
      },
    };

    /** Where copies go: as a launcher says, where the file browser is, beside the notebook. */
    const folder = (cwd: unknown): string => {
      if (typeof cwd === "string") return cwd;
      if (browser) return browser.model.path;
      return PathExt.dirname(notebooks?.currentWidget?.context.path ?? "");
    };

    const prepared = async (name: string): Promise<INotebookContent> => {
      await kernelspecs.ready;
      const kernel = pythonOf(kernelspecs.specs);
      const notebook = await tutorial(name);
      return kernel ? forKernel(notebook, kernel) : notebook;
    };

    const open = (path: string): Promise<unknown> =>
      commands.execute("docmanager:open", { path, factory: "Notebook" });

    commands.addCommand(CommandIDs.openQuickstart, {
      label: ({ isLauncher, isPalette }) => {
        if (isLauncher === true) return trans.__("WebAssembly Guests");
        if (isPalette === true) return trans.__("Open Quickstart"); // its category says the rest
        return trans.__("WebAssembly Guests: Quickstart");
      },
      caption: trans.__("Open a copy of the notebook that shows how guests use models"),
      icon: ({ isPalette }) => (isPalette === true ? undefined : wasinnIcon),
      describedBy,
      execute: async ({ cwd }) => {
        try {
          const notebook = alone(await prepared(QUICKSTART));
          return await open(await saveCopy(contents, folder(cwd), QUICKSTART, notebook));
        } catch (reason) {
          await showErrorMessage(trans.__("The notebook is not copied"), reason as Error);
          return undefined;
        }
      },
    });

    commands.addCommand(CommandIDs.copyTutorials, {
      label: ({ isPalette }) =>
        isPalette === true
          ? trans.__("Copy All Tutorials")
          : trans.__("WebAssembly Guests: Copy All Tutorials"),
      caption: trans.__("Copy the tutorial notebooks into a new folder, and open the first"),
      describedBy,
      execute: async ({ cwd }) => {
        try {
          const files = new Map<string, INotebookContent>();
          for (const name of TUTORIALS) files.set(name, await prepared(name));
          const place = await saveAll(contents, folder(cwd), FOLDER, files);
          Notification.success(trans.__("The tutorials are in %1", place), { autoClose: 5000 });
          return await open(PathExt.join(place, QUICKSTART));
        } catch (reason) {
          await showErrorMessage(trans.__("The notebooks are not copied"), reason as Error);
          return undefined;
        }
      },
    });

    launcher?.add({
      command: CommandIDs.openQuickstart,
      args: { isLauncher: true },
      category: translator.load("jupyterlab").__("Other"), // as the launcher itself calls it
      rank: 10,
    });
    const category = trans.__("WebAssembly Guests");
    for (const command of [CommandIDs.openQuickstart, CommandIDs.copyTutorials]) {
      palette?.addItem({ command, category, args: { isPalette: true } });
    }
  },
};
