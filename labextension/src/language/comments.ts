/** Comment toggling where a selection takes in the magic line. */

import { toggleComment } from "@codemirror/commands";
import { EditorSelection } from "@codemirror/state";
import type { EditorView } from "@codemirror/view";

/**
 * Comment or uncomment the lines of the body that are selected along with the magic line.
 *
 * No comment can stand on a magic line: the cell would be Python then.
 *
 * @returns whether there was such a selection; any other is left to the editor.
 */
export function toggleBodyComment(view: EditorView, body: number): boolean {
  const { ranges } = view.state.selection;
  if (!ranges.some(({ from, to }) => from < body && to > body)) return false;
  const below = ranges
    .filter(({ from, to }) => from >= body || to > body)
    .map(({ from, to }) => EditorSelection.range(Math.max(from, body), to));
  const { state } = view.state.update({ selection: EditorSelection.create(below) });
  return toggleComment({ state, dispatch: ({ changes }) => view.dispatch({ changes }) });
}
