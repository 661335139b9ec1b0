/** The line of a stream in words: the same that its static form uses. */

import { duration, percent, rate, tokenCount, wholeSeconds } from "../lib/units";
import { isFinal, type Figures } from "./figures";

/** Between the parts of a line. */
const BETWEEN = " · ";

/** What stands beside the label. `elapsed` is in seconds. */
export function words(figures: Figures, elapsed: number, reason: string): string {
  const { state, activity, fraction, prompt_done, prompt_total } = figures;
  switch (state) {
    case "waiting":
      return since("waiting", elapsed);
    case "building":
    case "loading": {
      const done = fraction === null ? "" : ` ${percent(fraction)}`;
      return `${activity || state}${done}${elapsed < 1 ? "" : ` (${wholeSeconds(elapsed)})`}`;
    }
    case "running":
      return since("running", elapsed);
    case "prompt":
      return `reading the prompt, ${prompt_done.toLocaleString("en")} of ${tokenCount(prompt_total)}`;
    case "generating":
      return joined(`generating ${tokenCount(figures.tokens)}`, ...speeds(figures));
    default:
      return joined(...final(figures, reason));
  }
}

/** How far the bar is, and what a screen reader says of it; undefined if there is no bar. */
export interface Progress {
  label: string;
  fraction?: number;
  words?: string;
}

/** What the bar of a stream shows. */
export function progress(figures: Figures): Progress | undefined {
  const { state, fraction, prompt_done, prompt_total, tokens, predict_limit } = figures;
  if (state === "building" || state === "loading") {
    const label = state === "building" ? "Build" : "Load";
    return fraction === null ? { label } : { label, fraction };
  }
  if (state === "prompt" && prompt_total > 0) return share("Prompt", prompt_done, prompt_total);
  if (state === "generating" && predict_limit > 0) return share("Tokens", tokens, predict_limit);
  return undefined;
}

/** What is said aloud when the state changes: short, for it interrupts. */
export function spoken(figures: Figures, reason: string): string {
  const { state, activity, tokens } = figures;
  if (isFinal(state)) {
    const why = reason === state ? "" : reason;
    return [state, tokenCount(tokens), why].filter(Boolean).join(", ");
  }
  if (state === "prompt") return "reading the prompt";
  return activity && (state === "building" || state === "loading") ? activity : state;
}

function final(figures: Figures, reason: string): string[] {
  const { state, tokens, prompt_done, prompt_total, prompt_cached } = figures;
  if (tokens === 0 && prompt_total === 0) return [state, reason].filter(Boolean);
  const evaluated = tokenCount(Math.max(prompt_done - prompt_cached, 0));
  const prompt = `prompt ${evaluated} evaluated, ${prompt_cached.toLocaleString("en")} cached`;
  const parts = [tokenCount(tokens), ...speeds(figures)];
  return [...parts, ...(prompt_total > 0 ? [prompt] : []), reason || state];
}

function speeds({ rate: speed, first_token }: Figures): string[] {
  const parts = [];
  if (speed !== null) parts.push(rate(speed));
  if (first_token !== null) parts.push(`first token after ${duration(first_token)}`);
  return parts;
}

function share(label: string, done: number, total: number): Progress {
  const words = `${done.toLocaleString("en")} of ${total.toLocaleString("en")}`;
  return { label, fraction: done / total, words };
}

function since(what: string, elapsed: number): string {
  return elapsed < 1 ? what : `${what} ${wholeSeconds(elapsed)}`;
}

function joined(...parts: string[]): string {
  return parts.join(BETWEEN);
}
