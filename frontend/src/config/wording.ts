/** What a form says, from facts. */

import { trans } from "../lib/translation";
import { grouped, listed, sentences } from "../lib/units";
import type { Field, Message, Origin, Scope, Value } from "./types";

export function originText(origin: Origin): string {
  const texts: Record<Origin, string> = {
    default: trans._p("where a value comes from", "default"),
    load: trans.__("from load"),
    guest: trans.__("from guest"),
    pin: trans._p("where a value comes from", "pinned"),
  };
  return texts[origin];
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
    if (all !== undefined) return trans.__("all %1", withUnit(all, field.unit));
    return [word.label, word.note].filter(Boolean).join(", ");
  }
  if (typeof value === "number") return withUnit(value, field.unit);
  return value === null ? trans.__("automatic") : String(value);
}

/** The kernel names units in the plural. */
function withUnit(value: number, unit: string): string {
  if (unit === "") return String(value);
  const one = value === 1 && unit.endsWith("s");
  return `${grouped(String(value))} ${one ? unit.slice(0, -1) : unit}`;
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

function nothing(reason: string): Action {
  return { label: trans.__("Apply"), reason, enabled: false, stop: false };
}

/** What Apply would do now, said before it is pressed. */
export function actionFor(now: Situation): Action {
  const action = plain(now);
  if (!action.enabled || now.over.length === 0) return action;
  const tight = trans.__("It will hardly fit into %1.", listed(now.over));
  return { ...action, reason: sentences(action.reason, tight) };
}

function plain(now: Situation): Action {
  if (now.errors.length > 0) return nothing(trans.__("Correct %1 first.", listed(now.errors)));
  if (now.problem) return nothing(sentences(now.problem.message, now.problem.hint));
  const drafted = now.changed.length > 0;
  if (now.loaded && now.reload.length > 0) return reloading(now, drafted);
  if (!drafted) return nothing(trans.__("No changes."));
  return { label: trans.__("Apply"), reason: without(now), enabled: true, stop: false };
}

function reloading(now: Situation, drafted: boolean): Action {
  const keys = listed(now.reload);
  const what = drafted
    ? trans.__("%1 changed, so the model is loaded again.", keys)
    : trans.__("%1 changed since the model was loaded.", keys);
  if (now.users.length > 0) {
    return {
      label: trans._n("Stop it and apply", "Stop them and apply", now.users.length),
      reason: sentences(trans.__("In use by %1.", listed(now.users)), what),
      enabled: true,
      stop: true,
    };
  }
  const label = drafted ? trans.__("Apply and reload") : trans.__("Reload");
  return { label, reason: what, enabled: true, stop: false };
}

function without(now: Situation): string {
  const scopes = new Set(now.changed.map((change) => change.scope));
  if (!now.loaded && (scopes.has("model") || scopes.has("context"))) {
    return trans.__("Takes effect when the model is next loaded.");
  }
  if (scopes.has("context")) {
    return trans.__("Takes effect with the next context; nothing is loaded again.");
  }
  if (scopes.has("model")) return trans.__("The model stays as it is loaded.");
  if (scopes.has("request")) {
    return trans.__("Takes effect with the next request; nothing is loaded again.");
  }
  return trans.__("Takes effect at once; nothing is loaded again.");
}
