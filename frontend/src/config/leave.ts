/** What is left in the notebook of a form that was closed, or whose kernel has ended. */

import type { Model } from "../lib/link";
import { htmlOf, replace } from "../lib/outputs";

// a notebook sets its tables as figures, and keeps no style sheet of ours
const AS_TEXT = "text-align:left;vertical-align:top";

/** Put a table in every output that shows the widget called `id`; returns whether there was any. */
export function leave(model: Model, id: string, table: HTMLElement): boolean {
  for (const cell of table.querySelectorAll("th, td")) cell.setAttribute("style", AS_TEXT);
  return replace(model, id, { "text/html": htmlOf(table), "text/plain": textOf(table) });
}

function textOf(table: HTMLElement): string {
  const lines = [...table.querySelectorAll("div, tr")].map((line) =>
    [...line.childNodes].map((part) => part.textContent).join("  "),
  );
  return lines.join("\n");
}
