// One operation of the SDK, told by environment variables, its outcome as lines: see test_llm.py.
import { Chat, Code, Finish, Model, Options, Session, Style, lastCode, lastError } from "wasi_nn";

const env = process.env;

function given(name: string, otherwise: string): string {
  return env.has(name) ? env.get(name) : otherwise;
}

function hex(bytes: ArrayBuffer): string {
  const view = Uint8Array.wrap(bytes);
  const digits = new Array<string>(view.length);
  for (let i = 0; i < view.length; i++) digits[i] = view[i].toString(16).padStart(2, "0");
  return digits.join("");
}

function finishName(finish: Finish): string {
  switch (finish) {
    case Finish.End: return "end";
    case Finish.Stop: return "stop";
    case Finish.Length: return "length";
    case Finish.ContextFull: return "context_full";
    case Finish.Cancelled: return "cancelled";
    default: return "failed";
  }
}

const options = new Options(i32(parseInt(given("MAX", "0"))));
if (env.has("STOP")) options.stop.push(env.get("STOP"));
options.raw = env.has("RAW");

let left = i32(parseInt(given("CANCEL", "-1")));

/** Show the pieces of what has begun, and stop when there are enough of them. */
function show(session: Session, chat: Chat | null): Code {
  while (chat === null ? session.tryNext() : chat.tryNext()) {
    console.log(`piece ${hex(session.pieceBytes)}`);
    if (--left == 0) session.cancel();
  }
  return session.finish == Finish.Failed ? lastCode() : Code.Success;
}

function perform(session: Session, chat: Chat, prompt: string): Code {
  const op = given("OP", "stream");
  if (op == "complete") return session.tryComplete(prompt, options);
  if (op == "ask") return chat.tryAsk(prompt, options);
  const code = op == "chat" ? chat.trySay(prompt, options) : session.tryGenerate(prompt, options);
  if (code != Code.Success) return code;
  return show(session, op == "chat" ? chat : null);
}

function main(): void {
  const model = Model.tryLoad(given("MODEL", "default"));
  if (model === null) {
    console.log(`error ${lastError()}`);
    return;
  }
  const session = model.open();
  const style = i32(parseInt(given("STYLE", "1"))) as Style;
  const chat = session.chat(style, given("SYSTEM", ""));
  for (let i = 1; i < process.argv.length; i++) {
    const prompt = process.argv[i];
    if (given("OP", "stream") == "embed") {
      const vector = session.embed(prompt);
      for (let j = 0; j < vector.length; j++) console.log(vector[j].toString());
    } else if (perform(session, chat, prompt) == Code.Success) {
      console.log(`end ${finishName(session.finish)} ${hex(session.textBytes)}`);
    } else {
      console.log(`error ${lastError()}`);
    }
  }
  session.close();
}

main();
