/** What a person has changed in a form and not applied: the view's own copy, ahead of the kernel's. */

import type { DraftState, Prospect, Raw, Shown } from "./types";

export class Draft {
  /** Tells this view's drafts from those of other views of the same form. */
  readonly view = 1 + Math.floor(Math.random() * 2 ** 31);
  private seq = 0;
  private sent = 0;
  private set = new Map<string, Raw>();
  private unset = new Set<string>();

  /** The keys that differ from what holds now. */
  get keys(): string[] {
    return [...this.set.keys(), ...this.unset];
  }

  get empty(): boolean {
    return this.set.size === 0 && this.unset.size === 0;
  }

  /** Counts what is done to it here. */
  get revision(): number {
    return this.seq;
  }

  /** Whether there are changes that the kernel has not been told. */
  get unsent(): boolean {
    return this.sent !== this.seq;
  }

  has(key: string): boolean {
    return this.set.has(key) || this.unset.has(key);
  }

  unpins(key: string): boolean {
    return this.unset.has(key);
  }

  /** What stands in the field, if it was changed to a value. */
  raw(key: string): Raw | undefined {
    return this.set.get(key);
  }

  /** Put a value in a field; its present value is no change. */
  change(key: string, raw: Raw, now: Shown | undefined): void {
    this.unset.delete(key);
    if (now?.value === raw) this.set.delete(key);
    else this.set.set(key, raw);
    this.seq++;
  }

  /** Drop a field's pin. */
  unpin(key: string): void {
    this.set.delete(key);
    this.unset.add(key);
    this.seq++;
  }

  /** Take one change back. */
  undo(key: string): void {
    this.set.delete(key);
    this.unset.delete(key);
    this.seq++;
  }

  /** Take every change back, and drop these pins. */
  reset(unset: Iterable<string> = []): void {
    this.set.clear();
    this.unset = new Set(unset);
    this.seq++;
  }

  /** What the kernel is to be told. */
  message(): DraftState & { view: number; seq: number } {
    this.sent = this.seq;
    const set = Object.fromEntries(this.set);
    return { view: this.view, seq: this.seq, set, unset: [...this.unset] };
  }

  /**
   * Take over the kernel's draft: another view's, or what is left after an Apply. What was changed
   * here since stays, because it is on its way to the kernel.
   */
  adopt(prospect: Prospect): void {
    const behind = prospect.view === this.view && prospect.seq < this.seq;
    if (behind || this.unsent) return;
    this.set = new Map(Object.entries(prospect.draft.set));
    this.unset = new Set(prospect.draft.unset);
  }
}
