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
  if (!kind || !frames.length || !/^at [^\n]*<input>/.test(first)) return message;
  const called = culprit(frames[0].calls);
  if (!called) return message;
  frames[0].at = called.at;
  return `${called.path} is ${message}${memberHint(called.path)}`;
}

/** Which of some calls failed: one of what is known not to be a function, or the only one left. */
function culprit(calls) {
  const left = calls.filter(({ path }) => typeof resolved(path)?.value !== "function");
  return left.find(({ path }) => resolved(path)) ?? (left.length === 1 ? left[0] : undefined);
}

function undefinedHint(name) {
  if (Object.hasOwn(wasi_nn, name)) return `. It is wasi_nn.${name}`;
  for (const [hint, names] of Object.entries(ELSEWHERE)) {
    if (names.includes(name)) return `. ${hint}`;
  }
  return meant(nearest(name, Object.getOwnPropertyNames(globalThis)));
}

/** For `a.b.c`, what of `a.b` is like `c`. */
function memberHint(path) {
  const found = resolved(path);
  if (!found || typeof found.value === "function") return "";
  const known = new Set();
  for (const one of chain(found.owner)) {
    if (one === Object.prototype || one === Function.prototype) break;
    for (const name of Object.getOwnPropertyNames(one)) known.add(name);
  }
  return meant(nearest(path.split(".").at(-1), known));
}

/**
 * What `a.b.c` is, and of what; undefined where `a` is no global name or `a.b` is nothing. None of
 * the cell's code is called: getters are not.
 */
function resolved(path) {
  const names = path.split(".");
  const last = names.pop();
  let owner = globalThis;
  for (const name of names) {
    owner = property(owner, name);
    if (owner === undefined || owner === null) return undefined;
  }
  if (owner === globalThis && !(last in globalThis)) return undefined;
  return { owner, value: property(owner, last) };
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
