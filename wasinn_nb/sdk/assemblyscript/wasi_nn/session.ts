// One line of work on a model: its inputs and outputs, or its place in a text.

import { Chat, Style } from "./chat";
import { giveTensor, giveText, read, readToken, takeTensor } from "./data";
import { Code, check, lastCode, note } from "./error";
import { Config, numberOf, numbersOf, textOf } from "./json";
import { Bytes, encode, isTail, textLength, withoutEndMarker } from "./text";
import { Description, Finish, Options, Usage } from "./types";
import * as raw from "./raw";

const FIRST_ROOM = 128 << 10;
const GENERATING = "generating";

export class Session {
  /** Why the last text ended. */
  finish: Finish = Finish.End;
  /** How many tokens the last text took, where they came one by one. */
  tokens: i32 = 0;

  private bytes: Bytes = new Bytes(1024);
  private delivered: i32 = 0;
  private before: i32 = 0;
  private options: Options = new Options();
  private stops: ArrayBuffer[] = [];
  private single: bool = false;
  private chatting: bool = false;
  private limitsSent: bool = false;

  /** Of the host's number for an execution context; `Model.open` makes sessions. */
  constructor(public readonly context: u32) {}

  /** Free the session in the host. */
  close(): void {
    check(note(raw.finalize_execution_context(this.context), "closing a session"));
  }

  /** Change settings of this session's requests. */
  configure(config: Config): void {
    check(this.tryConfigure(config));
  }

  tryConfigure(config: Config): Code {
    return note(giveText(this.context, 1, config.toString()), "configuring a session");
  }

  /** Give input `index` as text: 0 is the prompt, 1 the settings, as JSON. */
  tryInput(index: u32, text: string): Code {
    return note(giveText(this.context, index, text), `setting input ${index.toString()} to a text`);
  }

  // ---- texts ----------------------------------------------------------------------------------

  /** Continue a text: `while (session.next()) process.stdout.write(session.piece);` */
  generate(prompt: string, options: Options = new Options()): this {
    check(this.tryGenerate(prompt, options));
    return this;
  }

  tryGenerate(prompt: string, options: Options = new Options()): Code {
    this.end();
    return this.start(prompt, options, false);
  }

  /** Bring the next piece of the text; false when it has ended. */
  next(): bool {
    const more = this.tryNext();
    if (this.finish == Finish.Failed) check(lastCode());
    return more;
  }

  /** The same; false also when it fails, and `finish` is Failed then. */
  tryNext(): bool {
    while (true) {
      if (this.finish == Finish.Running && this.step() != Code.Success) {
        this.finish = Finish.Failed;
        return false;
      }
      const running = this.finish == Finish.Running;
      let limit = running ? this.withoutPartialStop() : this.bytes.size;
      if (!this.options.raw) limit = textLength(this.bytes.data, limit);
      if (!running) this.bytes.size = limit;
      if (limit > this.delivered) {
        this.before = this.delivered;
        this.delivered = limit;
        return true;
      }
      if (!running) return false;
    }
  }

  /** What `next` brought, in whole characters. */
  get piece(): string {
    return this.bytes.text(this.before, this.delivered);
  }

  /** The same, as the bytes that it is in UTF-8. */
  get pieceBytes(): ArrayBuffer {
    return this.bytes.copy(this.before, this.delivered);
  }

  /** End the text after what was brought. */
  cancel(): void {
    if (this.finish == Finish.Running) this.finish = Finish.Cancelled;
    this.bytes.size = this.delivered;
  }

  /** Continue a text with one call of the host; all of it. */
  complete(prompt: string, options: Options = new Options()): string {
    check(this.tryComplete(prompt, options));
    return this.text;
  }

  /** The same; the text is in `text`. */
  tryComplete(prompt: string, options: Options = new Options()): Code {
    this.end();
    const code = this.start(prompt, options, false);
    return code == Code.Success ? this.computeText() : code;
  }

  /** What was generated since the last prompt. */
  get text(): string {
    return this.bytes.text(0, this.bytes.size);
  }

