/** What the plugins know each other by. */

import type { ISessionContext } from "@jupyterlab/apputils";
import { Token } from "@lumino/coreutils";
import type { IObservableDisposable } from "@lumino/disposable";
import type { ISignal } from "@lumino/signaling";
import type { Message, Model } from "@frontend/lib/link";
import type { Row, Totals } from "@frontend/panel/state";
import type { Asking } from "@frontend/panel/words";

/**
 * How a kernel's host stands, as far as this page knows.
 *
 * - `starting`: the kernel starts, restarts or is being reconnected to.
 * - `unsuited`: it is not a Python kernel.
 * - `asking`: it has not said yet whether the extension is loaded; a busy kernel says so later.
 * - `unloaded`: the extension is not loaded there.
 * - `loading`: the extension is being loaded because the user asked for it here.
 * - `live`: messages are answered.
 * - `silent`: the extension is loaded, but a cell holds the kernel and nothing is answered now.
 * - `dead`: the kernel has gone.
 */
export type Standing =
  "starting" | "unsuited" | "asking" | "unloaded" | "loading" | "live" | "silent" | "dead";

/** What guests generate now: `rate` in tokens a second, null when none generates. */
export interface Generating {
  readonly rate: number | null;
  readonly runs: readonly string[];
}

/** A file that the kernel made. */
export interface KernelFile {
  readonly name: string;
  readonly bytes: ArrayBuffer;
}

/** The wasi-nn host of one kernel, whichever notebooks and consoles use it; gone with the last. */
export interface IHost extends IObservableDisposable {
  readonly kernelId: string;
  readonly standing: Standing;
  readonly standingChanged: ISignal<IHost, Standing>;
  /** Whether what it knew has gone because the kernel was restarted; until it is live again. */
  readonly restarted: boolean;
  /** Whether a cell holds the kernel. */
  readonly busy: boolean;
  readonly busyChanged: ISignal<IHost, boolean>;
  /** Registered models by name, in the kernel's order; empty where it is not known. */
  readonly models: ReadonlyMap<string, Row>;
  readonly totals: Totals | undefined;
  /** Emitted when models or memory changed. */
  readonly modelsChanged: ISignal<IHost, void>;
  readonly generating: Generating;
  readonly generatingChanged: ISignal<IHost, Generating>;
  /** The languages that guests can be written in there; empty where it is not known. */
  readonly languages: readonly string[];
  /** Every message of the kernel that is no answer to a request. */
  readonly received: ISignal<IHost, Message>;
  /**
   * What a `Link` of the widgets' front end talks through, the model manager's view for one. It is
   * another one after the extension was unloaded or the kernel restarted.
   */
  readonly model: Model;
  /** Ask the kernel; rejected with `Refused` if it says no, is not there, or is not loaded. */
  ask(kind: string, values?: Record<string, unknown>): Promise<Message>;
  /** The same for what is answered with a file. */
  fetch(kind: string, values?: Record<string, unknown>): Promise<KernelFile>;
  /** Load the extension into the kernel; rejected with `Refused` if that fails. */
  load(): Promise<void>;
}

export interface IHosts {
  /** That of the notebook or console that the user works in; null without one, or without kernel. */
  readonly current: IHost | null;
  readonly currentChanged: ISignal<IHosts, IHost | null>;
  /** The session of that notebook or console, also where it has no kernel. */
  readonly context: ISessionContext | null;
  readonly contextChanged: ISignal<IHosts, ISessionContext | null>;
  /** All that are known to this page. */
  readonly all: readonly IHost[];
  readonly added: ISignal<IHosts, IHost>;
  /** That of a notebook's or console's kernel. */
  of(context: ISessionContext): IHost | null;
}

export const IHosts = new Token<IHosts>(
  "wasinn-nb:IHosts",
  "The wasi-nn hosts of the kernels in use.",
);

/** The user's settings; null leaves the choice to the kernel. */
export interface Preferences {
  readonly highlighting: boolean;
  readonly frameRate: number | null;
  readonly openStream: boolean | null;
  readonly confirmUnload: Asking;
  readonly statusBar: boolean;
}

export interface IPreferences {
  readonly current: Preferences;
  readonly changed: ISignal<IPreferences, Preferences>;
}

export const IPreferences = new Token<IPreferences>(
  "wasinn-nb:IPreferences",
  "The settings of the extension.",
);

/** Identifiers of commands; arguments are described by the commands themselves. */
export namespace CommandIDs {
  export const insertGuest = "wasinn:insert-guest";
  export const runWithStop = "wasinn:run-with-stop";
  export const stop = "wasinn:stop";
  export const unloadAll = "wasinn:unload-all";
  export const unloadOthers = "wasinn:unload-others";
  export const configure = "wasinn:configure-model";
  export const exportWasm = "wasinn:export-wasm";
  export const openWat = "wasinn:open-wat";
  export const showPanel = "wasinn:show-models";
  export const loadExtension = "wasinn:load-extension";
  export const nextMark = "wasinn:next-mark";
  export const explain = "wasinn:explain";
  export const openQuickstart = "wasinn:open-quickstart";
  export const copyTutorials = "wasinn:copy-tutorials";
}
