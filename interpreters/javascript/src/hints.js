// What QuickJS's messages leave out: what is no function, and what may have been meant.
import { nearest } from "./near.js";
import { wasi_nn } from "./wasi_nn.js";

const ELSEWHERE = {
  "There is no Node here: a cell has args, env, exit(code) and wasi_nn.stdin()": ["process"],
  'A cell has no packages or files; import { ... } from "wasi_nn" is all there is': [
    "require",
    "module",
    "exports",
  ],
  "Bytes are in a Uint8Array, and TextEncoder and TextDecoder turn texts into bytes and back": [
    "Buffer",
  ],
  "A guest has no network": ["fetch", "XMLHttpRequest", "WebSocket"],
  "There is no browser here: print(...) shows a text": [
    "alert",
    "document",
    "localStorage",
    "prompt",
    "window",
  ],
};

/** An error's message, with what may help. */
export function explained(error, frames) {
  const { message } = error;
  if (error instanceof ReferenceError) {
    const name = /^(\S+) is not defined$/.exec(message)?.[1];
    return name ? `${message}${undefinedHint(name)}` : message;
  }
  const kind = /^not a (function|constructor)$/.exec(message)?.[1];
  // in the first frame, if that is a cell's: else a function of QuickJS's was given something else
  const first = String(error.stack ?? "").trimStart();
  if (!(error instanceof TypeError) || !kind || !frames.length || !first.includes("<input>")) {
    return message;
  }
  if (!/^at [^\n]*<input>/.test(first)) return message;
  const path = frames[0].called;
  if (!path) return message;
  return `${path} is ${message}${memberHint(path)}`;
}

function undefinedHint(name) {
  if (Object.hasOwn(wasi_nn, name)) return `. It is wasi_nn.${name}`;
  for (const [hint, names] of Object.entries(ELSEWHERE)) {
    if (names.includes(name)) return `. ${hint}`;
  }
  return meant(nearest(name, Object.getOwnPropertyNames(globalThis)));
}

/** For `a.b.c`, what of `a.b` is like `c`. Nothing of the cell's is called: getters are not. */
function memberHint(path) {
  const names = path.split(".");
  const wanted = names.pop();
  let owner = globalThis;
  for (const name of names) {
    owner = property(owner, name);
    if (owner === undefined || owner === null) return "";
  }
  if (typeof property(owner, wanted) === "function") return "";
  const known = new Set();
  for (const one of chain(owner)) {
    if (one === Object.prototype || one === Function.prototype) break;
    for (const name of Object.getOwnPropertyNames(one)) known.add(name);
  }
  return meant(nearest(wanted, known));
}

function property(owner, name) {
  for (const one of chain(owner)) {
    const found = Object.getOwnPropertyDescriptor(one, name);
    if (found) return found.value;
  }
  return undefined;
}

function* chain(value) {
  for (let one = Object(value); one; one = Object.getPrototypeOf(one)) yield one;
}

function meant(name) {
  return name ? `. Did you mean ${name}?` : "";
}