  /** The same, as the bytes that it is in UTF-8. */
  get textBytes(): ArrayBuffer {
    return this.bytes.copy(0, this.bytes.size);
  }

  /** The vector of a text. */
  embed(text: string): Float32Array {
    const vector = this.tryEmbed(text);
    if (vector === null) check(lastCode());
    return vector!;
  }

  tryEmbed(text: string): Float32Array | null {
    const doing = "embedding a text";
    if (note(giveText(this.context, 0, text), doing) || note(raw.compute(this.context), doing)) return null;
    const answer = new Bytes(FIRST_ROOM);
    if (read(this.context, 0, answer, doing)) return null;
    const numbers = numbersOf(answer.text(0, answer.size), "embedding");
    if (!numbers.length) {
      note(Code.RuntimeError, doing + ', without the setting "embedding"');
      return null;
    }
    const vector = new Float32Array(numbers.length);
    for (let i = 0; i < numbers.length; i++) vector[i] = numbers[i] as f32;
    return vector;
  }

  /** Begin a dialogue. `system` says how the model should behave. */
  chat(style: Style = Style.ChatML, system: string = ""): Chat {
    return new Chat(this, style, system);
  }

  // ---- what the host tells --------------------------------------------------------------------

  /** What the host tells of the model and of the last run, as JSON. */
  metadata(): string {
    const bytes = new Bytes(4096);
    check(read(this.context, 1, bytes, "reading the metadata"));
    return bytes.text(0, bytes.size);
  }

  /** What the model is. */
  describe(): Description {
    const metadata = this.metadata();
    const found = new Description();
    found.architecture = textOf(metadata, "architecture");
    found.quantization = textOf(metadata, "quantization");
    found.parameters = numberOf(metadata, "parameters");
    found.contextLength = numberOf(metadata, "context_length") as i32;
    found.layers = numberOf(metadata, "layers") as i32;
    found.vocabulary = numberOf(metadata, "vocabulary") as i32;
    found.embeddingLength = numberOf(metadata, "embedding_length") as i32;
    return found;
  }

  /** Figures about the last run; ask before the next prompt. */
  usage(): Usage {
    const metadata = this.metadata();
    const found = new Usage();
    found.inputTokens = numberOf(metadata, "input_tokens") as i32;
    found.outputTokens = numberOf(metadata, "output_tokens") as i32;
    return found;
  }

  // ---- tensors --------------------------------------------------------------------------------

  /** Give input `index`: session.set(0, pixels, [1, 3, 224, 224]), of a Float32Array, Float64Array,
   * Uint8Array, Int32Array or Int64Array; of 16-bit floats, their bits in a Uint16Array. */
  set<T extends ArrayBufferView>(index: i32, values: T, shape: i32[]): void {
    check(this.trySet(index, values, shape));
  }

  trySet<T extends ArrayBufferView>(index: i32, values: T, shape: i32[]): Code {
    return giveTensor<T>(this.context, index, values, shape);
  }

  /** Run the model on its inputs. */
  compute(): void {
    check(this.tryCompute());
  }

  tryCompute(): Code {
    return note(raw.compute(this.context), "computing");
  }

  /** Output `index` of the last run: session.get<Float32Array>(0) */
  get<T extends ArrayBufferView>(index: i32): T {
    const values = this.tryGet<T>(index);
    if (values === null) check(lastCode());
    return values!;
  }

  tryGet<T extends ArrayBufferView>(index: i32): T | null {
    return takeTensor<T>(this.context, index);
  }

  // ---- for Chat -------------------------------------------------------------------------------

  /** Close a token-by-token generation in the host. */
  end(): void {
    if (this.single) raw.fini_single(this.context);
    this.single = false;
  }

