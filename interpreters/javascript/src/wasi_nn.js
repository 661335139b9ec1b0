// What cells know as `wasi_nn`: models by name, over wasi:nn and wasinn:llm.
import * as host from "wasinn:script/host@0.1.0";
import { loadByName } from "wasi:nn/graph@0.2.0-rc-2024-10-28";
import { Tensor as HostTensor } from "wasi:nn/tensor@0.2.0-rc-2024-10-28";
import { Model, TokenStream as HostStream } from "wasinn:llm/models@0.1.0";

import { array, boolean, dimensions, integer, number, record, text } from "./given.js";
import { flush } from "./output.js";
import { state } from "./state.js";
import { proceed } from "./stopped.js";
import { TextDecoder, TextEncoder } from "./text.js";
import * as tokens from "./tokens.js";

// -- errors -------------------------------------------------------------------------------------

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
const errors = { NNError };
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

function failure(code, message, details = {}) {
  const kind = CLASSES[code] ?? NNError;
  return Object.assign(new kind(message, code), details);
}

/** Call the host; what it refuses is thrown as one of ours. */
function asked(call) {
  flush();
  try {
    return call();
  } catch (error) {
    throw translated(error);
  }
}

function translated(error) {
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

// -- tensors ------------------------------------------------------------------------------------

const ARRAYS = {
  FP32: Float32Array,
  FP64: Float64Array,
  U8: Uint8Array,
  I32: Int32Array,
  I64: BigInt64Array,
  FP16: globalThis.Float16Array ?? Uint16Array,
  BF16: Uint16Array,
};
const DTYPES = {
  FP32: "float32",
  FP64: "float64",
  U8: "uint8",
  I32: "int32",
  I64: "int64",
  FP16: "float16",
};
const TYPES = new Map([
  [Float32Array, "FP32"],
  [Float64Array, "FP64"],
  [Uint8Array, "U8"],
  [Uint8ClampedArray, "U8"],
  [Int32Array, "I32"],
  [BigInt64Array, "I64"],
]);
if (globalThis.Float16Array) TYPES.set(globalThis.Float16Array, "FP16");

const product = (shape) => shape.reduce((a, b) => a * b, 1);

/** Numbers in a shape. `data` is a typed array that the cell may change. */
class Tensor {
  /**
   * @param data a typed array, an array of numbers (perhaps nested), or bytes of `type`
   * @param shape of a nested array its own; by default one dimension
   * @param type FP32 (what arrays of numbers become), FP64, FP16, BF16, U8, I32 or I64
   */
  constructor(data, shape, type) {
    const own = TYPES.get(data?.constructor);
    this.type = type ?? own ?? "FP32";
    const kind = ARRAYS[this.type];
    if (!kind) throw new TypeError(`There is no type ${type}; there are ${Object.keys(ARRAYS)}.`);
    if (Array.isArray(data) || typeof data === "number") {
      shape ??= shapeOf(data);
      const numbers = [data].flat(Infinity);
      this.data = kind.from(kind === BigInt64Array ? numbers.map(BigInt) : numbers);
    } else if (ArrayBuffer.isView(data)) {
      if (own === this.type) this.data = data;
      else if (data instanceof Uint8Array) this.data = view(data, kind);
      else this.data = kind.from(data);
    } else {
      throw new TypeError("A tensor is made of a typed array or an array of numbers.");
    }
    this.shape = shape === undefined ? [this.data.length] : dimensions(shape);
    if (product(this.shape) !== this.data.length) {
      throw new RangeError(
        `A tensor of shape ${this.shape.join("x")} has ${product(this.shape)} elements, not ${this.data.length}.`,
      );
    }
  }

  get length() {
    return this.data.length;
  }

  [Symbol.iterator]() {
    return this.data[Symbol.iterator]();
  }

  at(...indices) {
    return this.data[indices.reduce((offset, index, i) => offset * this.shape[i] + index, 0)];
  }

  /** The place of the largest element. */
  argmax() {
    return this.data.reduce((best, value, i, all) => (value > all[best] ? i : best), 0);
  }

  /** As arrays in arrays. */
  toArray() {
    const build = (from, shape) =>
      shape.length === 0
        ? this.data[from]
        : Array.from({ length: shape[0] }, (_, i) =>
            build(from + i * product(shape.slice(1)), shape.slice(1)),
          );
    return build(0, this.shape);
  }
}

function shapeOf(data) {
  const shape = [];
  for (let item = data; Array.isArray(item); item = item[0]) shape.push(item.length);
  return shape;
}

function view(bytes, kind) {
  const copy = bytes.slice();
  if (copy.length % kind.BYTES_PER_ELEMENT) {
    throw new RangeError(
      `${copy.length} bytes are no whole number of elements of ${kind.BYTES_PER_ELEMENT}.`,
    );
  }
  return new kind(copy.buffer);
}

function bytesOf(array) {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}

function given(value) {
  const tensor = value instanceof Tensor ? value : new Tensor(value);
  return new HostTensor(tensor.shape, tensor.type, bytesOf(tensor.data));
}

function taken(handle) {
  const tensor = new Tensor(handle.data(), handle.dimensions(), handle.ty());
  handle[Symbol.dispose]();
  return tensor;
}

// -- models -------------------------------------------------------------------------------------

const signed = (value, what) => integer(value, what, -(2 ** 31), 2 ** 31 - 1);
const unsigned = (value, what) => integer(value, what, 0, 2 ** 32 - 1);
// settings that wasinn:llm has a field for; all others go by the host's names for them
const FIELDS = {
  nGpuLayers: signed,
  ctxSize: unsigned,
  batchSize: unsigned,
  threads: unsigned,
  nPredict: signed,
  temperature: number,
  topK: signed,
  topP: number,
  minP: number,
  repeatPenalty: number,
  seed: unsigned,
};

function config(settings) {
  const { ...rest } = record(settings ?? {}, "Settings are", "{ temperature: 0.7 }");
  const fields = {};
  for (const [name, checked] of Object.entries(FIELDS)) {
    fields[name] = rest[name] == null ? null : checked(rest[name], name);
    delete rest[name];
  }
  fields.json = Object.keys(rest).length ? JSON.stringify(rest).toWellFormed() : null;
  return fields;
}

/** What a generation is to be like: options of wasinn:llm, and settings. */
function wishes(given) {
  const { maxTokens, stop, logProbabilities, ...settings } = record(
    given ?? {},
    "Options are",
    "{ maxTokens: 60 }",
  );
  const options = {
    maxTokens: unsigned(maxTokens ?? 0, "maxTokens"),
    stop: array(stop ?? []).map((one) => text(one, "stop")),
    logProbabilities: boolean(logProbabilities ?? false, "logProbabilities"),
  };
  return { options, settings: Object.keys(settings).length ? settings : null };
}

function dialogue(messages) {
  return array(messages).map((message) => {
    if (typeof message === "string") return { role: "user", content: message.toWellFormed() };
    const { role, content } = record(message, "A message is", '{ role: "user", content: "Hello" }');
    return { role: text(role, "role"), content: text(content, "content") };
  });
}

/** Handles end with the run that got them. */
class Held {
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

const holdings = new Holdings();

/** A model as one run has it, for all graphs of the same name and settings. */
class Opened {
  held = new Held();
  isUnloaded = false;
  /** Contexts that no stream needs any more. */
  idle = [];
  #name;
  #graph = null;

  constructor(name, settings) {
    this.#name = name;
    this.model = holdings.add(
      this,
      asked(() => Model.load(name, config(settings))),
    );
  }

  /** Its tensors' side. */
  get graph() {
    return (this.#graph ??= holdings.add(
      this,
      asked(() => loadByName(this.#name)),
    ));
  }

  unload() {
    this.isUnloaded = true;
    holdings.forget(this.model);
    asked(() => Model.unload(this.model));
  }

  context() {
    return this.idle.pop() ?? new Context(this);
  }
}

const opened = new Map();

/** Another run has begun. */
export function begin() {
  tokens.forget();
  holdings.clear();
  opened.clear();
}

/** A model that the person at the notebook has loaded. It can be kept for later cells. */
class Graph {
  #name;
  #settings;
  #opened = null;

  /** @param settings for loading it and for generating: nPredict, temperature, "ctx-size", ... */
  constructor(name, settings) {
    this.#name = text(name, "The name of a model");
    this.#settings = settings;
    this.#open();
  }

  static load(name, settings) {
    return new Graph(name, settings);
  }

  #open() {
    if (this.#opened?.held.isCurrent) {
      if (this.#opened.isUnloaded) {
        throw failure("invalid-argument", `The graph ${this.#name} was unloaded.`);
      }
      return this.#opened;
    }
    // loaded for another cell: the host has it still, and gives it again at once
    const key = JSON.stringify([this.#name, this.#settings ?? null]);
    let found = opened.get(key);
    if (!found?.held.isCurrent || found.isUnloaded) {
      opened.set(key, (found = new Opened(this.#name, this.#settings)));
    }
    this.#opened = found;
    return found;
  }

  get name() {
    return this.#name;
  }

  /** What the host knows of it. */
  get info() {
    return this.#open().model.describe();
  }

  /** A line of work with a memory of its own. */
  context(settings) {
    const context = new Context(this.#open());
    if (settings) context.configure(settings);
    return context;
  }

  /** Tensors by name in, tensors by name out. */
  compute(inputs) {
    return this.#use((context) => context.compute(inputs));
  }

  /** Continue a text. `options` may have settings as well, for this generation. */
  generate(prompt, options) {
    return this.#begin(options, (context) => context.generate(prompt, options));
  }

  /** Answer the last of some messages, or one text. */
  chat(messages, options) {
    return this.#begin(options, (context) => context.chat(messages, options));
  }

  embed(sentence) {
    return this.#use((context) => context.embed(sentence));
  }

  /** Free the model's memory. */
  unload() {
    this.#open().unload();
  }

  #use(call) {
    const found = this.#open();
    const context = found.context();
    try {
      return call(context);
    } finally {
      found.idle.push(context);
    }
  }

  #begin(options, call) {
    const found = this.#open();
    if (wishes(options).settings) return call(new Context(found));
    const context = found.context();
    const stream = call(context);
    stream.whenEnded(() => found.idle.push(context));
    return stream;
  }
}

class Context {
  #opened;
  #text = null;
  #tensors = null;

  constructor(opened) {
    this.#opened = opened;
  }

  get #working() {
    this.#opened.held.check("context");
    return (this.#text ??= holdings.add(
      this,
      asked(() => this.#opened.model.open()),
    ));
  }

  /** Change settings of generations. */
  configure(settings) {
    const working = this.#working;
    asked(() => working.configure(config(settings)));
  }

  compute(inputs) {
    this.#opened.held.check("context");
    this.#tensors ??= holdings.add(
      this,
      asked(() => this.#opened.graph.initExecutionContext()),
    );
    if (inputs instanceof Tensor) inputs = null;
    const tensors = Object.entries(record(inputs, "The inputs are", "{ image: tensor }"));
    const named = tensors.map(([name, value]) => [name.toWellFormed(), given(value)]);
    const outputs = asked(() => this.#tensors.compute(named));
    return Object.fromEntries(outputs.map(([name, handle]) => [name, taken(handle)]));
  }

  generate(prompt, options) {
    const read = text(prompt, "The prompt");
    return this.#begin(options, (working, wanted) => working.generate(read, wanted));
  }

  chat(messages, options) {
    const said = dialogue(messages);
    return this.#begin(options, (working, wanted) => working.chat(said, wanted));
  }

  #begin(given, call) {
    const { options, settings } = wishes(given);
    if (settings) this.configure(settings);
    const working = this.#working;
    return new TokenStream(
      this,
      asked(() => call(working, options)),
    );
  }

  /** The text's embedding, of length 1. */
  embed(sentence) {
    const working = this.#working;
    return Float32Array.from(asked(() => working.embed(text(sentence, "What is embedded"))));
  }
}

/** A generation that goes on as far as it is read. Its tokens are { id, text, bytes, ... }. */
class TokenStream {
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

// -- values that are exchanged with the notebook --------------------------------------------------

function readSidecar(name) {
  const bytes = host.input(`${name}.json`);
  return bytes ? JSON.parse(new TextDecoder().decode(bytes)) : null;
}

/** What the notebook gave with --in: a Tensor for an array, bytes for everything else. */
function input(name) {
  const bytes = host.input(text(name, "The name of what is read"));
  if (!bytes)
    throw failure("not-found", `The cell was given no ${name}; give it with --in ${name}.`);
  const sidecar = readSidecar(name);
  if (!sidecar?.shape) return new Uint8Array(bytes);
  const type = Object.keys(DTYPES).find((key) => DTYPES[key] === sidecar.dtype);
  if (!type) throw failure("unsupported-operation", `${name} is of the type ${sidecar.dtype}.`);
  return new Tensor(new Uint8Array(bytes), sidecar.shape, type);
}

function inputText(name) {
  const value = input(name);
  return new TextDecoder().decode(value instanceof Tensor ? bytesOf(value.data) : value);
}

/** Leave a value for the notebook, which asked for it with --out: a text, bytes or a Tensor. */
function output(name, value) {
  name = text(name, "The name of what is left");
  const leave = (file, bytes) => {
    try {
      host.output(file, bytes);
    } catch (error) {
      throw failure("invalid-argument", String(error?.payload ?? error));
    }
  };
  const encoder = new TextEncoder();
  if (typeof value === "string") {
    leave(`${name}.json`, encoder.encode(JSON.stringify({ dtype: "str" })));
    leave(name, encoder.encode(value));
    return;
  }
  if (value instanceof Uint8Array) {
    leave(name, value);
    return;
  }
  const tensor = value instanceof Tensor ? value : new Tensor(value);
  const dtype = DTYPES[tensor.type];
  if (!dtype) throw failure("unsupported-operation", `The notebook has no type ${tensor.type}.`);
  leave(`${name}.json`, encoder.encode(JSON.stringify({ dtype, shape: tensor.shape })));
  leave(name, bytesOf(tensor.data));
}

/** Standard input, all of it, as text. */
function stdin() {
  return new TextDecoder().decode(host.stdin());
}

export const wasi_nn = Object.freeze({
  Graph,
  Context,
  Tensor,
  TokenStream,
  input,
  inputText,
  output,
  stdin,
  ...errors,
});
