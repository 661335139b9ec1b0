// Dialogues. All of one goes to the host with every turn. A host that lists the model's own template
// in its metadata renders the messages; for any other the guest renders them in the style it names.

import { Code, check, lastCode } from "./error";
import { quote, textOf } from "./json";
import { Session } from "./session";
import { Finish, Options } from "./types";

export enum Role {
  System,
  User,
  Assistant,
}

/** How models were taught to read a dialogue. */
export enum Style {
  /** "User: ...", for models that know no template. */
  Plain,
  ChatML,
  Llama2,
  Llama3,
  Gemma,
  Phi3,
  Zephyr,
  Mistral,
}

export class Message {
  constructor(
    public role: Role,
    public content: string,
  ) {}
}

/** What goes before and after a message of each role, and the text that begins a foreign turn. */
class Words {
  constructor(
    public before: string[],
    public after: string[],
    public stop: string,
    /** The system message stands inside the first user message. */
    public systemInUser: bool = false,
  ) {}
}

function same(end: string): string[] {
  return [end, end, end];
}

function wordsOf(style: Style): Words {
  switch (style) {
    case Style.ChatML:
      return new Words(
        ["<|im_start|>system\n", "<|im_start|>user\n", "<|im_start|>assistant\n"],
        same("<|im_end|>\n"),
        "<|im_end|>",
      );
    case Style.Llama2:
      return new Words(
        ["<<SYS>>\n", "[INST] ", ""],
        ["\n<</SYS>>\n\n", " [/INST]", " </s><s>"],
        "[INST]",
        true,
      );
    case Style.Llama3:
      return new Words(
        [
          "<|start_header_id|>system<|end_header_id|>\n\n",
          "<|start_header_id|>user<|end_header_id|>\n\n",
          "<|start_header_id|>assistant<|end_header_id|>\n\n",
        ],
        same("<|eot_id|>"),
        "<|eot_id|>",
      );
    case Style.Gemma:
      return new Words(
        ["", "<start_of_turn>user\n", "<start_of_turn>model\n"],
        ["\n\n", "<end_of_turn>\n", "<end_of_turn>\n"],
        "<end_of_turn>",
        true,
      );
    case Style.Phi3:
      return new Words(
        ["<|system|>\n", "<|user|>\n", "<|assistant|>\n"],
        same("<|end|>\n"),
        "<|end|>",
      );
    case Style.Zephyr:
      return new Words(
        ["<|system|>\n", "<|user|>\n", "<|assistant|>\n"],
        same("</s>\n"),
        "<|user|>",
      );
    case Style.Mistral:
      return new Words(["", "[INST] ", ""], ["\n\n", " [/INST]", "</s>"], "[INST]", true);
    default:
      return new Words(["", "User: ", "Assistant:"], ["\n\n", "\n", "\n"], "\nUser:");
  }
}

/** A dialogue in a session.
 *
 *   const chat = session.chat(Style.ChatML, "You are brief.");
 *   for (chat.say("Hello"); chat.next(); ) process.stdout.write(session.piece);
 */
export class Chat {
  /** They may be changed between turns. */
  messages: Message[] = [];
  private asked: bool = false;
  private renders: bool = false;
  private inTurn: bool = false;

  constructor(
    public readonly session: Session,
    public style: Style,
    system: string,
  ) {
    if (system.length) this.messages.push(new Message(Role.System, system));
  }

  /** Begin a turn. After "prompt too long" the dialogue is as before. */
  say(message: string, options: Options = new Options()): void {
    check(this.trySay(message, options));
  }

  trySay(message: string, options: Options = new Options()): Code {
    this.conclude();
    this.session.end();
    return this.give(message, options);
  }

  /** Bring the next piece of the answer; false when it is complete and has joined the dialogue. */
  next(): bool {
    const more = this.tryNext();
    if (this.session.finish == Finish.Failed) check(lastCode());
    return more;
  }

  /** The same; false also when it fails, and `session.finish` is Failed then. */
  tryNext(): bool {
    const more = this.session.tryNext();
    if (!more) this.conclude();
    return more;
  }

  /** One turn with one call of the host; the answer. */
  ask(message: string, options: Options = new Options()): string {
    check(this.tryAsk(message, options));
    return this.session.text;
  }

  /** The same; the answer is in `session.text`. */
  tryAsk(message: string, options: Options = new Options()): Code {
    this.conclude();
    this.session.end();
    let code = this.give(message, options);
    if (code == Code.Success) code = this.session.computeText();
    this.conclude();
    return code;
  }

  /** Add the answer of the turn that goes on, or take the question back if there is none. */
  private conclude(): void {
    if (!this.inTurn) return;
    this.inTurn = false;
    this.session.cancel(); // does nothing to a text that has ended
    if (this.session.finish == Finish.Failed) this.messages.pop();
    else this.messages.push(new Message(Role.Assistant, this.session.text));
  }

  private give(message: string, options: Options): Code {
    if (!this.asked) {
      this.renders = textOf(this.session.metadata(), "chat_template").length > 0;
      this.asked = true;
    }
    this.messages.push(new Message(Role.User, message));
    let code: Code;
    if (this.renders) {
      code = this.session.start(this.asJson(), options, true);
    } else {
      const stops = [wordsOf(this.style).stop].concat(options.stop);
      code = this.session.start(this.asText(), new Options(options.maxTokens, stops, options.raw), false);
    }
    this.inTurn = code == Code.Success;
    if (!this.inTurn) this.messages.pop();
    return code;
  }

  private asJson(): string {
    let text = "[";
    for (let i = 0; i < this.messages.length; i++) {
      const one = this.messages[i];
      let role = "user";
      if (one.role == Role.System) role = "system";
      if (one.role == Role.Assistant) role = "assistant";
      text += `${i ? ", " : ""}{"role": "${role}", "content": ${quote(one.content)}}`;
    }
    return text + "]";
  }

  private asText(): string {
    const words = wordsOf(this.style);
    let text = "";
    let opened = false; // the user message that holds the system message has begun
    for (let i = 0; i < this.messages.length; i++) {
      const one = this.messages[i];
      const opens = words.systemInUser && one.role == Role.System;
      if (opens) text += words.before[Role.User];
      if (!opened || one.role != Role.User) text += words.before[one.role];
      text += one.content + words.after[one.role];
      opened = opens;
    }
    return text + words.before[Role.Assistant];
  }
}
