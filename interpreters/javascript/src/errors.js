// Errors as the person at the notebook reads them.
import { format } from "./console.js";
import { explained } from "./hints.js";
import { cellAt } from "./source.js";

/** Ends a cell with an exit code. */
export class Exit {
  constructor(code) {
    const number = Number(code);
    if (!Number.isInteger(number)) {
      throw new RangeError(`exit(${String(code)}): a code is a whole number`);
    }
    this.code = number & 0xff;
  }
}

class Frame {
  constructor(name, cell, line, column) {
    Object.assign(this, { name, cell, at: cell.place(line, column) });
  }

  /** The calls that it may be: `{ path, at }`, innermost first. */
  get calls() {
    return this.cell.calls(this.at);
  }

  toString() {
    const where = `${this.cell.label}:${this.at.line}:${this.at.column}`;
    return this.name && this.name !== "<eval>" ? `${this.name} (${where})` : where;
  }
}

/** An error's stack; a place in a text that was parsed (of JSON, of a function) is none of it. */
function ownStack(error) {
  const stack = String(error?.stack ?? "");
  return error instanceof SyntaxError ? stack.replace(/^\s*at <input>:\d+:\d+\n/, "") : stack;
}

/** The frames of an error that are a cell's, innermost first. */
export function frames(error) {
  const found = [];
  const pattern = /^\s*at (?:(.*?) \()?<input>:(\d+):(\d+)\)?$/;
  for (const entry of ownStack(error).split("\n")) {
    const [, name, line, column] = pattern.exec(entry) ?? [];
    const cell = line && cellAt(Number(line));
    // a line above the cell's first: QuickJS knows of none
    if (cell?.has(Number(line))) found.push(new Frame(name, cell, Number(line), Number(column)));
  }
  return found;
}

export function describe(error) {
  try {
    return described(error);
  } catch {
    return { message: "Uncaught error, which throws another when it is shown", frames: [] };
  }
}

function described(error) {
  if (!(error instanceof Error)) return { message: `Uncaught ${format(error)}`, frames: [] };
  const causes = [];
  for (let cause = error.cause, i = 0; cause && i < 5; cause = cause.cause, i++) {
    causes.push(`\ncaused by ${cause instanceof Error ? headline(cause) : format(cause)}`);
  }
  const found = frames(error);
  return { message: headline(error, explained(error, found)) + causes.join(""), frames: found };
}

/** The innermost place in this cell: an error may come from a function of an earlier one. */
export function place(found, cell) {
  return found.find((frame) => frame.cell === cell)?.at ?? { line: 0, column: 0 };
}

function headline(error, message = error.message) {
  const code = typeof error.code === "string" ? ` [${error.code}]` : "";
  return message ? `${error.name}${code}: ${message}` : `${error.name}${code}`;
}
