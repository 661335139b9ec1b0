/** The words of a panel. */

import { trans } from "../lib/translation";
import { duration, formatBytes, listed, percent, sentences } from "../lib/units";
import type { Row, Totals } from "./state";

/** What a user has to agree to before a model is unloaded or forgotten. */
export interface Question {
  users: string[];
  loaded: boolean;
  pinned: string[];
  agree: string[];
}

/** When a user is asked before models are unloaded; `inUse`: only if guests would be stopped. */
export type Asking = "always" | "inUse" | "never";

export type Action = "cancel" | "unload" | "forget" | "unload_others" | "unload_all";

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** The state of a model: `loading 40 %`. */
export function stateWords(row: Row, fraction: number | null | undefined): string {
  if (row.state === "loading") {
    return typeof fraction === "number"
      ? trans.__("loading %1", percent(fraction))
      : trans._p("state", "loading");
  }
  if (row.work === "unload" || row.work === "forget") {
    return row.users.length > 0 ? trans.__("stopping its users") : stateNames().unloading;
  }
  if (row.work === "load") return trans.__("waiting to load");
  return stateNames()[row.state];
}

function stateNames(): Record<Row["state"], string> {
  return {
    registered: trans._p("state", "registered"),
    loading: trans._p("state", "loading"),
    loaded: trans._p("state", "loaded"),
    unloading: trans._p("state", "unloading"),
    failed: trans._p("state", "failed"),
  };
}

/** The memory of a loaded model. */
export function memoryWords(row: Row): string {
  if (row.weights + row.contexts === 0) return "";
  const weights = formatBytes(row.weights);
  return row.contexts > 0
    ? trans.__("%1 + %2 contexts", weights, formatBytes(row.contexts))
    : weights;
}

/** What an unload gave back. */
export function freedWords(freed: { bytes: number; seconds: number }): string {
  return trans.__("%1 given back in %2", formatBytes(freed.bytes), duration(freed.seconds));
}

/** How long ago something was, in steps that are calm to look at. */
export function ago(seconds: number): string {
  if (seconds < MINUTE) return trans.__("just now");
  if (seconds < HOUR) return trans.__("%1 min ago", Math.floor(seconds / MINUTE));
  if (seconds < DAY) return trans.__("%1 h ago", Math.floor(seconds / HOUR));
  return trans._n("%1 day ago", "%1 days ago", Math.floor(seconds / DAY));
}

/** When a model was used last; `now` by the kernel's clock. */
export function usedWords(row: Row, now: number): string {
  if (row.users.length > 0) return trans.__("in use");
  return row.last_used > 0 ? ago(now - row.last_used) : trans._p("last used", "never");
}

/** What the table has no room for. */
export function detailWords(row: Row): [term: string, text: string][] {
  const parts: [string, string][] = [
    [trans.__("name"), row.name],
    [trans.__("source"), row.origin],
    [trans.__("encoding"), row.encoding],
    [trans.__("device"), row.device],
    [trans.__("weights"), row.weights ? formatBytes(row.weights) : ""],
    [trans.__("contexts"), row.contexts ? formatBytes(row.contexts) : ""],
    [
      trans._p("a time follows", "loaded in"),
      row.state === "loaded" ? duration(row.load_seconds) : "",
    ],
    [trans.__("pinned"), listed(row.pinned)],
    [trans._p("runs follow", "in use by"), listed(row.users)],
    [trans._p("runs follow", "loading for"), row.wanted_by],
  ];
  return parts.filter(([, text]) => text !== "");
}

/** How many models there are. */
export function summary(rows: Iterable<Row>): string {
  const all = [...rows];
  const loaded = all.filter(({ state }) => state === "loaded").length;
  return trans._n("%1 model, %2 loaded", "%1 models, %2 loaded", all.length, loaded);
}

/** Memory, in parts: the models', the process's, what is free, and that of each GPU. */
export function totalsWords(totals: Totals): [label: string, figure: string][] {
  const gpus = totals.gpus.map(({ name, free, total }): [string, string] => [
    name,
    total > 0
      ? trans.__("%1 of %2 free", formatBytes(free), formatBytes(total))
      : trans.__("memory not known"),
  ]);
  return [
    [trans._p("memory of", "models"), formatBytes(totals.models)],
    [trans._p("memory of", "kernel"), formatBytes(totals.process)],
    [
      trans._p("memory", "free"),
      trans.__("%1 of %2", formatBytes(totals.free), formatBytes(totals.total)),
    ],
    ...gpus,
  ];
}

/** What is asked before an action, and what the button says that agrees. */
export function question(action: Action, name: string, of: Question): [string, string] {
  const users = listed(of.users);
  const many = of.users.length;
  if (action === "cancel") {
    return [trans.__("It is loaded for %1. Stop that run?", users), trans.__("Stop")];
  }
  if (many === 0) {
    return action === "forget"
      ? [loss(name, of), trans.__("Forget")]
      : [release(action, name), trans.__("Unload")];
  }
  if (action === "forget") {
    return [
      trans._n(
        "In use by %2. Stop it and forget?",
        "In use by %2. Stop them and forget?",
        many,
        users,
      ),
      trans.__("Stop and forget"),
    ];
  }
  const asked =
    action === "unload"
      ? trans._n(
          "In use by %2. Stop it and unload?",
          "In use by %2. Stop them and unload?",
          many,
          users,
        )
      : trans._n(
          "There are models in use by %2. Stop it and unload?",
          "There are models in use by %2. Stop them and unload?",
          many,
          users,
        );
  return [asked, trans.__("Stop and unload")];
}

/** What is asked of those who want to be asked, of models that nobody uses. */
function release(action: Action, name: string): string {
  if (action === "unload") return trans.__("Unload %1?", name);
  return action === "unload_all"
    ? trans.__("Unload all models?")
    : trans.__("Unload all models but %1?", name);
}

/** What would be lost with a model that nobody uses. */
function loss(name: string, { loaded, pinned }: Question): string {
  const pins = listed(pinned);
  if (pins === "") return trans.__("%1 is loaded. Forget it all the same?", name);
  return loaded
    ? trans.__("%1 is loaded and has pinned %2. Forget it all the same?", name, pins)
    : trans.__("%1 has pinned %2. Forget it all the same?", name, pins);
}

/** What has become of a model, for people who do not see it; undefined if it is nothing to say. */
export function announcement(before: Row | undefined, after: Row): string | undefined {
  const { name } = after;
  if (after.problem && after.problem[0] !== before?.problem?.[0]) {
    return trans.__("%1: %2", name, sentences(...after.problem));
  }
  if (!before || before.state === after.state) return undefined;
  if (after.state === "loaded") {
    return trans.__("%1 loaded on %2 in %3", name, after.device, duration(after.load_seconds));
  }
  if (after.state === "failed") return trans.__("%1 failed: %2", name, after.error);
  if (after.state !== "registered") return undefined;
  const freed = after.freed && after.freed.at !== before.freed?.at ? after.freed : undefined;
  return freed ? trans.__("%1: %2", name, freedWords(freed)) : trans.__("%1 is not loaded", name);
}
