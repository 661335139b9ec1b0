/** What a guest cell needs before it: the extension in the kernel, and a model that writes text. */

import type { Row } from "@frontend/panel/state";
import type { IHost } from "../tokens";
import { answers } from "./context";

/** A model that the package brings along. */
const BUILT_IN = { name: "story", source: "builtin:tinytales" };

export interface Preparation {
  /** The lines of a cell that prepares; none if all is there. */
  readonly lines: readonly string[];
  /** The name of the model that the guest uses. */
  readonly model: string;
}

/**
 * What is missing for a guest.
 *
 * @param host that of the notebook's kernel; what it has is not made again.
 * @param above the code cells before the guest; what they do is not done again.
 */
export function preparation(host: IHost | null, above: readonly string[]): Preparation {
  const lines: string[] = [];
  const live = answers(host);
  const text = above.join("\n");
  if (!live && !/^\s*%(re)?load_ext\s+wasinn_nb\b/m.test(text)) lines.push("%load_ext wasinn_nb");
  const model = (live ? writer(host.models.values()) : undefined) ?? loadedIn(text);
  if (model === undefined) lines.push(`%wasinn load ${BUILT_IN.name} ${BUILT_IN.source}`);
  return { lines, model: model ?? BUILT_IN.name };
}

/** A registered language model, a loaded one rather than another. */
function writer(rows: Iterable<Row>): string | undefined {
  const fit = [...rows].filter(
    ({ name, encoding, anonymous, state }) =>
      encoding === "ggml" && !anonymous && state !== "failed" && /^[\w.-]+$/.test(name),
  );
  return (fit.find(({ state }) => state === "loaded") ?? fit[0])?.name;
}

/** The name under which the cells load a language model last. */
function loadedIn(text: string): string | undefined {
  const loads = text.matchAll(
    /^\s*%wasinn\s+load\s+([\w.-]+)\s+(?:builtin:tinytales|\S+\.gguf)\b/gm,
  );
  return [...loads].at(-1)?.[1];
}
