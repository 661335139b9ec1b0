/** Where a mark stands in a text. */

import type { Text } from "@codemirror/state";
import type { Mark } from "./mark";

/** A mark with the range that it is drawn at; the range of an empty line is empty. */
export interface PlacedMark {
  readonly mark: Mark;
  readonly from: number;
  readonly to: number;
}

// what is read as one: an instruction of WAT, a word, a quoted text, an operator, else a character
const TOKEN =
  /[ifv]\d+(?:x\d+)?\.[a-z]\w*|[#@$]?[\p{L}\p{N}_$]+|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|[-+*/%&|^=<>!:]+|./uy;

/** The marks whose line still holds their text, in the order of the text. */
export function placeMarks(text: Text, marks: readonly Mark[]): PlacedMark[] {
  return marks
    .map((mark) => placeMark(text, mark))
    .filter((placed) => placed !== undefined)
    .sort((a, b) => a.from - b.from || a.to - b.to);
}

function placeMark(text: Text, mark: Mark): PlacedMark | undefined {
  if (mark.line < 1 || mark.line > text.lines) return undefined;
  const line = text.line(mark.line);
  if (line.text.trimEnd() !== mark.text.trimEnd()) return undefined;
  const [from, to] = mark.column > 0 ? tokenAt(line.text, mark.column) : words(line.text);
  return { mark, from: line.from + from, to: line.from + to };
}

/** The token at a column; a column after the last character is for what stands before it. */
function tokenAt(line: string, column: number): [number, number] {
  const at = offsetOf(line, column);
  if (at >= line.trimEnd().length) return lastCharacter(line);
  TOKEN.lastIndex = at;
  const token = TOKEN.exec(line)?.[0] ?? "";
  return [at, at + token.length];
}

/** A column in code points as an offset in UTF-16. */
function offsetOf(line: string, column: number): number {
  let at = 0;
  for (let passed = 1; passed < column && at < line.length; passed++) {
    at += (line.codePointAt(at) ?? 0) > 0xffff ? 2 : 1;
  }
  return at;
}

function lastCharacter(line: string): [number, number] {
  const end = line.trimEnd().length;
  const last = Array.from(line.slice(0, end)).at(-1) ?? "";
  return [end - last.length, end];
}

/** The line without the blanks around it. */
function words(line: string): [number, number] {
  const end = line.trimEnd().length;
  return [Math.min(line.length - line.trimStart().length, end), end];
}
