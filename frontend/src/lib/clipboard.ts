/** Puts text on the clipboard, also where a page may not: over plain HTTP, or without a permission. */

import { h } from "./dom";

/** Returns whether it worked. It has to follow soon after a click or key press. */
export async function copyText(text: string): Promise<boolean> {
  // typed as always there, but only a page over HTTPS or on localhost has it
  const clipboard = navigator.clipboard as Clipboard | undefined;
  try {
    if (clipboard) {
      await clipboard.writeText(text);
      return true;
    }
  } catch {
    // no permission: the old way needs none
  }
  return copyBySelection(text);
}

function copyBySelection(text: string): boolean {
  const focused = document.activeElement;
  const area = h("textarea", { class: "wasinn-visually-hidden", readonly: true });
  area.value = text;
  document.body.append(area);
  area.select();
  try {
    // eslint-disable-next-line @typescript-eslint/no-deprecated -- nothing else works there
    return document.execCommand("copy");
  } finally {
    area.remove();
    if (focused instanceof HTMLElement) focused.focus({ preventScroll: true });
  }
}
