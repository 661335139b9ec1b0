/** What a form says, from facts. */

import { count, listed } from "../lib/units";
import type { Field, Message, Origin, Scope, Value } from "./types";

const ORIGINS: Record<Origin, string> = {
  default: "default",
  load: "from load",
  guest: "from guest",
  pin: "pinned",
};

export function originText(origin: Origin): string {
  return ORIGINS[origin];
}

/** A value as it stands in a text field; a number that has a word leaves it to that word. */
export function fieldText(field: Field, value: Value): string {
  const worded = field.kind !== "str" && field.offers.some((offer) => offer.value === value);
  return value === null || worded ? "" : String(value);
}

/** A value as it is read out: `all 33 layers`, `4,096 tokens`. */
export function spokenText(field: Field, value: Value): string {
  const word = field.offers.find((offer) => offer.value === value);
  if (word) {
    const all = word.label === "all" && field.span ? field.span[1] : undefined;
    if (all !== undefined) return `all ${withUnit(all, field.unit)}`;
    return word.note === "" ? word.label : `${word.label}, ${word.note}`;
  }
  if (typeof value === "number") return withUnit(value, field.unit);
  return value === null ? "automatic" : String(value);
}

function withUnit(value: number, unit: string): string {
  if (unit === "") return String(value);
  return unit.endsWith("s") ? count(value, unit.slice(0, -1)) : `${value} ${unit}`;
}

/** What stands behind the button of a form. */
export interface Situation {
  /** Settings that the draft changes, and what has to be made anew for each. */
  changed: readonly { key: string; scope: Scope }[];
  errors: readonly string[];
  problem: Message | null;
  /** Load-time settings that would differ from what is loaded. */
  reload: readonly string[];
  loaded: boolean;
  users: readonly string[];
  /** Places that have too little memory for it. */
  over: readonly string[];
}

/** The button: what it says, whether it can be pressed, and what pressing it will do. */
export interface Action {
  label: string;
  reason: string;
  enabled: boolean;
  /** Those who use the model are stopped first. */
  stop: boolean;
}

const NOTHING: Action = { label: "Apply", reason: "", enabled: false, stop: false };

/** What Apply would do now, said before it is pressed. */
export function actionFor(now: Situation): Action {
  const action = plain(now);
  if (!action.enabled || now.over.length === 0) return action;
  return { ...action, reason: `${action.reason} It will hardly fit into ${listed(now.over)}.` };
}

function plain(now: Situation): Action {
  if (now.errors.length > 0) return { ...NOTHING, reason: `Correct ${listed(now.errors)} first.` };
  if (now.problem)
    return { ...NOTHING, reason: `${now.problem.message} ${now.problem.hint}`.trim() };
  const drafted = now.changed.length > 0;
  if (now.loaded && now.reload.length > 0) return reloading(now, drafted);
  if (!drafted) return { ...NOTHING, reason: "No changes." };
  return { label: "Apply", reason: without(now), enabled: true, stop: false };
}

function reloading(now: Situation, drafted: boolean): Action {
  const keys = listed(now.reload);
  const what = drafted
    ? `${keys} changed, so the model is loaded again.`
    : `${keys} changed since the model was loaded.`;
  if (now.users.length > 0) {
    return {
      label: now.users.length > 1 ? "Stop them and apply" : "Stop it and apply",
      reason: `In use by ${listed(now.users)}. ${what}`,
      enabled: true,
      stop: true,
    };
  }
  const label = drafted ? "Apply and reload" : "Reload";
  return { label, reason: what, enabled: true, stop: false };
}

function without(now: Situation): string {
  const scopes = new Set(now.changed.map((change) => change.scope));
  if (!now.loaded && (scopes.has("model") || scopes.has("context"))) {
    return "Takes effect when the model is next loaded.";
  }
  if (scopes.has("context")) return "Takes effect with the next context; nothing is loaded again.";
  if (scopes.has("model")) return "The model stays as it is loaded.";
  if (scopes.has("request")) return "Takes effect with the next request; nothing is loaded again.";
  return "Takes effect at once; nothing is loaded again.";
}
