// What the host refuses, as errors of ours.
import { loadByName } from "wasi:nn/graph@0.2.0-rc-2024-10-28";

import { flush } from "./output.js";
import { proceed } from "./stopped.js";

/** What a call of wasi-nn failed with; `code` is the standard's word for it. */
class NNError extends Error {
  constructor(message, code) {
    super(message);
    this.code = code;
  }

  get name() {
    return this.constructor.name;
  }
}

const CLASSES = {};
export const errors = { NNError };
for (const [code, name] of [
  ["invalid-argument", "InvalidArgument"],
  ["invalid-encoding", "InvalidEncoding"],
  ["timeout", "Timeout"],
  ["runtime-error", "RuntimeFailure"],
  ["unsupported-operation", "UnsupportedOperation"],
  ["too-large", "TooLarge"],
  ["not-found", "NotFound"],
  ["security", "SecurityFailure"],
  ["missing-memory", "MissingMemory"],
  ["unknown", "UnknownFailure"],
  ["context-full", "ContextFull"],
  ["prompt-too-long", "PromptTooLong"],
  ["busy", "Busy"],
  ["cancelled", "Cancelled"],
]) {
  CLASSES[code] = errors[name] = { [name]: class extends NNError {} }[name];
}

export function failure(code, message, details = {}) {
  const kind = CLASSES[code] ?? NNError;
  return Object.assign(new kind(message, code), details);
}

/** Call the host; what it refuses is thrown as one of ours. */
export function asked(call) {
  flush();
  try {
    return call();
  } catch (error) {
    throw translated(error);
  }
}

export function translated(error) {
  proceed();
  const payload = error?.payload ?? error;
  if (typeof payload?.data === "function") {
    const found = failure(payload.code(), payload.data());
    payload[Symbol.dispose]();
    return found;
  }
  const { tag, val } = payload ?? {};
  switch (tag) {
    case "context-full":
      return failure(tag, `The context of ${val.limit} tokens is full.`, val);
    case "prompt-too-long":
      return failure(tag, `The prompt has ${val.actual} tokens; ${val.limit} fit.`, val);
    case "model-not-found":
      return unknown(val);
    case "busy":
      return failure(tag, `The model is in use by ${val.join(", ")}.`, { users: val });
    case "cancelled":
      return failure(tag, "The generation was cancelled.");
    case "failed":
      return failure(val.code, val.message);
    default:
      return error;
  }
}

/** wasinn:llm tells the name only; what wasi:nn says of it has more. */
function unknown(name) {
  try {
    loadByName(name)[Symbol.dispose]();
  } catch (error) {
    const payload = error?.payload ?? error;
    if (typeof payload?.data === "function") return translated(error);
  }
  return failure("not-found", `There is no model ${JSON.stringify(name)}.`);
}
