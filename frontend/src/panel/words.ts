/** The words of a panel. */

import { count, duration, formatBytes, listed, percent } from "../lib/units";
import type { Row, Totals } from "./state";

/** What a user has to agree to before a model is unloaded or forgotten. */
export interface Question {
  users: string[];
  loaded: boolean;
  pinned: string[];
  agree: string[];
}

export type Action = "cancel" | "unload" | "forget" | "unload_others" | "unload_all";

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** The state of a model: `loading 40 %`. */
export function stateWords(row: Row, fraction: number | null | undefined): string {
  if (row.state === "loading") {
    return typeof fraction === "number" ? `loading ${percent(fraction)}` : "loading";
  }
  if (row.work === "unload" || row.work === "forget") {
    return row.users.length > 0 ? "stopping its users" : "unloading";
  }
  if (row.work === "load") return "waiting to load";
  return row.state;
}

/** The memory of a loaded model. */
export function memoryWords(row: Row): string {
  if (row.weights + row.contexts === 0) return "";
  const weights = formatBytes(row.weights);
  return row.contexts > 0 ? `${weights} + ${formatBytes(row.contexts)} contexts` : weights;
}

/** What an unload gave back. */
export function freedWords(freed: { bytes: number; seconds: number }): string {
  return `${formatBytes(freed.bytes)} given back in ${duration(freed.seconds)}`;
}

/** How long ago something was, in steps that are calm to look at. */
export function ago(seconds: number): string {
  if (seconds < MINUTE) return "just now";
  if (seconds < HOUR) return `${Math.floor(seconds / MINUTE)} min ago`;
  if (seconds < DAY) return `${Math.floor(seconds / HOUR)} h ago`;
  return `${count(Math.floor(seconds / DAY), "day")} ago`;
}

/** When a model was used last; `now` by the kernel's clock. */
export function usedWords(row: Row, now: number): string {
  if (row.users.length > 0) return "in use";
  return row.last_used > 0 ? ago(now - row.last_used) : "never";
}

/** What the table has no room for. */
export function detailWords(row: Row): [term: string, text: string][] {
  const parts: [string, string][] = [
    ["name", row.name],
    ["source", row.origin],
    ["encoding", row.encoding],
    ["device", row.device],
    ["weights", row.weights ? formatBytes(row.weights) : ""],
    ["contexts", row.contexts ? formatBytes(row.contexts) : ""],
    ["loaded in", row.state === "loaded" ? duration(row.load_seconds) : ""],
    ["pinned", listed(row.pinned)],
    ["in use by", listed(row.users)],
    ["loading for", row.wanted_by],
  ];
  return parts.filter(([, text]) => text !== "");
}

/** How many models there are. */
export function summary(rows: Iterable<Row>): string {
  const all = [...rows];
  const loaded = all.filter(({ state }) => state === "loaded").length;
  return `${count(all.length, "model")}, ${loaded} loaded`;
}

/** Memory, in parts: the models', the process's, what is free, and that of each GPU. */
export function totalsWords(totals: Totals): [label: string, figure: string][] {
  const gpus = totals.gpus.map(({ name, free, total }): [string, string] => [
    name,
    total > 0 ? `${formatBytes(free)} of ${formatBytes(total)} free` : "memory not known",
  ]);
  return [
    ["models", formatBytes(totals.models)],
    ["kernel", formatBytes(totals.process)],
    ["free", `${formatBytes(totals.free)} of ${formatBytes(totals.total)}`],
    ...gpus,
  ];
}

/** What is asked before an action, and what the button says that agrees. */
export function question(action: Action, name: string, of: Question): [string, string] {
  const forget = action === "forget";
  if (action === "cancel") return [`It is loaded for ${listed(of.users)}. Stop that run?`, "Stop"];
  const again = forget ? "forget" : "unload";
  const losses: string[] = [];
  if (of.loaded) losses.push("is loaded");
  if (of.pinned.length > 0) losses.push(`has pinned ${listed(of.pinned)}`);
  if (of.users.length === 0)
    return [`${name} ${listed(losses)}. Forget it all the same?`, "Forget"];
  const them = of.users.length === 1 ? "it" : "them";
  const told = action === "unload" || forget ? "In use by" : "There are models in use by";
  return [`${told} ${listed(of.users)}. Stop ${them} and ${again}?`, `Stop and ${again}`];
}

/** What has become of a model, for people who do not see it; undefined if it is nothing to say. */
export function announcement(before: Row | undefined, after: Row): string | undefined {
  if (after.problem && after.problem[0] !== before?.problem?.[0]) {
    return `${after.name}: ${after.problem.join(" ")}`;
  }
  if (!before || before.state === after.state) return undefined;
  if (after.state === "loaded") {
    return `${after.name} loaded on ${after.device} in ${duration(after.load_seconds)}`;
  }
  if (after.state === "failed") return `${after.name} failed: ${after.error}`;
  if (after.state !== "registered") return undefined;
  const freed = after.freed && after.freed.at !== before.freed?.at ? after.freed : undefined;
  return freed ? `${after.name}: ${freedWords(freed)}` : `${after.name} is not loaded`;
}
