// The conformance program in JavaScript; README.md says what each line is.
import { Graph, NNError, Tensor } from "wasi_nn";

const PROMPT = "Once upon a time";
const COUNTING = 'root ::= "One, two, 你好."';
const YES = 'root ::= "Yes."';
const SHAPE = [2, 1, 8, 8];

// -- common names ---------------------------------------------------------------------------------

function name(error) {
  if (!(error instanceof NNError)) throw error;
  return error.code.replaceAll("-", " ");
}

/** What a call is refused with. */
function says(line, call) {
  try {
    call();
    print(`${line}: success`);
  } catch (error) {
    print(`${line}: ${name(error)}`);
  }
}

function tells(line, stream) {
  const text = stream.text();
  print(`${line}: [${text}], ${ending(stream)}`);
}

function ending(stream) {
  const { finish } = stream.usage;
  return finish === "end" ? "end of sequence" : finish.replaceAll("-", " ");
}

/** All pieces of a text, and how it ended. */
function pulled(stream) {
  const pieces = [];
  try {
    for (const token of stream) pieces.push(token.text);
  } catch (error) {
    return [pieces, name(error)];
  }
  return [pieces, ending(stream)];
}

// -- sections -------------------------------------------------------------------------------------

function load() {
  return Graph.load("text", { ctxSize: 256, temperature: 0 });
}

function describe(graph) {
  print("== model");
  print(`architecture: ${graph.info.architecture}`);
  print(`context length: ${graph.info.contextLength}`);
  print(`embedding length: ${graph.info.embeddingLength}`);
}

function generate(context) {
  print("== text");
  const limited = context.generate(PROMPT, { maxTokens: 8 });
  const [eight, why] = pulled(limited);
  print(`prompt: ${limited.usage.promptTokens} tokens`);
  print(`limit: ${eight.length} tokens, ${why}`);

  context.configure({ grammar: COUNTING });
  tells("whole", context.generate(PROMPT));
  const [pieces, end] = pulled(context.generate(PROMPT));
  print(`pieces: ${pieces.join("") === "One, two, 你好." ? "the same" : "others"}, ${end}`);
  tells("stop", context.generate(PROMPT, { stop: "two" }));

  context.configure({ grammar: "", "ignore-eos": true });
  const [all, full] = pulled(context.generate(PROMPT));
  print(`room: ${all.length} tokens, ${full}`);
  context.configure({ "ignore-eos": false });

  says("long prompt", () => context.generate(" the".repeat(300)));
  context.configure({ grammar: COUNTING });
  tells("after it", context.generate(PROMPT));
}

function chat(graph) {
  print("== chat");
  const context = graph.context({ grammar: YES });
  const dialogue = [
    { role: "system", content: "Be brief." },
    { role: "user", content: "Is it day?" },
  ];
  const first = context.chat(dialogue);
  const answer = first.text();
  print(`first: [${answer}], ${ending(first)}`);
  dialogue.push({ role: "assistant", content: answer }, { role: "user", content: "Is it night?" });
  const second = context.chat(dialogue);
  print(`second: [${second.text()}], ${second.usage.promptTokens} prompt tokens`);
}

const dot = (a, b) => a.reduce((sum, x, i) => sum + x * b[i], 0);

function embed(graph) {
  print("== embedding");
  const context = graph.context();
  const cat = context.embed("A cat sat on the mat.");
  const ship = context.embed("A ship left the port.");
  const again = context.embed("A cat sat on the mat.");
  print(`length: ${cat.length}`);
  print(`norm: ${Math.sqrt(dot(cat, cat)).toFixed(3)}`);
  print(`same text: ${dot(cat, again).toFixed(3)}`);
  print(`other text: ${dot(cat, ship) < 0.999 ? "less than 1" : "1"}`);
}

/** A bar, and a ring. */
function drawn() {
  const pixels = new Float32Array(2 * 64);
  const bar = pixels.subarray(0, 64);
  const ring = pixels.subarray(64);
  for (let y = 1; y < 7; y++) bar[8 * y + 3] = bar[8 * y + 4] = 1;
  for (let x = 2; x < 6; x++) ring[x] = ring[8 * 7 + x] = 1;
  for (let y = 1; y < 7; y++) ring[8 * y + 2] = ring[8 * y + 5] = 1;
  return pixels;
}

function tensors(graph) {
  const context = graph.context();
  const pixels = drawn();
  const classify = (line) => {
    const { probabilities } = context.compute({ 0: new Tensor(pixels, SHAPE) });
    const best = [0, 1].map((i) =>
      new Tensor(probabilities.data.subarray(10 * i, 10 * i + 10)).argmax(),
    );
    print(`${line}: ${best.join(" ")}`);
  };
  print("== tensors");
  classify("digits");
  says("wrong shape", () => context.compute({ 0: new Tensor(pixels, [2, 64]) }));
  says("wrong type", () => context.compute({ 0: new Tensor(new Uint8Array(2 * 64), SHAPE) }));
  says("no such input", () => context.compute({ 7: new Tensor(pixels, SHAPE) }));
  classify("after them");
}

function errors(context) {
  print("== errors");
  says("unknown name", () => Graph.load("nobody"));
  says("file gone", () => Graph.load("gone"));
  says("no model", () => Graph.load("broken"));
  says("unreadable", () => Graph.load("unreadable"));
  says("other settings", () => Graph.load("busy", { "use-mmap": false }));
  says("far too large", () => Graph.load("crowded", { ctxSize: 134217728 }));
  says("bad value", () => context.configure({ "top-k": "many" }));
  says("bad grammar", () => context.configure({ grammar: "root = nothing" }));
  says("not in this host", () => context.configure({ image: "eyes.png" }));
}

let graph = load();
let context = graph.context();
describe(graph);
generate(context);
chat(graph);
embed(graph);
tensors(Graph.load("digits"));
errors(context);

print("== unload");
graph.unload();
print("unload: done");
says("generate", () => context.generate(PROMPT));
graph = load();
context = graph.context({ grammar: COUNTING });
tells("load again", context.generate(PROMPT));
