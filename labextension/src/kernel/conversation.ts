/** What a page and the extension in one kernel tell each other, from its loading to its end. */

import { Link, type Message, type Model, type Reach } from "@frontend/lib/link";
import { State } from "@frontend/panel/state";
import type { Generating } from "../tokens";

export const NOBODY: Generating = { rate: null, runs: [] };

/** A cell that lets others run in between, or a quick handler, answers sooner. */
const PATIENCE = 2000;

type Callback = (...values: never[]) => void;

/** Hands messages to everybody who talks to the kernel: ourselves, and views such as a panel. */
export class Channel implements Model {
  private readonly callbacks = new Map<string, Set<Callback>>();

  constructor(
    private readonly post: (content: unknown) => void,
    private readonly overview: () => unknown,
  ) {}

  /** A view that is made later begins with what is known. */
  get(key: string): unknown {
    return key === "overview" ? this.overview() : undefined;
  }

  on(event: string, callback: Callback): void {
    const callbacks = this.callbacks.get(event) ?? new Set();
    this.callbacks.set(event, callbacks.add(callback));
  }

  off(event: string, callback: Callback): void {
    this.callbacks.get(event)?.delete(callback);
  }

  send(content: unknown): void {
    this.post(content);
  }

  emit(event: string, ...values: unknown[]): void {
    const callbacks = [...(this.callbacks.get(event) ?? [])];
    for (const callback of callbacks) callback(...(values as never[]));
  }
}

export interface Listener {
  onReach(reach: Reach): void;
  /** Models or memory changed. */
  onModels(): void;
  onGenerating(): void;
}

export class Conversation {
  readonly channel: Channel;
  readonly state = new State();
  generating = NOBODY;
  languages: readonly string[] = [];
  /** Whether the kernel has ever answered. */
  wasLive = false;
  private link: Link | undefined;

  constructor(
    post: (content: unknown) => void,
    private readonly listener: Listener,
  ) {
    this.channel = new Channel(post, () => this.overview());
  }

  /** Whether it goes on; a page that does not know of the extension says nothing. */
  get goesOn(): boolean {
    return this.link !== undefined;
  }

  /** Whether what was said last had no answer in time. */
  get isSilent(): boolean {
    return this.link?.reach === "silent";
  }

  /** Say hello; what was said before is kept. */
  begin(): Link {
    this.link ??= new Link(this.channel, {
      patience: PATIENCE,
      onWelcome: (message) => this.welcome(message),
      onMessage: (message) => this.told(message),
      onReach: (reach) => this.reached(reach),
    });
    return this.link;
  }

  /** Everybody here greets the kernel again, and learns whether it answers. */
  greet(): void {
    this.receive({ kind: "anyone" });
  }

  receive(message: Message): void {
    this.channel.emit("msg:custom", message);
  }

  ask(kind: string, values: Record<string, unknown>): Promise<Message> {
    return this.begin().ask(kind, values);
  }

  /** The other side has gone. */
  end(): void {
    this.channel.emit("comm:close");
    this.link?.close();
    this.link = undefined;
  }

  private reached(reach: Reach): void {
    // whoever hears that it is live finds its models
    if (reach !== "live" || this.wasLive) this.listener.onReach(reach);
  }

  private welcome(message: Message): void {
    this.languages = (message["languages"] ?? this.languages) as readonly string[];
    this.setGenerating(message["generating"] as Generating | undefined);
    if (this.state.welcome(message)) this.listener.onModels();
    this.wasLive = true;
    this.listener.onReach("live"); // the link does not say again what it has said
  }

  private told(message: Message): void {
    if (message.kind === "anyone") {
      this.link?.hello();
    } else if (message.kind === "generating") {
      this.setGenerating(message as unknown as Generating);
    } else if (message.kind === "changed" && !this.state.knows(message)) {
      if (this.state.change(message)) this.listener.onModels();
      else this.link?.hello(); // something was missed
    }
  }

  private setGenerating(generating: Generating | undefined): void {
    const { rate, runs } = generating ?? NOBODY;
    this.generating = { rate, runs };
    this.listener.onGenerating();
  }

  private overview(): unknown {
    const { rows, progress, totals, ahead, revision } = this.state;
    if (revision < 0) return undefined;
    return {
      revision,
      now: Date.now() / 1000 + ahead,
      rows: [...rows.values()],
      progress: [...progress].map(([name, values]) => ({ name, ...values })),
      totals,
    };
  }
}
