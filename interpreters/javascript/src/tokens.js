// Tokens as the host gives them: each is one text (see `tokens` of wasinn-script.wit).
import { next, select } from "wasinn:script/tokens@0.1.0";

import { taken } from "./output.js";
import { TextEncoder } from "./text.js";

const SLASH = 47;
const encoder = new TextEncoder();

/** Where a token has its bytes, in hexadecimal digits, if they are not those of its text. */
const DIGITS = Symbol("digits");

/** One token of a generation: what all of them share. */
class Token {
  /** What it is made of, perhaps a part of a character. */
  get bytes() {
    const digits = this[DIGITS];
    const bytes = digits
      ? Uint8Array.from(digits.match(/../g), (pair) => Number.parseInt(pair, 16))
      : encoder.encode(this.text);
    Object.defineProperty(this, "bytes", { value: bytes, enumerable: true, writable: true });
    return bytes;
  }
}
const token = Token.prototype;

/** The stream that the host makes tokens of. */
export let selected = null;

/** Whoever it was asks to be selected once more. */
export function forget() {
  selected = null;
}

/** Make tokens of a stream from now on; `handle` is the host's. */
export function begin(stream, handle) {
  select(handle);
  selected = stream;
}

/** The next token of the stream that is selected; null where its handle has to be asked. */
export function pull() {
  const line = next(taken());
  if (line === "") return null;
  const at = line.indexOf(" ");
  const id = Number.parseInt(line, 10);
  const text = line.slice(at + 1);
  // a class's own fields take twice as long
  if (line.charCodeAt(at - 1) !== SLASH)
    return { __proto__: token, id, text, logProbability: null };
  const [, logarithm, digits] = line.slice(0, at - 1).split("/");
  const logProbability = logarithm ? Number(logarithm) : null;
  return { __proto__: token, id, text, logProbability, [DIGITS]: digits };
}
