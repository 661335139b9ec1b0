// Models of a wasi-nn host: language models token by token, and tensors.
//
//   import { Model, Options } from "wasi_nn";
//
//   const story = Model.load("default").generate("Once upon a time", new Options(80));
//   while (story.next()) process.stdout.write(story.piece);
//
// What fails ends the program with a line that says why. Where a program wants to decide itself there
// is a call with "try": Model.tryLoad, session.tryConfigure and so on; lastError() says what failed.

import { check, lastCode, note } from "./error";
import { Config } from "./json";
import { Session } from "./session";
import { Options } from "./types";
import * as raw from "./raw";

export { Chat, Message, Role, Style } from "./chat";
export { Code, describeCode, lastCode, lastError } from "./error";
export { readArray, readBytes, readShape, readText } from "./exchange";
export { writeArray, writeBytes, writeText } from "./exchange";
export { Config } from "./json";
export { Session } from "./session";
export { Description, Finish, Options, Usage } from "./types";
export { raw };

const RESULT: usize = memory.data(4, 4);

/** A model in the host's memory. It stays loaded when the program ends, until `unload`. */
export class Model {
  private constructor(
    public readonly graph: u32,
    public readonly name: string,
  ) {}

  /** Open the model that the host knows as `name`, with the host's settings or with some more. */
  static load(name: string, config: Config | null = null): Model {
    const model = Model.tryLoad(name, config);
    if (model === null) check(lastCode());
    return model!;
  }

  /** The same; null if it fails. */
  static tryLoad(name: string, config: Config | null = null): Model | null {
    const text = String.UTF8.encode(name);
    let number: i32;
    if (config === null) {
      number = raw.load_by_name(changetype<usize>(text), text.byteLength, RESULT);
    } else {
      const settings = String.UTF8.encode(config.toString());
      number = raw.load_by_name_with_config(
        changetype<usize>(text),
        text.byteLength,
        changetype<usize>(settings),
        settings.byteLength,
        RESULT,
      );
    }
    if (note(number, `loading model "${name}"`)) return null;
    return new Model(load<u32>(RESULT), name);
  }

  /** Start a session; `close` of it frees it. */
  open(): Session {
    const session = this.tryOpen();
    if (session === null) check(lastCode());
    return session!;
  }

  /** The same; null if it fails. */
  tryOpen(): Session | null {
    const number = raw.init_execution_context(this.graph, RESULT);
    if (note(number, `opening a session of model "${this.name}"`)) return null;
    return new Session(load<u32>(RESULT));
  }

  /** Continue a text in a session of its own. */
  generate(prompt: string, options: Options = new Options()): Session {
    return this.open().generate(prompt, options);
  }

  /** Continue a text in a session of its own; all of it. */
  complete(prompt: string, options: Options = new Options()): string {
    const session = this.open();
    const text = session.complete(prompt, options);
    session.close();
    return text;
  }

  /** The vector of a text, of a model loaded with the setting "embedding". */
  embed(text: string): Float32Array {
    const session = this.open();
    const vector = session.embed(text);
    session.close();
    return vector;
  }

  /** Free the model's memory in the host. Its sessions are dead afterwards. */
  unload(): void {
    check(note(raw.unload(this.graph), `unloading model "${this.name}"`));
  }
}
