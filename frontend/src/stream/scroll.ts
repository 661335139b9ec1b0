/**
 * Keeps a scrolled region at its end while text is added, until the user scrolls away from there;
 * scrolling back to the end keeps it there again.
 */

const NEAR = 8; // pixels

export class Pin {
  /** Whether the region follows its end. */
  pinned = true;
  private top = 0;
  private readonly observer: ResizeObserver;

  /**
   * @param region what scrolls.
   * @param content what it holds: it changes height when the region changes width.
   * @param changed called when it is pinned or let go.
   */
  constructor(
    private readonly region: HTMLElement,
    content: HTMLElement,
    private readonly changed: (pinned: boolean) => void,
  ) {
    region.addEventListener("scroll", this.scrolled, { passive: true });
    // a notebook takes cells out of the page while they are out of sight, and with them their scroll
    this.observer = new ResizeObserver(() => this.keep());
    this.observer.observe(region);
    this.observer.observe(content);
  }

  /** Where it belongs, also when it has left the page. */
  get position(): number | "end" {
    return this.pinned ? "end" : this.top;
  }

  /** Go to where it belongs: the end, or where the user has scrolled to. */
  keep(): void {
    if (this.region.clientHeight === 0) return; // not in the page: there it has no scroll
    if (this.pinned && this.selecting()) this.set(false);
    this.region.scrollTop = this.pinned ? this.region.scrollHeight : this.top;
    this.top = this.region.scrollTop;
  }

  /** Go to the end and stay there. */
  toEnd(): void {
    this.set(true);
    this.region.scrollTop = this.region.scrollHeight;
    this.top = this.region.scrollTop;
  }

  close(): void {
    this.region.removeEventListener("scroll", this.scrolled);
    this.observer.disconnect();
  }

  private readonly scrolled = (): void => {
    const { scrollTop, scrollHeight, clientHeight } = this.region;
    if (clientHeight === 0) return; // not in the page
    const left = scrollHeight - clientHeight - scrollTop;
    const up = scrollTop < this.top;
    this.top = scrollTop;
    // a shrinking text ends up at its end without the user's doing
    if (left < 1 || (!up && left < NEAR)) this.set(true);
    else if (up) this.set(false);
  };

  /** Whether the user is marking text: it would be pulled away from under the pointer. */
  private selecting(): boolean {
    const selection = this.region.ownerDocument.getSelection();
    return (
      selection !== null && !selection.isCollapsed && this.region.contains(selection.anchorNode)
    );
  }

  private set(pinned: boolean): void {
    if (this.pinned === pinned) return;
    this.pinned = pinned;
    this.changed(pinned);
  }
}
