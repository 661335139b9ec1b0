/** What the status bar says of a host. */

import type { TranslationBundle } from "@jupyterlab/translation";
import { formatBytes, listed, rate } from "@frontend/lib/units";
import type { IHost } from "../tokens";

export interface StatusWords {
  /** `2 models · 1.2 GB` */
  readonly models: string;
  /** `· 34 tok/s`; empty while nothing is generated. */
  readonly rate: string;
  /** What it means: all but the figures that change all the time. */
  readonly title: string;
  /** What is shown, and what a click does. */
  readonly label: string;
}

type State = Pick<IHost, "models" | "totals" | "generating" | "standing">;

export function statusWords(host: State, trans: TranslationBundle): StatusWords {
  const loaded = [...host.models.values()].filter(({ state }) => state === "loaded");
  const count = trans._n("%1 model", "%1 models", loaded.length);
  const bytes = formatBytes(host.totals?.models ?? 0);
  const models = loaded.length === 0 ? trans.__("no models") : trans.__("%1 · %2", count, bytes);
  // of a kernel that does not answer nobody knows how fast it goes on
  const now = host.standing === "live" ? host.generating.rate : null;
  const speed = now === null ? "" : rate(now);
  const names = listed(loaded.map(({ name }) => name));
  const title =
    loaded.length === 0
      ? trans.__("No model is loaded in this kernel")
      : trans.__("Loaded in this kernel: %1, %2 in all", names, bytes);
  const shown = speed === "" ? models : trans.__("%1 · %2", models, speed);
  return {
    models,
    rate: speed && trans.__("· %1", speed),
    title,
    label: trans.__("%1. Show models", shown),
  };
}
