/** What a word of a magic's line is about. */

import type { Word } from "../language/magic";
import type { MagicLine } from "./magic";
import type { HelpTable } from "./table";

/** What can be told of a stretch of a line; offsets count from the begin of the line. */
export interface Topic {
  readonly from: number;
  readonly to: number;
  /** The word as one writes it. */
  readonly title: string;
  readonly text: string;
  readonly values: readonly string[];
  /** The registered model that the word names. */
  readonly model?: string;
}

type Texts = HelpTable["cell"];

interface Stretch {
  readonly from: number;
  readonly to: number;
}

/** The verbs whose `NAME` is a model's; `export` has that of a guest. */
const OF_MODELS = new Set(["load", "unload", "forget", "models", "config"]);

/** What the word at an offset of the line is about, if that is known. */
export function topicAt(
  line: MagicLine,
  offset: number,
  help: HelpTable,
  isModel: (name: string) => boolean,
): Topic | undefined {
  const at = line.words.findIndex((word) => word.from <= offset && offset <= endOf(word));
  const word = line.words[at];
  if (!word) return undefined;
  if (line.kind === "config") return preference(word, help);
  if (line.kind === "cell") {
    return new Reader(help, isModel, help.cell, false).topic(line.words, at, offset);
  }
  const [name] = line.words;
  const verb = name && help.verbs[name.value];
  if (!verb) return undefined;
  if (at === 0) return { ...stretch(word), title: verb.usage, text: verb.summary, values: [] };
  const reader = new Reader(help, isModel, verb.options, OF_MODELS.has(name.value));
  return reader.topic(line.words.slice(1), at - 1, offset);
}

function preference(word: Word, help: HelpTable): Topic | undefined {
  const [, name] = /^WasinnMagics\.(\w+)/.exec(word.raw) ?? [];
  const text = name && help.preferences[name];
  return text ? { ...stretch(word), title: `WasinnMagics.${name}`, text, values: [] } : undefined;
}

/** Reads the words as the kernel does. */
class Reader {
  private readonly positionals: string[];

  constructor(
    private readonly help: HelpTable,
    private readonly isModel: (name: string) => boolean,
    private readonly texts: Texts,
    private readonly ofModels: boolean,
  ) {
    this.positionals = Object.keys(texts).filter((name) => !name.startsWith("-"));
  }

  topic(words: readonly Word[], at: number, offset: number): Topic | undefined {
    let option: string | undefined;
    let given = 0;
    for (const [index, word] of words.entries()) {
      if (word.value === "--") return undefined; // what follows is for the guest
      const here = index === at;
      if (option !== undefined) {
        if (here) return this.value(option, stretch(word), word.raw, offset);
        option = undefined;
      } else if (word.raw.startsWith("-")) {
        if (here) return this.option(word, offset);
        if (this.takesValue(word.raw)) option = word.raw;
      } else {
        if (here) return this.positional(given, word);
        given++;
      }
    }
    return undefined;
  }

  private takesValue(option: string): boolean {
    return option in this.texts && option in this.help.metavars;
  }

  private option(word: Word, offset: number): Topic | undefined {
    const equals = word.raw.indexOf("=");
    const name = equals < 0 ? word.raw : word.raw.slice(0, equals);
    const begin = word.from + name.length + 1;
    if (equals >= 0 && offset >= begin && this.takesValue(name)) {
      return this.value(name, { from: begin, to: endOf(word) }, word.raw.slice(equals + 1), offset);
    }
    return this.argument(name, { from: word.from, to: word.from + name.length });
  }

  private positional(index: number, word: Word): Topic | undefined {
    // the last one may be repeated
    const name = this.positionals[Math.min(index, this.positionals.length - 1)];
    if (name === undefined) return undefined;
    const model = word.value;
    if (this.ofModels && /^names?$/.test(name) && this.isModel(model)) {
      return this.model(model, stretch(word));
    }
    return this.argument(name, stretch(word));
  }

  private value(option: string, at: Stretch, text: string, offset: number): Topic | undefined {
    const metavar = this.help.metavars[option] ?? "";
    if (metavar.startsWith("KEY")) return this.setting(at, text) ?? this.argument(option, at);
    if (metavar.startsWith("ALIAS")) {
      const part = partAt(text, offset - at.from);
      const name = unquoted(text.slice(part.from, part.to));
      const place = { from: at.from + part.from, to: at.from + part.to };
      if (this.isModel(name)) return this.model(name, place);
    }
    return this.argument(option, at);
  }

  private setting(at: Stretch, text: string): Topic | undefined {
    const [key = ""] = unquoted(text).split("=");
    const name = key.replaceAll("_", "-");
    const told = this.help.settings[name];
    if (told === undefined) return undefined;
    return { ...at, title: name, text: told, values: this.valuesOf(name, told) };
  }

  private model(name: string, at: Stretch): Topic {
    return { ...at, title: name, text: "", values: [], model: name };
  }

  private argument(name: string, at: Stretch): Topic | undefined {
    const text = this.texts[name];
    if (text === undefined) return undefined;
    const metavar = this.help.metavars[name];
    const title = name.startsWith("-") ? [name, metavar].join(" ").trim() : (metavar ?? name);
    return { ...at, title, text, values: this.valuesOf(name, text) };
  }

  /** The values that the text does not name already. */
  private valuesOf(name: string, text: string): readonly string[] {
    const values = this.help.values[name] ?? [];
    return values.every((value) => text.includes(value)) ? [] : values;
  }
}

/** The part of `ALIAS=NAME` that an offset is in. */
function partAt(text: string, offset: number): Stretch {
  const equals = text.indexOf("=");
  if (equals < 0) return { from: 0, to: text.length };
  return offset <= equals ? { from: 0, to: equals } : { from: equals + 1, to: text.length };
}

function stretch(word: Word): Stretch {
  return { from: word.from, to: endOf(word) };
}

function endOf({ from, raw }: Word): number {
  return from + raw.length;
}

function unquoted(text: string): string {
  return text.replace(/["'\\]/g, "");
}
