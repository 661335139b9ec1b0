/** A bar for work of which one knows how much is done, or only that it goes on. */

import { h } from "./dom";

export class Bar {
  readonly element: HTMLProgressElement;

  /** @param label what it measures, for screen readers; a short text that does not change. */
  constructor(label: string) {
    this.element = h("progress", { class: "wasinn-bar", "aria-label": label, max: 1 });
  }

  /**
   * @param fraction 0 to 1 of the work is done; not known if left out.
   * @param words what a screen reader says in place of a percentage (`120 of 512`).
   */
  set(fraction?: number, words?: string): void {
    const known = fraction !== undefined && Number.isFinite(fraction);
    // steps that no screen shows would only cost style and layout
    const value = known
      ? String(Math.round(Math.min(Math.max(fraction, 0), 1) * 1000) / 1000)
      : null;
    set(this.element, "value", value);
    set(this.element, "aria-valuetext", words ?? null);
  }
}

function set(element: Element, name: string, value: string | null): void {
  if (element.getAttribute(name) === value) return;
  if (value === null) element.removeAttribute(name);
  else element.setAttribute(name, value);
}
