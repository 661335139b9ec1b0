// What the component exports: one cell after the other, in one global scope.
import * as host from "wasinn:script/host@0.1.0";

import { console, format } from "./console.js";
import { Exit, describe, place } from "./errors.js";
import { begin } from "./models.js";
import { imported } from "./modules.js";
import { flush, print } from "./output.js";
import { STOPPED, prepare } from "./source.js";
import { Stopped, proceed } from "./stopped.js";
import { crypto, random } from "./random.js";
import { TextDecoder, TextEncoder } from "./text.js";
import { TimerQueue } from "./timers.js";
import { wasi_nn } from "./wasi_nn.js";
import { state } from "./state.js";

const timers = new TimerQueue();
// rounds of pending promises after a cell: how deep a chain of them may be that nobody awaits
const ROUNDS = 200;
const MOST_ROUNDS = 1e5;

// eval is asked for by this name, which makes it global
const globalEval = eval;

const globals = {
  console,
  print: (...values) => print("output", `${values.map(shown).join(" ")}\n`),
  write: (text) => print("output", String(text)),
  exit: (code = 0) => {
    throw new Exit(code);
  },
  sleep: (milliseconds) => {
    flush();
    host.sleep(milliseconds / 1000);
    proceed();
  },
  TextEncoder,
  TextDecoder,
  crypto,
  wasi_nn,
  queueMicrotask: later,
  // what the word `import` of an expression becomes
  $mport: imported,
  setTimeout: (call, delay, ...args) => timers.add(call, delay, false, args),
  setInterval: (call, delay, ...args) => timers.add(call, delay, true, args),
  setImmediate: (call, ...args) => timers.add(call, 0, false, args),
  clearTimeout: (id) => timers.remove(id),
  clearInterval: (id) => timers.remove(id),
  clearImmediate: (id) => timers.remove(id),
};
// ours are among an error's frames, and the cell's own come last
Error.stackTraceLimit = 50;
for (const [name, value] of Object.entries(globals)) {
  Object.defineProperty(globalThis, name, { value, writable: true, configurable: true });
}
Object.defineProperty(Math, "random", { value: random, writable: true, configurable: true });
// the runtime finds its own parts here
for (const name of ["wit", "__cqjs"]) {
  Object.defineProperty(globalThis, name, { enumerable: false, configurable: false });
}

function shown(value) {
  return typeof value === "string" ? value : format(value);
}

/** The cell that runs, and what it waits for: its own promise, and how that failed. */
let present = null;

/** queueMicrotask: what it calls may fail, and that is the cell's failure. */
function later(call) {
  if (typeof call !== "function") throw new TypeError("queueMicrotask takes a function");
  watched(Promise.resolve().then(() => call()));
}

/** What nobody else waits for: if it fails, the cell does. */
function watched(promise) {
  const cell = present;
  promise.catch((error) => {
    cell.failure ??= { error };
  });
}

function check(cell) {
  const source = prepare(cell);
  if (source.refused) return source.refused;
  try {
    globalEval(source.checked);
  } catch (error) {
    if (error !== STOPPED) return source.problem(error);
  }
  return null;
}

async function run(cell) {
  try {
    return await begun(cell);
  } finally {
    flush();
  }
}

async function begun(cell) {
  state.generation += 1;
  begin();
  timers.clear();
  globalThis.args = [...cell.args];
  globalThis.env = Object.fromEntries(cell.env);
  const source = prepare(cell);
  present = { source, settled: true, failure: null };
  if (source.refused) return { tag: "syntax", val: source.refused };
  try {
    const value = globalEval(source.text);
    if (source.isAsync || value instanceof Promise) wait(value);
  } catch (error) {
    const problem = source.syntax(error);
    return problem ? { tag: "syntax", val: problem } : ended(error);
  }
  return settle();
}

function wait(promise) {
  const cell = present;
  cell.settled = false;
  promise.then(
    () => {
      cell.settled = true;
    },
    (error) => {
      cell.settled = true;
      cell.failure = { error };
    },
  );
}

async function step() {
  try {
    const value = timers.runDue();
    if (value instanceof Promise) watched(value);
    return await settle();
  } catch (error) {
    return ended(error);
  } finally {
    flush();
  }
}

/** Let promises go as far as they can, and say what is left. */
async function settle() {
  for (let round = 0; round < ROUNDS; round++) await null;
  if (!present.settled && timers.isEmpty) {
    for (let round = 0; round < MOST_ROUNDS && !present.settled && timers.isEmpty; round++) {
      await null;
    }
  }
  if (present.failure) return ended(present.failure.error);
  if (!timers.isEmpty) return { tag: "waiting", val: timers.seconds };
  if (!present.settled) {
    return raised("The cell waits for a promise that nothing is going to settle.", {
      line: 0,
      column: 0,
    });
  }
  return { tag: "done" };
}

function ended(error) {
  timers.clear();
  if (error instanceof Exit) return { tag: "exit", val: error.code };
  if (error instanceof Stopped) return { tag: "done" };
  const { message, frames } = describe(error);
  return raised(message.toWellFormed(), place(frames, present.source), frames.map(String));
}

function raised(message, at, trace = []) {
  return { tag: "raised", val: { message, at, trace } };
}

export const asyncCells = { check, run, step };
