/** Calls that come too often, spaced out: the first at once, the last for certain. */

export class Throttle {
  private timer: ReturnType<typeof setTimeout> | undefined;
  private waiting = false;

  /** `call` runs at most once in `interval` milliseconds. */
  constructor(
    private readonly interval: number,
    private readonly call: () => void,
  ) {}

  /** Ask for a call. */
  request(): void {
    if (this.timer !== undefined) {
      this.waiting = true;
      return;
    }
    this.timer = setTimeout(() => this.expired(), this.interval);
    this.call();
  }

  /** Make a call that waits now. */
  flush(): void {
    if (!this.waiting) return;
    this.waiting = false;
    this.call();
  }

  /** Forget what waits. */
  cancel(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.waiting = false;
  }

  private expired(): void {
    this.timer = undefined;
    if (!this.waiting) return;
    this.waiting = false;
    this.request();
  }
}
