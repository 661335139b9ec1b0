import { Text } from "@codemirror/state";
import { expect, test } from "vitest";
import { magicLineAt } from "../../src/help/magic";
import { topicAt } from "../../src/help/topic";
import type { Topic } from "../../src/help/topic";
import { TABLE } from "./table";

const MODELS = new Set(["story", "my model"]);

/** The topic at the `|` in a line, and what of the line it covers. */
function at(marked: string): (Topic & { covers: string }) | undefined {
  const offset = marked.indexOf("|");
  const line = marked.replace("|", "");
  const magic = magicLineAt(Text.of([line]), 0);
  const topic = magic && topicAt(magic, offset, TABLE, (name) => MODELS.has(name));
  return topic && { ...topic, covers: line.slice(topic.from, topic.to) };
}

test.each([
  ["%%wasinn |c", "c", "LANGUAGE", "one of c, zig"],
  ["%%wasinn c --no-r|un", "--no-run", "--no-run", "build only"],
  ["%%wasinn c --com|pat=auto", "--compat", "--compat DIALECT", "which host's reading of the ABI"],
  ["%%wasinn c --compat=au|to", "auto", "--compat DIALECT", "which host's reading of the ABI"],
  ["%%wasinn c --compat au|to", "auto", "--compat DIALECT", "which host's reading of the ABI"],
  ["%%wasinn --no-run z|ig", "zig", "LANGUAGE", "one of c, zig"],
  ["%wasinn lo|ad", "load", "%wasinn load NAME SOURCE [options]", /^Register a model/],
  ["%wasinn load a fi|le", "file", "SOURCE", "a file"],
  ["%wasinn unload a b|", "b", "NAME", "models"],
  ["%wasinn load a b --set ctx-|size=4096", "ctx-size=4096", "ctx-size", "Context length."],
  ["%wasinn load a b --set=ctx_size=40|96", "ctx_size=4096", "ctx-size", "Context length."],
  ["%wasinn config a --unset ctx-siz|e", "ctx-size", "ctx-size", "Context length."],
  ["%wasinn load a b --set unknown|=1", "unknown=1", "--set KEY=VALUE", "a setting"],
  ["%config WasinnMagics.str|eam = True", "WasinnMagics.stream", "WasinnMagics.stream", /tokens/],
])("%s", (line, covers, title, text) => {
  const topic = at(line);
  expect(topic).toMatchObject({ covers, title });
  expect(topic?.text).toMatch(text);
});

test("values are listed where the text does not name them", () => {
  expect(at("%%wasinn c --compa|t")?.values).toEqual(["auto", "strict"]);
  expect(at("%wasinn load a b --set flash|-attn=on")?.values).toEqual(["auto", "on", "off"]);
  expect(at("%%wasinn c|")?.values).toEqual([]);
});

test.each([
  ["%%wasinn c --model sto|ry", "story"],
  ["%%wasinn c --model default=sto|ry", "story"],
  ["%%wasinn c --model=default=sto|ry", "story"],
  ['%%wasinn c --model "my mo|del"', '"my model"'],
  ["%wasinn unload a sto|ry", "story"],
  ["%wasinn config st|ory --set ctx-size=1", "story"],
])("a registered model: %s", (line, covers) => {
  expect(at(line)).toMatchObject({ covers, model: covers.replaceAll('"', "") });
});

test.each([
  ["an alias", "%%wasinn c --model def|ault=story"],
  ["a name that is not registered", "%wasinn unload oth|er"],
  ["the name of a guest", "%wasinn export sto|ry x.wasm"],
  ["another option's value", "%%wasinn c --env sto|ry=1"],
])("no model: %s", (_, line) => {
  expect(at(line)).toBeDefined();
  expect(at(line)?.model).toBeUndefined();
});

test.each([
  "%%wasinn c --unknow|n",
  "%%wasinn c -- --no-r|un",
  "%wasinn frobnicate| --set",
  "%wasinn frobnicate --se|t",
  "%config Other.str|eam",
  "%%wasinn c |  --no-run",
  "%%was|inn c",
  "%wasinn toStr|ing",
  "%wasinn load a b --set __proto__|=1 ",
])("nothing is made up: %s", (line) => {
  const topic = at(line);
  if (line.includes("__proto__")) expect(topic?.title).toBe("--set KEY=VALUE");
  else expect(topic).toBeUndefined();
});