  /** Forget the last text, and give the host a new prompt: a text, or messages as JSON. */
  start(prompt: string, options: Options, messages: bool): Code {
    this.options = options;
    this.stops = options.stop.map<ArrayBuffer>((stop) => encode(stop));
    this.bytes.size = this.delivered = this.before = this.tokens = 0;
    this.finish = Finish.Failed;
    if (this.chatting != messages) {
      const code = this.tryConfigure(new Config().set("chat", messages));
      if (code != Code.Success) return code;
      this.chatting = messages;
    }
    const code = note(giveText(this.context, 0, prompt), "giving the prompt");
    if (code == Code.Success) this.finish = Finish.Running;
    return code;
  }

  /** Generate from the prompt that was given, with one call of the host. */
  computeText(): Code {
    const limits = this.sendLimits();
    if (limits != Code.Success) return limits;
    const number = raw.compute(this.context);
    this.finish = number == (Code.ContextFull as i32) ? Finish.ContextFull : Finish.End;
    if (number != 0 && this.finish == Finish.End) {
      this.finish = Finish.Failed;
      return note(number, GENERATING);
    }
    const code = read(this.context, 0, this.bytes, "reading the text");
    if (code != Code.Success) {
      this.finish = Finish.Failed;
      return code;
    }
    const maxTokens = this.options.maxTokens;
    const whole = withoutEndMarker(this.bytes.data, this.bytes.size);
    if (this.cutAtStop()) this.finish = Finish.Stop;
    else if (whole < this.bytes.size) this.bytes.size = whole;
    else if (this.finish == Finish.End && maxTokens > 0 && this.usage().outputTokens >= maxTokens) {
      this.finish = Finish.Length;
    }
    if (!this.options.raw) this.bytes.size = textLength(this.bytes.data, this.bytes.size);
    this.delivered = this.bytes.size;
    return Code.Success;
  }

  // ---- the rest -------------------------------------------------------------------------------

  /** Generate one token. */
  private step(): Code {
    this.single = true;
    const number = raw.compute_single(this.context);
    if (number == (Code.EndOfSequence as i32)) {
      this.finish = Finish.End; // its piece is the end marker, no text
      return Code.Success;
    }
    if (number == (Code.ContextFull as i32)) this.finish = Finish.ContextFull;
    else if (number != 0) return note(number, GENERATING);
    const code = readToken(this.context, this.bytes);
    if (code != Code.Success) return code;
    this.tokens++;
    if (this.cutAtStop()) this.finish = Finish.Stop;
    else if (this.finish == Finish.Running && this.tokens == this.options.maxTokens) {
      this.finish = Finish.Length;
    }
    return Code.Success;
  }

  /** Tell the host the limits of a whole text, and take back those of an earlier one. */
  private sendLimits(): Code {
    const options = this.options;
    const wanted = options.maxTokens > 0 || options.stop.length > 0;
    if (!wanted && !this.limitsSent) return Code.Success;
    const stop = options.stop.length > 0 ? options.stop[0] : "";
    const config = new Config().set("reverse-prompt", stop);
    if (options.maxTokens > 0) config.set("n-predict", options.maxTokens);
    else if (this.limitsSent) config.set("n-predict", -1);
    this.limitsSent = wanted;
    return this.tryConfigure(config);
  }

  /** End the text before the first stop text in what was not brought yet. */
  private cutAtStop(): bool {
    const size = this.bytes.size;
    let first = size;
    for (let i = 0; i < this.stops.length; i++) {
      const at = this.bytes.find(this.stops[i], this.delivered);
      if (at >= 0) first = min(first, at);
    }
    this.bytes.size = first;
    return first < size;
  }

  /** How much of the text comes before a tail that may become a stop text. */
  private withoutPartialStop(): i32 {
    const open = this.bytes.size - this.delivered;
    let limit = open;
    for (let i = 0; i < this.stops.length; i++) {
      const stop = this.stops[i];
      for (let length = min(stop.byteLength - 1, open); length > 0; length--) {
        if (isTail(this.bytes.data, this.bytes.size, changetype<usize>(stop), length)) {
          limit = min(limit, open - length);
          break;
        }
      }
    }
    return this.delivered + limit;
  }
}
