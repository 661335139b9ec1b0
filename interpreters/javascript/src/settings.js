// Settings, options and messages, as the host takes them.
import { array, boolean, integer, number, record, text } from "./given.js";

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

export function config(settings) {
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
export function wishes(given) {
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

export function dialogue(messages) {
  return array(messages).map((message) => {
    if (typeof message === "string") return { role: "user", content: message.toWellFormed() };
    const { role, content } = record(message, "A message is", '{ role: "user", content: "Hello" }');
    return { role: text(role, "role"), content: text(content, "content") };
  });
}
