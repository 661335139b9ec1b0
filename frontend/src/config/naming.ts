/** What the controls of a field have in common: a name, a description, whether they can be used. */

import type { Names } from "./control";
import type { Field } from "./types";

/** Attributes of what a person edits, or of a group of such things. */
export function named(names: Names, described = names.help): Record<string, string> {
  return { "aria-labelledby": names.label, "aria-describedby": described };
}

/** Attributes of an element that is edited. */
export function attributes(
  field: Field,
  names: Names,
  described = names.help,
): Record<string, string | boolean> {
  return { ...named(names, described), disabled: field.unavailable !== "" };
}

/** Mark an element as holding what its setting cannot be. */
export function mark(element: Element, wrong: boolean): void {
  if (wrong) element.setAttribute("aria-invalid", "true");
  else element.removeAttribute("aria-invalid");
}
