// The conformance program in AssemblyScript; README.md says what each line is.
import {
  Code,
  Config,
  Finish,
  Model,
  Options,
  Session,
  Style,
  describeCode,
  lastCode,
  raw,
} from "wasi_nn";

const PROMPT = "Once upon a time";
const NO_SUCH_HANDLE: u32 = 0x7fffffff;
const counting = new Config().set("grammar", 'root ::= "One, two, 你好."');
const yes = new Config().set("grammar", 'root ::= "Yes."');

// ---- common names -------------------------------------------------------------------------------

function name(code: Code): string {
  return describeCode(code == Code.ModelNotFound ? Code.NotFound : code);
}

function ending(finish: Finish): string {
  switch (finish) {
    case Finish.End: return "end of sequence";
    case Finish.Stop: return "stop";
    case Finish.Length: return "length";
    case Finish.ContextFull: return "context full";
    default: return "failed";
  }
}

function says(line: string, code: Code): void {
  console.log(`${line}: ${name(code)}`);
}

function tells(line: string, session: Session): void {
  console.log(`${line}: [${session.text}], ${ending(session.finish)}`);
}

/** Generate, and join what comes. */
function pieces(session: Session, options: Options = new Options()): string {
  let text = "";
  session.generate(PROMPT, options);
  while (session.next()) text += session.piece;
  return text;
}

// ---- sections -----------------------------------------------------------------------------------

function load(): Model {
  return Model.load("text", new Config().set("ctx-size", 256).set("temp", 0));
}

function describe(session: Session): void {
  console.log("== model");
  const model = session.describe();
  console.log(`architecture: ${model.architecture}`);
  console.log(`context length: ${model.contextLength}`);
  console.log(`embedding length: ${model.embeddingLength}`);
}

function generate(session: Session): void {
  console.log("== text");
  pieces(session, new Options(8));
  console.log(`prompt: ${session.usage().inputTokens} tokens`);
  console.log(`limit: ${session.tokens} tokens, ${ending(session.finish)}`);

  session.configure(counting);
  session.complete(PROMPT);
  tells("whole", session);
  const same = pieces(session) == "One, two, 你好.";
  console.log(`pieces: ${same ? "the same" : "others"}, ${ending(session.finish)}`);
  pieces(session, new Options(0, ["two"]));
  tells("stop", session);

  session.configure(new Config().set("grammar", "").set("ignore-eos", true));
  pieces(session);
  console.log(`room: ${session.tokens} tokens, ${ending(session.finish)}`);
  session.configure(new Config().set("ignore-eos", false));

  let code = session.tryGenerate(" the".repeat(300));
  while (session.tryNext()) {}
  if (session.finish == Finish.Failed) code = lastCode();
  says("long prompt", code);
  session.configure(counting);
  pieces(session);
  tells("after it", session);
}

function chat(model: Model): void {
  console.log("== chat");
  const session = model.open();
  session.configure(yes);
  const chat = session.chat(Style.Plain, "Be brief.");
  for (chat.say("Is it day?"); chat.next(); ) {}
  tells("first", session);
  for (chat.say("Is it night?"); chat.next(); ) {}
  console.log(`second: [${session.text}], ${session.usage().inputTokens} prompt tokens`);
  session.close();
}

function dot(a: Float32Array, b: Float32Array): f64 {
  let sum: f64 = 0;
  for (let i = 0; i < a.length; i++) sum += <f64>a[i] * <f64>b[i];
  return sum;
}

/** A number with three digits after the point. */
function fixed(value: f64): string {
  const thousandths = (<i32>Math.round(value * 1000)).toString().padStart(4, "0");
  return `${thousandths.slice(0, -3)}.${thousandths.slice(-3)}`;
}

