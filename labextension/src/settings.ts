/** The user's settings, and telling the kernels of those that are theirs. */

import type { JupyterFrontEndPlugin } from "@jupyterlab/application";
import { ISettingRegistry } from "@jupyterlab/settingregistry";
import type { ReadonlyPartialJSONObject } from "@lumino/coreutils";
import { Signal, type ISignal } from "@lumino/signaling";
import type { Asking } from "@frontend/panel/words";
import { IHosts, IPreferences, type IHost, type Preferences } from "./tokens";

/** What is said in `schema/plugin.json` of whether text is shown as it is generated. */
const OPEN_STREAM: Record<string, boolean> = { always: true, never: false };

const ASKING: readonly Asking[] = ["always", "inUse", "never"];

/** Settings as JupyterLab has them, which has checked them; what is not said is as by default. */
export function preferencesOf(settings: ReadonlyPartialJSONObject): Preferences {
  const { highlighting, openStream, frameRate, confirmUnload, statusBar } = settings;
  return {
    highlighting: highlighting !== false,
    openStream: typeof openStream === "string" ? (OPEN_STREAM[openStream] ?? null) : null,
    frameRate: typeof frameRate === "number" ? frameRate : null,
    confirmUnload: ASKING.find((one) => one === confirmUnload) ?? "inUse",
    statusBar: statusBar !== false,
  };
}

class Settings implements IPreferences {
  private preferences = preferencesOf({});
  private readonly _changed = new Signal<this, Preferences>(this);

  get current(): Preferences {
    return this.preferences;
  }

  get changed(): ISignal<this, Preferences> {
    return this._changed;
  }

  follow(settings: ISettingRegistry.ISettings): void {
    const read = (): void => {
      this.preferences = preferencesOf(settings.composite);
      this._changed.emit(this.preferences);
    };
    settings.changed.connect(read);
    read();
  }
}

export const preferencesPlugin: JupyterFrontEndPlugin<IPreferences> = {
  id: "wasinn-nb:plugin",
  description: "The settings of the extension.",
  autoStart: true,
  provides: IPreferences,
  optional: [ISettingRegistry],
  activate: async (_app, registry: ISettingRegistry | null) => {
    const settings = new Settings();
    try {
      if (registry) settings.follow(await registry.load(preferencesPlugin.id));
    } catch (reason) {
      console.error("The settings of wasinn-nb are not loaded.", reason);
    }
    return settings;
  },
};

/** Tell a kernel what the user prefers; one that does not listen now is told when it does. */
async function tell(host: IHost, preferences: Preferences): Promise<void> {
  if (host.standing !== "live") return;
  const { frameRate, openStream } = preferences;
  try {
    await host.ask("prefer", { frame_rate: frameRate, stream: openStream });
  } catch (reason) {
    console.warn("A kernel does not take the settings of wasinn-nb.", reason);
  }
}

/** Tell every kernel, once it listens and with every change. */
export function tellKernels(hosts: IHosts, preferences: IPreferences): void {
  const follow = (host: IHost): void => {
    host.standingChanged.connect(() => void tell(host, preferences.current));
    void tell(host, preferences.current);
  };
  for (const host of hosts.all) follow(host);
  hosts.added.connect((_, host) => follow(host));
  preferences.changed.connect((_, changed) => {
    for (const host of hosts.all) void tell(host, changed);
  });
}

export const kernelPreferencesPlugin: JupyterFrontEndPlugin<void> = {
  id: "wasinn-nb:kernel-preferences",
  description: "Tells kernels of the settings that concern them.",
  autoStart: true,
  requires: [IHosts, IPreferences],
  activate: (_app, hosts: IHosts, preferences: IPreferences) => tellKernels(hosts, preferences),
};
