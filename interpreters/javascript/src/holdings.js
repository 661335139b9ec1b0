// What the host holds for a cell, which ends with its run.
import { failure } from "./failures.js";
import { state } from "./state.js";
import * as tokens from "./tokens.js";

/** Handles end with the run that got them. */
export class Held {
  #generation = state.generation;

  get isCurrent() {
    return this.#generation === state.generation;
  }

  check(what) {
    if (!this.isCurrent) {
      throw failure(
        "invalid-argument",
        `The ${what} ended with the cell that made it. Its model is still loaded: make another.`,
      );
    }
  }
}

/**
 * What the host holds for objects of ours. QuickJS frees an object that nothing refers to at once,
 * but nobody tells the host: that is done here, whenever something more is opened.
 */
class Holdings {
  #held = new Map();

  add(owner, handle) {
    tokens.forget();
    for (const [known, reference] of this.#held) {
      if (reference.deref() === undefined) this.drop(known);
    }
    this.#held.set(handle, new WeakRef(owner));
    return handle;
  }

  drop(handle) {
    if (this.#held.delete(handle)) handle[Symbol.dispose]();
  }

  /** All that are left are of a run that is over. */
  clear() {
    for (const handle of this.#held.keys()) this.drop(handle);
  }

  /** The host has taken it back. */
  forget(handle) {
    this.#held.delete(handle);
  }
}

export const holdings = new Holdings();