function embed(model: Model): void {
  console.log("== embedding");
  const session = model.open();
  session.configure(new Config().set("embedding", true));
  const cat = session.embed("A cat sat on the mat.");
  const ship = session.embed("A ship left the port.");
  const again = session.embed("A cat sat on the mat.");
  console.log(`length: ${cat.length}`);
  console.log(`norm: ${fixed(Math.sqrt(dot(cat, cat)))}`);
  console.log(`same text: ${fixed(dot(cat, again))}`);
  console.log(`other text: ${dot(cat, ship) < 0.999 ? "less than 1" : "1"}`);
  session.close();
}

/** A bar, and a ring. */
function draw(): Float32Array {
  const pixels = new Float32Array(2 * 64);
  for (let y = 1; y < 7; y++) {
    pixels[8 * y + 3] = pixels[8 * y + 4] = 1;
    pixels[64 + 8 * y + 2] = pixels[64 + 8 * y + 5] = 1;
  }
  for (let x = 2; x < 6; x++) pixels[64 + x] = pixels[64 + 56 + x] = 1;
  return pixels;
}

function classify(line: string, session: Session): void {
  session.compute();
  const scores = session.get<Float32Array>(0);
  const best = [0, 0];
  for (let i = 0; i < 2; i++) {
    for (let j = 1; j < 10; j++) {
      if (scores[10 * i + j] > scores[10 * i + best[i]]) best[i] = j;
    }
  }
  console.log(`${line}: ${best[0]} ${best[1]}`);
}

function tensors(session: Session): void {
  console.log("== tensors");
  const pixels = draw();
  session.set(0, pixels, [2, 1, 8, 8]);
  classify("digits", session);
  says("wrong shape", session.trySet(0, pixels, [2, 64]));
  says("wrong type", session.trySet(0, new Uint8Array(128), [2, 1, 8, 8]));
  says("no such input", session.trySet(7, pixels, [2, 1, 8, 8]));
  classify("after them", session);
}

/** What loading a model comes to. */
function loading(line: string, name: string, config: Config | null = null): void {
  says(line, Model.tryLoad(name, config) === null ? lastCode() : Code.Success);
}

function errors(session: Session): void {
  console.log("== errors");
  loading("unknown name", "nobody");
  loading("file gone", "gone");
  loading("no model", "broken");
  loading("unreadable", "unreadable");
  loading("other settings", "busy", new Config().set("use-mmap", false));
  loading("far too large", "crowded", new Config().set("ctx-size", 134217728));
  says("bad value", session.tryConfigure(new Config().set("top-k", "many")));
  says("bad grammar", session.tryConfigure(new Config().set("grammar", "root = nothing")));
  says("not in this host", session.tryConfigure(new Config().set("image", "eyes.png")));
}

function memory_(session: Session, text: Model, classifier: Session): void {
  console.log("== memory");
  const result = memory.data(8);
  const scores = memory.data(4);
  says("no JSON", session.tryInput(1, "nonsense"));
  says("no such graph", raw.init_execution_context(NO_SUCH_HANDLE, result));
  says("no such context", raw.compute(NO_SUCH_HANDLE));
  const second = text.open();
  says("compute before input", second.tryCompute());
  second.close();
  classifier.tryGet<Float32Array>(7);
  says("no such output", lastCode());
  says("small buffer", raw.get_output(classifier.context, 0, scores, 4, result));
  const garbage = String.UTF8.encode("no model at all");
  const part = memory.data(8);
  store<u32>(part, changetype<usize>(garbage) as u32);
  store<u32>(part, garbage.byteLength, 4);
  says("bytes of no model", raw.load(part, 1, 6, 0, result));
  classifier.close();
  says("finalized context", classifier.tryCompute());
}

let text = load();
let session = text.open();
describe(session);
generate(session);
chat(text);
embed(text);
const classifier = Model.load("digits").open();
tensors(classifier);
errors(session);
memory_(session, text, classifier);

console.log("== unload");
text.unload();
console.log("unload: done");
says("generate", session.tryGenerate(PROMPT));
text = load();
session = text.open();
session.configure(counting);
pieces(session);
tells("load again", session);
session.close();
