// A cell's text as QuickJS is given it.
//
// QuickJS has one name for everything that is evaluated, so cells are told apart by their lines:
// each gets numbers of its own, by empty lines before it, and a frame's line says which cell it is.
//
// A cell is a script in the global scope. What it declares with `let`, `const` and `class` would be
// its own, so these become `var` at the top level; no column moves but behind `class`.
import { callsAround } from "./calls.js";
import { missing } from "./modules.js";
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
    this.height = text.split("\n").length;
    lines += this.height + 1;
    const found = declarations(text.replace(/^#!/, "//"), missing);
    this.isAsync = found.awaits;
    this.body = found.replaced(this.isAsync);
    this.inserted = found.inserted;
    this.names = found;
    cells.push(this);
    this.refused = this.#refusal(found.problems);
  }

  /** What is seen of a mistake before QuickJS is asked; null if nothing is. */
  #refusal([problem]) {
    if (!problem) return null;
    return { message: problem.message, at: this.#at(problem.start) };
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

  /** Whether a line of QuickJS's is one of the cell's own. */
  has(line) {
    const own = line - this.base - 1;
    return own > 0 && own <= this.height;
  }

  /** The cell's own place, in characters, for one of QuickJS's, which counts bytes. */
  place(line, column) {
    const own = line - this.base - 1;
    let at = characters(this.body.split("\n")[own - 1] ?? "", column - 1);
    for (const one of this.inserted) {
      if (one.line === own && at >= one.column) {
        at = Math.max(one.column - 1, at - one.length);
      }
    }
    const given = this.#line(own) ?? "";
    return { line: own - 1 + this.firstLine, column: [...given.slice(0, at)].length + 1 };
  }

  /** The calls that one at a place may be: `{ path, at }`, innermost first. */
  calls({ line, column }) {
    const lines = this.given.split("\n");
    const above = lines.slice(0, line - this.firstLine).map((one) => `${one}\n`);
    const before = [...(lines[line - this.firstLine] ?? "")].slice(0, column - 1).join("");
    const offset = above.join("").length + before.length;
    return callsAround(this.given, offset).map(({ path, start }) => ({
      path,
      at: this.#at(start),
    }));
  }

  /** The place of an offset in the cell. */
  #at(offset) {
    const before = this.given.slice(0, offset).split("\n");
    return { line: before.length - 1 + this.firstLine, column: [...before.at(-1)].length + 1 };
  }

  #line(number) {
    return this.given.split("\n")[number - 1];
  }

  /** Behind the last of its characters. */
  get end() {
    const given = this.given.trimEnd().split("\n");
    return { line: given.length - 1 + this.firstLine, column: [...given.at(-1)].length + 1 };
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

/** The offset in a line that so many of its bytes, as UTF-8, come to. */
function characters(line, bytes) {
  let at = 0;
  for (const one of line) {
    if (bytes <= 0) break;
    const code = one.codePointAt(0);
    bytes -= code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    at += one.length;
  }
  return at;
}
