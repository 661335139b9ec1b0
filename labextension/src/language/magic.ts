/** The magic line of a guest cell: where it is, and what its words are. */

import line from "./line.json";

/** A line `%%wasinn ...`, and where it lies in the cell. */
export interface MagicLine {
  readonly from: number;
  readonly to: number;
  readonly text: string;
}

/** What a stretch of the magic line is. */
export type Part =
  | "Magic"
  | "Language"
  | "Option"
  | "Equals"
  | "Key"
  | "Model"
  | "Value"
  | "Number"
  | "Variable"
  | "Separator"
  | "Argument";

/** A stretch of the magic line; offsets count from the line's begin. */
export interface Token {
  readonly part: Part;
  readonly from: number;
  readonly to: number;
}

type Taking = keyof typeof line.options;

/** A word of a magic's line. */
export interface Word {
  readonly from: number;
  readonly raw: string;
  /** As the kernel reads it: without quotes. */
  readonly value: string;
}

const MAGIC = /^\s*(%%wasinn)(?= |\s*$)/;
// IPython drops blank lines before a magic, and these magics run what follows as a cell.
export const PASSED = /^\s*(?:%%(?:time|timeit|capture|prun)(?: .*)?)?$/;
const WORD = /(?:[^\s"'\\]|\\.?|"(?:[^"\\]|\\.)*"?|'[^']*'?)+/g;
const QUOTED = /"((?:[^"\\]|\\.)*)"?|'([^']*)'?|\\(.)/g;
const VARIABLE = /\$\$|(\$[A-Za-z_]\w*)/g;

const LANGUAGES = new Map(
  Object.entries(line.languages).flatMap(([name, { aliases }]) =>
    [name, ...aliases].map((known) => [known, name]),
  ),
);
const OPTIONS = new Map(
  Object.entries(line.options).flatMap(([taking, names]) =>
    names.map((name) => [name, taking as Taking]),
  ),
);

/** The magic line among the lines of a cell; null if it is no guest's. */
export function findMagic(lines: Iterable<string>): MagicLine | null {
  let from = 0;
  for (const text of lines) {
    if (MAGIC.test(text)) return { from, to: from + text.length, text };
    if (!PASSED.test(text)) return null;
    from += text.length + 1;
  }
  return null;
}

/** The language that a magic line names, by its first name; empty if none that is known. */
export function languageOf(magic: MagicLine): string {
  const token = tokens(magic.text).find((one) => one.part === "Language");
  return token ? languageNamed(unquoted(magic.text.slice(token.from, token.to))) : "";
}

/** What the words of a magic line are; those that mean nothing there are left out. */
export function tokens(text: string): Token[] {
  const reader = new Reader();
  const name = MAGIC.exec(text);
  if (!name) return [];
  const end = name[0].length;
  reader.add("Magic", end - "%%wasinn".length, end);
  for (const word of words(text, end)) reader.read(word);
  return reader.tokens;
}

/** Reads words as the kernel's argument parser does. */
class Reader {
  readonly tokens: Token[] = [];
  private option: Taking = "flag";
  private beyond = false;
  private named = false;

  add(part: Part, from: number, to: number): void {
    if (from < to) this.tokens.push({ part, from, to });
  }

  read(word: Word): void {
    if (this.beyond) {
      this.addText("Argument", word.raw, word.from);
    } else if (word.value === "--") {
      this.beyond = true;
      this.add("Separator", word.from, word.from + 2);
    } else if (this.option !== "flag") {
      this.addValue(this.option, word.raw, word.from);
      this.option = "flag";
    } else if (word.raw.startsWith("-")) {
      this.readOption(word);
    } else if (!this.named) {
      this.named = true;
      if (languageNamed(word.value)) this.add("Language", word.from, word.from + word.raw.length);
    }
  }

  private readOption({ raw, from }: Word): void {
    const equals = raw.indexOf("=");
    const name = equals < 0 ? raw : raw.slice(0, equals);
    const taking = OPTIONS.get(name);
    if (taking === undefined) return;
    this.add("Option", from, from + name.length);
    if (equals < 0) {
      this.option = taking;
    } else if (taking !== "flag") {
      this.add("Equals", from + equals, from + equals + 1);
      this.addValue(taking, raw.slice(equals + 1), from + equals + 1);
    }
  }

  private addValue(taking: Taking, raw: string, from: number): void {
    const equals = raw.indexOf("=");
    if (taking === "variable") {
      this.add("Variable", from, from + raw.length);
    } else if (taking === "number") {
      this.addText("Number", raw, from);
    } else if (equals >= 0 && (taking === "model" || taking === "pair")) {
      this.addText("Key", raw.slice(0, equals), from);
      this.add("Equals", from + equals, from + equals + 1);
      const part = taking === "model" ? "Model" : "Value";
      this.addText(part, raw.slice(equals + 1), from + equals + 1);
    } else {
      this.addText(taking === "model" ? "Model" : "Value", raw, from);
    }
  }

  /** Text in which `$name` stands for a variable. */
  private addText(part: Part, raw: string, from: number): void {
    let done = 0;
    for (const match of raw.matchAll(VARIABLE)) {
      if (match[1] === undefined) continue;
      this.add(part, from + done, from + match.index);
      done = match.index + match[1].length;
      this.add("Variable", from + match.index, from + done);
    }
    this.add(part, from + done, from + raw.length);
  }
}

function languageNamed(word: string): string {
  return LANGUAGES.get(word.toLowerCase()) ?? "";
}

/** The words of a line from an offset on. */
export function* words(text: string, begin: number): Generator<Word> {
  for (const match of text.slice(begin).matchAll(WORD)) {
    const raw = match[0];
    yield { from: begin + match.index, raw, value: unquoted(raw) };
  }
}

function unquoted(raw: string): string {
  return raw.replace(QUOTED, (_, double?: string, single?: string, escaped?: string) => {
    return double?.replace(/\\(["\\])/g, "$1") ?? single ?? escaped ?? "";
  });
}
