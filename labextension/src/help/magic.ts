/** The lines of a cell that are ours. */

import type { Text } from "@codemirror/state";
import { PASSED, findMagic, words } from "../language/magic";
import type { Word } from "../language/magic";

/** What a line is to the kernel. */
export type LineKind = "cell" | "verb" | "config";

export interface MagicLine {
  readonly kind: LineKind;
  /** Where the line begins in the cell. */
  readonly from: number;
  /** What follows the magic's name; offsets count from the begin of the line. */
  readonly words: readonly Word[];
}

const CELL = /^\s*%%wasinn/;
const VERB = /^\s*(?:[A-Za-z_][\w.]*\s*=\s*)?%wasinn(?=\s|$)/;
const CONFIG = /^\s*%config(?=\s)/;

/** The magic's line at a position of a code cell, if there is one. */
export function magicLineAt(text: Text, position: number): MagicLine | undefined {
  const line = text.lineAt(position);
  const [kind, name] = kindOf(text, line.from, line.text) ?? [];
  if (kind === undefined || name === undefined) return undefined;
  return { kind, from: line.from, words: [...words(line.text, name.length)] };
}

/** The kind of a line, and what of it stands before its words. */
function kindOf(text: Text, from: number, line: string): [LineKind, string] | undefined {
  const guest = findMagic(text.iterLines());
  const name = (pattern: RegExp) => pattern.exec(line)?.[0];
  if (guest) return guest.from === from ? ["cell", name(CELL) ?? ""] : undefined;
  if (isForeign(text)) return undefined;
  const verb = name(VERB);
  if (verb !== undefined) return ["verb", verb];
  const config = name(CONFIG);
  return config === undefined ? undefined : ["config", config];
}

/** Whether a cell is the body of another cell magic, and so no Python. */
function isForeign(text: Text): boolean {
  for (const line of text.iterLines()) if (!PASSED.test(line)) return /^\s*%%/.test(line);
  return false;
}
