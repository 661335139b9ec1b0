// Models by name: what they generate, embed and compute.
import { loadByName } from "wasi:nn/graph@0.2.0-rc-2024-10-28";
import { Model } from "wasinn:llm/models@0.1.0";

import { asked, failure } from "./failures.js";
import { record, text } from "./given.js";
import { Held, holdings } from "./holdings.js";
import { config, dialogue, wishes } from "./settings.js";
import { TokenStream } from "./streams.js";
import { Tensor, given, taken } from "./tensors.js";
import * as tokens from "./tokens.js";

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
export class Graph {
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

export class Context {
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
