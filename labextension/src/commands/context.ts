/** What all commands are made from. */

import type { ILabShell, JupyterFrontEnd } from "@jupyterlab/application";
import type { ISessionContextDialogs } from "@jupyterlab/apputils";
import type { IEditorServices } from "@jupyterlab/codeeditor";
import type { INotebookTracker, NotebookPanel } from "@jupyterlab/notebook";
import type { ITranslator, TranslationBundle } from "@jupyterlab/translation";
import type { CommandRegistry } from "@lumino/commands";
import type { IHost, IHosts, IPreferences } from "../tokens";
import type { Runs } from "./runs";

/** What a command does, says and looks like. */
export type Command = CommandRegistry.ICommandOptions;

export interface Context {
  readonly app: JupyterFrontEnd;
  readonly notebooks: INotebookTracker;
  readonly hosts: IHosts;
  readonly runs: Runs;
  readonly preferences: IPreferences;
  readonly translator: ITranslator;
  readonly trans: TranslationBundle;
  readonly dialogs: ISessionContextDialogs | undefined;
  readonly editors: IEditorServices | null;
  /** Null in Notebook 7, whose main area has one document. */
  readonly labShell: ILabShell | null;
}

/** The notebook that the user works in; null when the main area shows something else. */
export function currentNotebook({ app, notebooks }: Context): NotebookPanel | null {
  const panel = notebooks.currentWidget;
  return panel === app.shell.currentWidget ? panel : null;
}

/** A host that answers requests; a silent one does so when its cell has ended. */
export function answers(host: IHost | null): host is IHost {
  return host?.standing === "live" || host?.standing === "silent";
}

/** The host of what the user works in, if it answers. */
export function currentHost({ hosts }: Context): IHost | null {
  return answers(hosts.current) ? hosts.current : null;
}

/** The schema of a command without arguments. */
export const NO_ARGUMENTS = { args: { type: "object", properties: {} } } as const;
