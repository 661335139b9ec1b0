// Generations, token by token.
import { TokenStream as HostStream } from "wasinn:llm/models@0.1.0";

import { translated } from "./failures.js";
import { Held, holdings } from "./holdings.js";
import { flush } from "./output.js";
import * as tokens from "./tokens.js";

/** A generation that goes on as far as it is read. Its tokens are { id, text, bytes, ... }. */
export class TokenStream {
  #context;
  #stream;
  #held = new Held();
  #usage = null;
  #ended = null;

  constructor(context, stream) {
    this.#context = context;
    this.#stream = holdings.add(this, stream);
  }

  whenEnded(call) {
    this.#ended = call;
  }

  /** What it works in, while it goes on; it must not be freed before. */
  get context() {
    return this.#context;
  }

  /** A loop takes tokens from here, in half the time that it takes from `next`. */
  *[Symbol.iterator]() {
    try {
      for (let token = this.#pull(); token; token = this.#pull()) yield token;
    } finally {
      this.#end();
    }
  }

  next() {
    const value = this.#pull();
    return value ? { done: false, value } : { done: true, value: undefined };
  }

  #pull() {
    if (tokens.selected !== this) {
      if (this.#usage) return null;
      this.#held.check("generation");
      tokens.begin(this, this.#stream);
    }
    return tokens.pull() ?? this.#last();
  }

  /** The host has no further token, and says why. */
  #last() {
    flush();
    try {
      return this.#stream.next();
    } catch (error) {
      if ((error?.payload ?? error)?.tag !== "end-of-sequence") throw translated(error);
    }
    this.#end();
    return null;
  }

  /** Called where a loop is left. */
  return(value) {
    this.#end();
    return { done: true, value };
  }

  /** Everything that is left, as one text. */
  text() {
    let all = "";
    for (const token of this) all += token.text;
    return all;
  }

  /** How it went: tokens, rates, and why it ended. */
  get usage() {
    if (!this.#usage) this.#held.check("generation");
    return this.#usage ?? this.#stream.usage();
  }

  #end() {
    if (this.#usage || !this.#held.isCurrent) return;
    flush();
    tokens.forget();
    holdings.forget(this.#stream);
    // the context keeps what it has read and said
    this.#usage = HostStream.finish(this.#stream);
    this.#context = null;
    this.#ended?.();
    this.#ended = null;
  }
}
