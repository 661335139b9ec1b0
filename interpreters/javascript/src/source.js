// A cell's text as QuickJS is given it.
//
// QuickJS has one name for everything that is evaluated, so cells are told apart by their lines:
// each gets numbers of its own, by empty lines before it, and a frame's line says which cell it is.
//
// A cell is a script in the global scope. What it declares with `let`, `const` and `class` would be
// its own, so these become `var` at the top level; no column moves but behind `class`.
import { declarations } from "./scan.js";

/** What `checked` throws where the cell would begin. */
export const STOPPED = "wasinn:stopped";
const cells = [];
const known = new Map();
let lines = 0;

/** The cell that a line of QuickJS's is in, or undefined. */
export function cellAt(line) {
  return cells.findLast((cell) => line > cell.base);
}

export function prepare({ source, label, firstLine }) {
  const key = [label, firstLine, source].join("\0");
  let cell = known.get(key);
  if (!cell) known.set(key, (cell = new Source(source, label, firstLine)));
  return cell;
}

class Source {
  constructor(text, label, firstLine) {
    this.given = text;
    this.label = label;
    this.base = lines;
    this.firstLine = firstLine;
    lines += text.split("\n").length + 1;
    const found = declarations(text);
    this.isAsync = found.awaits;
    this.body = found.replaced(this.isAsync);
    this.inserted = found.inserted;
    this.names = found;
    cells.push(this);
  }

  /** What is evaluated. The line before the cell's own is ours. */
  get text() {
    return this.#wrapped("");
  }

  /** The same, stopped before it begins: only what is wrong with the text is seen. */
  get checked() {
    return this.#wrapped(`throw ${JSON.stringify(STOPPED)};`);
  }

  #wrapped(before) {
    const padding = "\n".repeat(this.base);
    if (!this.isAsync) return `${padding}${before}\n${this.body}\n`;
    const names = (list) => list.map((name) => `globalThis.${name} = ${name};`).join(" ");
    const { functions, patterns } = this.names;
    return `${padding}${before}(async () => { ${names(functions)}\n${this.body}\n${names(patterns)}})()`;
  }

  /** The cell's own place for one of QuickJS's. */
  place(line, column) {
    const own = line - this.base - 1;
    for (const one of this.inserted) {
      if (one.line === own && column > one.column) {
        column = Math.max(one.column, column - one.length);
      }
    }
    return { line: own - 1 + this.firstLine, column };
  }

  /** Behind the last of its characters. */
  get end() {
    const given = this.given.trimEnd().split("\n");
    return { line: given.length - 1 + this.firstLine, column: given.at(-1).length + 1 };
  }

  /** A syntax error of the cell's own text; null for every other error. */
  syntax(error) {
    if (!(error instanceof SyntaxError)) return null;
    // its place is the first frame, and right behind it come ours: nothing of the cell runs yet
    const match = /^\s*at <input>:(\d+):(\d+)\s+at eval \(native\)\s+at \w+ \(\/main\.js/.exec(
      error.stack ?? "",
    );
    if (!match || cellAt(Number(match[1])) !== this) return null;
    const at = this.place(Number(match[1]), Number(match[2]));
    const last = this.end;
    if (at.line > last.line) return { message: "unexpected end of the cell", at: last };
    return { message: error.message, at };
  }

  problem(error) {
    return (
      this.syntax(error) ?? { message: `${error?.message ?? error}`, at: { line: 0, column: 0 } }
    );
  }
}
