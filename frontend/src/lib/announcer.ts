/** Says in words what happens, for people who do not see it, at a pace that they can follow. */

import { h, setText } from "./dom";

const PAUSE = 4000;

export class Announcer {
  /** Invisible; it has to be in the page before the first word is said. */
  readonly element = h("div", { class: "wasinn-visually-hidden", role: "status" });
  private next: string | undefined;
  private timer: ReturnType<typeof setTimeout> | undefined;

  /** @param pause milliseconds between two sentences at the least. */
  constructor(private readonly pause = PAUSE) {}

  /** Say it now, or after the pause unless something newer replaces it until then. */
  say(text: string): void {
    if (this.timer === undefined) this.speak(text);
    else this.next = text;
  }

  /** Say nothing more. */
  close(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.next = undefined;
  }

  private speak(text: string): void {
    setText(this.element, text);
    this.timer = setTimeout(() => {
      const next = this.next;
      this.close();
      if (next !== undefined) this.speak(next);
    }, this.pause);
  }
}
