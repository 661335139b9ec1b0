/** Says in words what happens, for people who do not see it, at a pace that they can follow. */

import { h, setText } from "./dom";
import { trans } from "./translation";

const PAUSE = 4000;
/** Last words that stay in the page: people can read them again. */
const KEPT = 5;
const REGION = "wasinn-last-words";

export class Announcer {
  /** Invisible; it has to be in the page before the first word is said. */
  readonly element = h("div", { class: "wasinn-visually-hidden", role: "status" });
  private next: string | undefined;
  private timer: ReturnType<typeof setTimeout> | undefined;

  /** @param pause milliseconds between two sentences at the least. */
  constructor(private readonly pause = PAUSE) {
    pageRegion();
  }

  /** Say it now, or after the pause unless something newer replaces it until then. */
  say(text: string): void {
    if (this.timer === undefined) this.speak(text);
    else this.next = text;
  }

  /** Say the last thing at once, where it is heard although the view goes with what it says. */
  last(text: string): void {
    this.close();
    setText(this.element, "");
    const region = pageRegion();
    region.append(h("div", {}, text));
    if (region.childElementCount > KEPT) region.firstChild?.remove();
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

/** What outlives all views of a page; words are added to it, so that several at once are heard. */
function pageRegion(): HTMLElement {
  let region = document.getElementById(REGION);
  if (!region) {
    const attributes = { id: REGION, role: "log", "aria-label": trans.__("Runs and loads") };
    region = h("div", { ...attributes, class: "wasinn-visually-hidden" });
    document.body.append(region);
  }
  return region;
}
