/** Keeps the keyboard's place when what had the focus is hidden, or goes with its view. */

export class Focus {
  /** What can take the focus around the view that has it: a notebook's cell. */
  private around: HTMLElement | undefined;
  /** What in the view was given it by the user. */
  private focused: Node | undefined;

  constructor(private readonly view: HTMLElement) {
    view.addEventListener("focusin", ({ target }) => {
      this.focused = target instanceof Node ? target : undefined;
      this.around = view.parentElement?.closest<HTMLElement>("[tabindex='0']") ?? undefined;
    });
    view.addEventListener("focusout", ({ relatedTarget }) => {
      // nothing takes the focus over when the view is taken out of the page
      if (relatedTarget instanceof Node && !view.contains(relatedTarget))
        this.around = this.focused = undefined;
    });
  }

  /** Make changes that may hide what has the focus; it goes to `instead` then. */
  keep(instead: HTMLElement, change: () => void): void {
    const focused = (this.view.getRootNode() as Document | ShadowRoot).activeElement;
    change();
    if (!focused || !this.view.contains(focused) || !focused.closest("[hidden]")) return;
    instead.focus({ preventScroll: true });
    this.focused = undefined; // nobody has chosen it
  }

  /** Whether the focus is within a part of the view, or went with it when the view was taken out. */
  within(part: Node): boolean {
    const now = document.activeElement;
    const lost = now === null || now === document.body;
    return (
      this.focused !== undefined && part.contains(this.focused) && (lost || part.contains(now))
    );
  }

  /** The view has gone; if the focus went with it, what was around it has it now. */
  leave(): void {
    const focused = document.activeElement;
    if (focused === null || focused === document.body) this.around?.focus({ preventScroll: true });
    this.around = undefined;
  }
}
