/** The lines of a cell that are ours, and their words. */

import type { Text } from "@codemirror/state";

/** A word of a magic's line; offsets count from the begin of the line. */
export interface Word {
  readonly from: number;
  readonly to: number;
  /** As it is written, quotes included. */
  readonly text: string;
}

/** What a line is to the kernel. */
export type LineKind = "cell" | "verb" | "config";

export interface MagicLine {
  readonly kind: LineKind;
  /** Where the line begins in the cell. */
  readonly from: number;
  readonly words: readonly Word[];
}

const CELL = /^\s*%%wasinn(?=\s|$)/;
const VERB = /^\s*(?:[A-Za-z_][\w.]*\s*=\s*)?%wasinn(?=\s|$)/;
const CONFIG = /^\s*%config(?=\s)/;
// these run what follows them as a cell
const PASSED = /^\s*(?:%%(?:time|timeit|capture|prun)(?:\s.*)?)?$/;
const WORD = /(?:[^\s"'\\]|\\.?|"(?:[^"\\]|\\.)*"?|'[^']*'?)+/g;

/** The magic's line at a position of a code cell, if there is one. */
export function magicLineAt(text: Text, position: number): MagicLine | undefined {
  const line = text.lineAt(position);
  const first = firstLine(text);
  const kind = kindOf(line.text, line.from === first?.from, first?.text ?? "");
  if (!kind) return undefined;
  const begin = kind[1].length;
  const words = [...line.text.slice(begin).matchAll(WORD)].map((match) => {
    const from = begin + match.index;
    return { from, to: from + match[0].length, text: match[0] };
  });
  return { kind: kind[0], from: line.from, words };
}

/** The kind of a line, and what of it stands before its words. */
function kindOf(line: string, isFirst: boolean, first: string): [LineKind, string] | undefined {
  if (isFirst) {
    const cell = CELL.exec(line);
    if (cell) return ["cell", cell[0]];
  }
  // the body of a cell magic is no Python
  if (/^\s*%%/.test(first)) return undefined;
  const verb = VERB.exec(line);
  if (verb) return ["verb", verb[0]];
  const config = CONFIG.exec(line);
  return config ? ["config", config[0]] : undefined;
}

/** The first line that says what the cell is. */
function firstLine(text: Text): { from: number; text: string } | undefined {
  for (let number = 1; number <= text.lines; number++) {
    const line = text.line(number);
    if (!PASSED.test(line.text)) return line;
  }
  return undefined;
}
