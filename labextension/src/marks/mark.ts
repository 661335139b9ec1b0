/** What a kernel says of a line of a cell: a compiler's remark, or where a guest trapped. */

export type Severity = "error" | "trap" | "warning";

export interface Mark {
  readonly severity: Severity;
  /** 1-based; the magic's line is the first. */
  readonly line: number;
  /** 1-based, in code points; 0 where only the line is known. */
  readonly column: number;
  /** What stands in the line; a mark is for this text only. */
  readonly text: string;
  /** What is wrong, and below it what the compiler added. */
  readonly message: string;
  /** Who says so: `clang`, `wasmtime`; may be empty. */
  readonly source: string;
}

/** The marks of one cell. */
export interface MarkSet {
  readonly cell: string;
  readonly marks: readonly Mark[];
}

const SEVERITIES: ReadonlySet<unknown> = new Set<Severity>(["error", "trap", "warning"]);

/** A set as the kernel sends it; undefined for what is none. Marks of an unknown shape are left out. */
export function readSet(value: unknown): MarkSet | undefined {
  if (!isRecord(value)) return undefined;
  const { cell, marks } = value;
  if (typeof cell !== "string" || cell === "" || !Array.isArray(marks)) return undefined;
  return { cell, marks: marks.map(readMark).filter((mark) => mark !== undefined) };
}

function readMark(value: unknown): Mark | undefined {
  if (!isRecord(value)) return undefined;
  const { severity, line, column, text, message, source } = value;
  if (!SEVERITIES.has(severity)) return undefined;
  if (!isCount(line) || typeof text !== "string" || typeof message !== "string") return undefined;
  return {
    severity: severity as Severity,
    line,
    column: isCount(column) ? column : 0,
    text,
    message,
    source: typeof source === "string" ? source : "",
  };
}

function isCount(value: unknown): value is number {
  return Number.isInteger(value);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
