// What cells print. In a loop over tokens a piece of a line waits for the next of them, and goes to the
// host with the question for it: that spares two calls a token.
import * as host from "wasinn:script/host@0.1.0";

import { proceed } from "./stopped.js";

const LONGEST = 4096;

let waiting = "";
let mayWait = false;

/** Print a text; a half of a character, which the host has no way to be given, is replaced. */
export function print(channel, text) {
  const whole = text.toWellFormed();
  if (mayWait && channel === "output" && waiting.length < LONGEST && !whole.endsWith("\n")) {
    waiting += whole;
    return;
  }
  flush();
  host.print(channel, whole);
  proceed();
}

/** What waits, for a call that prints it and comes again soon. */
export function taken() {
  const text = waiting;
  waiting = "";
  mayWait = true;
  return text;
}

/** Print what waits, and let nothing wait before the next token. */
export function flush() {
  mayWait = false;
  if (!waiting) return;
  const text = waiting;
  waiting = "";
  host.print("output", text);
}
