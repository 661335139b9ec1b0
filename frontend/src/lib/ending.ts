/**
 * The end of a view in a cell: the kernel puts something static in its place.
 *
 * A page that was loaded again since is not reached by that; there the view does it. And where it is
 * done, people are to go on as they were: at the same place of the text, with the same focus.
 */

import type { Link, Message, Model } from "./link";
import { isShown, replace } from "./outputs";

const AREA = ".jp-OutputArea";
/** Milliseconds within which what takes a view's place is in the page. */
const WITHIN = 2000;

/** Ask for the last form of a view, if the kernel says that there is one, and put it in place. */
export function leave(link: Link, model: Model, message: Message): void {
  const left = message.kind === "left" || message["left"] === true;
  const id = model.get("reference");
  if (!left || typeof id !== "string" || !isShown(model, id)) return;
  link.ask("bundle").then(
    ({ data }) => {
      if (typeof data === "object" && data !== null) replace(model, id, { ...data });
    },
    () => undefined, // it is gone by now: what is here remains
  );
}

/** Where a view stands among the outputs of its cell. */
export interface Place {
  readonly area: Element;
  readonly index: number;
}

/** Where an element stands, or nothing in a front end that is not known. */
export function placeOf(element: Element): Place | undefined {
  const area = element.closest(AREA);
  const child = area && [...area.children].findIndex((one) => one.contains(element));
  return area && child !== null && child >= 0 ? { area, index: child } : undefined;
}

/** Scroll what comes to a place as the view's text was, before anybody sees it. */
export function scrollAlike({ area, index }: Place, top: number | "end", focus: boolean): void {
  const set = (): boolean => {
    const region = area.children[index]?.querySelector<HTMLElement>("[data-wasinn-text]");
    if (!region) return false;
    region.scrollTop = top === "end" ? region.scrollHeight : top;
    if (focus) region.focus({ preventScroll: true });
    return true;
  };
  if (set()) return;
  const stop = (): void => {
    clearTimeout(timer);
    observer.disconnect();
  };
  const observer = new MutationObserver(() => {
    if (set()) stop();
  });
  const timer = setTimeout(stop, WITHIN);
  observer.observe(area, { childList: true, subtree: true });
}
