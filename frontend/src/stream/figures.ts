/** What a view knows about its stream beside the text. The names are those of the widget's traits. */

import type { Model } from "../lib/link";

const STATES = [
  "waiting",
  "building",
  "loading",
  "prompt",
  "generating",
  "running",
  "finished",
  "stopped",
  "failed",
] as const;

export type State = (typeof STATES)[number];

/** Times are seconds; null is what is not known. */
export interface Figures {
  state: State;
  /** What goes on while it is building or loading. */
  activity: string;
  /** How much of the activity is done: 0 to 1. */
  fraction: number | null;
  prompt_done: number;
  prompt_total: number;
  prompt_cached: number;
  tokens: number;
  /** The most tokens that may be generated, or -1. */
  predict_limit: number;
  /** Tokens a second. */
  rate: number | null;
  first_token: number | null;
  elapsed: number;
}

export const KEYS = [
  "state",
  "activity",
  "fraction",
  "prompt_done",
  "prompt_total",
  "prompt_cached",
  "tokens",
  "predict_limit",
  "rate",
  "first_token",
  "elapsed",
] as const satisfies readonly (keyof Figures)[];

const UNKNOWN: Figures = {
  state: "waiting",
  activity: "",
  fraction: null,
  prompt_done: 0,
  prompt_total: 0,
  prompt_cached: 0,
  tokens: 0,
  predict_limit: -1,
  rate: null,
  first_token: null,
  elapsed: 0,
};

/** The figures that a widget's traits hold. */
export function figuresOf(model: Model): Figures {
  return updated(UNKNOWN, Object.fromEntries(KEYS.map((key) => [key, model.get(key)])));
}

/** The figures after news, of which only what can be understood counts. */
export function updated(figures: Figures, news: Record<string, unknown>): Figures {
  const after: Record<string, unknown> = { ...figures };
  for (const key of KEYS) if (key in news && fits(key, news[key])) after[key] = news[key];
  return after as unknown as Figures;
}

/** Whether nothing will change any more. */
export function isFinal(state: State): boolean {
  return state === "finished" || state === "stopped" || state === "failed";
}

function fits(key: (typeof KEYS)[number], value: unknown): boolean {
  if (key === "state") return (STATES as readonly unknown[]).includes(value);
  if (key === "activity") return typeof value === "string";
  return Number.isFinite(value) || (value === null && UNKNOWN[key] === null);
}
