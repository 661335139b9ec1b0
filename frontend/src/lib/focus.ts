/** Keeps the keyboard's place when what had the focus is hidden, or goes with its view. */

export class Focus {
  /** What can take the focus around the view that has it: a notebook's cell. */
  private around: HTMLElement | undefined;

  constructor(private readonly view: HTMLElement) {
    view.addEventListener("focusin", () => {
      this.around = view.parentElement?.closest<HTMLElement>("[tabindex='0']") ?? undefined;
    });
    view.addEventListener("focusout", ({ relatedTarget }) => {
      // nothing takes the focus over when the view is taken out of the page
      if (relatedTarget instanceof Node && !view.contains(relatedTarget)) this.around = undefined;
    });
  }

  /** Make changes that may hide what has the focus; it goes to `instead` then. */
  keep(instead: HTMLElement, change: () => void): void {
    const focused = (this.view.getRootNode() as Document | ShadowRoot).activeElement;
    change();
    if (focused && this.view.contains(focused) && focused.closest("[hidden]"))
      instead.focus({ preventScroll: true });
  }

  /** The view has gone; if the focus went with it, what was around it has it now. */
  leave(): void {
    const focused = document.activeElement;
    if (focused === null || focused === document.body) this.around?.focus({ preventScroll: true });
    this.around = undefined;
  }
}
