/** Folding by indentation, for bodies whose parser knows no blocks. */

import type { EditorState } from "@codemirror/state";
import { countColumn } from "@codemirror/state";

const OPENS = /[{[(]\s*(?:\/\/.*)?$/;
const CLOSES = /^\s*(?=[}\])])/;

/** What can be folded at the line that begins at `start`: what is below and indented more. */
export function indentedBlock(
  state: EditorState,
  start: number,
): { from: number; to: number } | null {
  const { doc, tabSize } = state;
  const head = doc.lineAt(start);
  const indentation = indent(head.text, tabSize);
  if (indentation === null) return null;
  let to = head.to;
  for (let number = head.number + 1; number <= doc.lines; number++) {
    const line = doc.line(number);
    const deeper = indent(line.text, tabSize);
    if (deeper === null) continue;
    if (deeper <= indentation) {
      // the bracket that closes the block is shown behind the one that opens it
      const closing = OPENS.test(head.text) && CLOSES.exec(line.text);
      if (to > head.to && closing) to = line.from + closing[0].length;
      break;
    }
    to = line.to;
  }
  return to > head.to ? { from: head.to, to } : null;
}

/** The column that a line's text begins at; null without text. */
function indent(text: string, tabSize: number): number | null {
  const at = text.search(/\S/);
  return at < 0 ? null : countColumn(text, tabSize, at);
}
