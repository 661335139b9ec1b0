/**
 * A view's side of the conversation with its widget in the kernel.
 *
 * A view says `hello` and waits for `welcome`. Until that came it is not known whether clicks reach
 * the kernel at all: a kernel that is busy with a blocking cell may not look at messages before the
 * cell ends. `reach` tells, and a later answer makes the view live again.
 */

import { watchKernel } from "./kernel";
import { trans } from "./translation";

/** What anywidget hands to a view, as far as we use it. */
export interface Model {
  get(key: string): unknown;
  on(event: string, callback: (...values: never[]) => void): void;
  off(event: string, callback: (...values: never[]) => void): void;
  send(content: unknown): void;
  readonly widget_manager?: unknown;
}

/** Whether clicks arrive: not known yet, they do, they do not (now), the kernel has gone. */
export type Reach = "waiting" | "live" | "silent" | "gone";

/** An answer of the kernel that says no, or that there is no kernel to answer. */
export class Refused extends Error {
  constructor(
    message: string,
    readonly hint: string,
  ) {
    super(message);
  }
}

/** A message in either direction. */
export type Message = { kind: string; id?: number } & Record<string, unknown>;

export interface LinkOptions {
  onMessage?: (message: Message) => void;
  onWelcome?: (message: Message) => void;
  onReach?: (reach: Reach) => void;
  /** Milliseconds that an answer may take before the view counts as out of reach. */
  patience?: number;
}

interface Waiting {
  resolve: (message: Message) => void;
  reject: (error: Error) => void;
}

const PATIENCE = 1000;
const AGAIN = 250;

export class Link {
  reach: Reach = "waiting";
  private readonly waiting = new Map<number, Waiting>();
  // answers go to every view of a widget, so two views must not count alike
  private nextId = Math.floor(Math.random() * 2 ** 31);
  private timer: ReturnType<typeof setTimeout> | undefined;
  private again: ReturnType<typeof setTimeout> | undefined;
  private readonly receive = (content: unknown): void => this.received(content);
  private readonly unwatch: () => void;

  constructor(
    private readonly model: Model,
    private readonly options: LinkOptions = {},
  ) {
    model.on("msg:custom", this.receive);
    this.unwatch = watchKernel(model, () => this.lost());
    this.hello();
  }

  /** Ask for a snapshot, and learn whether clicks arrive. */
  hello(): void {
    this.expectAnswer();
    this.send({ kind: "hello" });
    // what a page says before JupyterLab has made its subshell waits for the end of the cell
    this.again = setTimeout(() => this.send({ kind: "hello" }), AGAIN);
  }

  /** Send what needs no answer. */
  tell(kind: string, values: Record<string, unknown> = {}): void {
    if (this.reach !== "gone") this.send({ ...values, kind });
  }

  /** Send a request; the promise is rejected with `Refused` if the kernel says no or has gone. */
  ask(kind: string, values: Record<string, unknown> = {}): Promise<Message> {
    if (this.reach === "gone") return Promise.reject(gone());
    const id = this.nextId++;
    const answer = new Promise<Message>((resolve, reject) =>
      this.waiting.set(id, { resolve, reject }),
    );
    this.expectAnswer();
    this.send({ ...values, kind, id });
    return answer;
  }

  /** Stop listening. */
  close(): void {
    this.stopTimers();
    this.model.off("msg:custom", this.receive);
    this.unwatch();
    this.waiting.clear();
  }

  private send(message: Message): void {
    try {
      this.model.send(message);
    } catch {
      // the front end has disposed of the connection; not now, for our owner may still be made
      queueMicrotask(() => this.lost());
    }
  }

  private stopTimers(): void {
    clearTimeout(this.timer);
    clearTimeout(this.again);
  }

  private expectAnswer(): void {
    this.stopTimers();
    this.timer = setTimeout(() => {
      if (this.reach !== "gone") this.setReach("silent");
    }, this.options.patience ?? PATIENCE);
  }

  private received(content: unknown): void {
    if (!isMessage(content)) return;
    if (content.kind === "welcome") {
      this.answered();
      this.options.onWelcome?.(content);
    } else if (content.kind === "done" || content.kind === "refused") {
      this.settle(content);
    } else {
      this.options.onMessage?.(content);
    }
  }

  private settle(message: Message): void {
    const waiting = message.id === undefined ? undefined : this.waiting.get(message.id);
    if (message.id === undefined || !waiting) return; // another view's answer
    this.waiting.delete(message.id);
    this.answered();
    if (message.kind === "done") waiting.resolve(message);
    else waiting.reject(new Refused(text(message["message"]), text(message["hint"])));
  }

  private answered(): void {
    this.stopTimers();
    this.setReach("live");
  }

  private lost(): void {
    this.stopTimers();
    for (const { reject } of this.waiting.values()) reject(gone());
    this.waiting.clear();
    this.setReach("gone");
  }

  private setReach(reach: Reach): void {
    if (this.reach === reach) return;
    this.reach = reach;
    this.options.onReach?.(reach);
  }
}

function gone(): Refused {
  return new Refused(trans.__("The kernel has gone."), trans.__("Run the cell again."));
}

function isMessage(content: unknown): content is Message {
  return (
    typeof content === "object" && content !== null && typeof (content as Message).kind === "string"
  );
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}
