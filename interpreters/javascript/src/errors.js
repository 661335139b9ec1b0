// Errors as the person at the notebook reads them.
import { format } from "./console.js";
import { cellAt } from "./source.js";

/** Ends a cell with an exit code. */
export class Exit {
  constructor(code) {
    const number = Number(code);
    if (!Number.isInteger(number) || number < 0 || number > 255) {
      throw new RangeError(`exit(${String(code)}): a code is 0 to 255`);
    }
    this.code = number;
  }
}

class Frame {
  constructor(name, cell, line, column) {
    Object.assign(this, { name, cell, at: cell.place(line, column) });
  }

  toString() {
    const where = `${this.cell.label}:${this.at.line}:${this.at.column}`;
    return this.name && this.name !== "<eval>" ? `${this.name} (${where})` : where;
  }
}

/** The frames of an error that are a cell's, innermost first. */
export function frames(error) {
  const found = [];
  const pattern = /^\s*at (?:(.*?) \()?<input>:(\d+):(\d+)\)?$/gm;
  for (const [, name, line, column] of String(error?.stack ?? "").matchAll(pattern)) {
    const cell = cellAt(Number(line));
    if (cell) found.push(new Frame(name, cell, Number(line), Number(column)));
  }
  return found;
}

export function describe(error) {
  if (!(error instanceof Error)) return { message: `Uncaught ${format(error)}`, frames: [] };
  const causes = [];
  for (let cause = error.cause, i = 0; cause && i < 5; cause = cause.cause, i++) {
    causes.push(`\ncaused by ${cause instanceof Error ? headline(cause) : format(cause)}`);
  }
  return { message: headline(error) + causes.join(""), frames: frames(error) };
}

/** The innermost place in this cell: an error may come from a function of an earlier one. */
export function place(found, cell) {
  return found.find((frame) => frame.cell === cell)?.at ?? { line: 0, column: 0 };
}

function headline(error) {
  const code = typeof error.code === "string" ? ` [${error.code}]` : "";
  return error.message ? `${error.name}${code}: ${error.message}` : `${error.name}${code}`;
}
