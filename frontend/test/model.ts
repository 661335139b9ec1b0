import type { Model } from "../src/lib/link";

type Callback = (...values: never[]) => void;

/** A widget's model as anywidget hands it out: it keeps what was sent, and can be made to speak. */
export class RecordingModel implements Model {
  readonly sent: Record<string, unknown>[] = [];
  readonly widget_manager: unknown;
  private readonly callbacks = new Map<string, Set<Callback>>();

  constructor(
    readonly traits: Record<string, unknown> = {},
    kernel?: unknown,
  ) {
    this.widget_manager = { kernel };
  }

  get(key: string): unknown {
    return this.traits[key];
  }

  /** Change a trait as the kernel would. */
  change(key: string, value: unknown): void {
    this.traits[key] = value;
    this.trigger(`change:${key}`);
  }

  set(key: string, value: unknown): void {
    this.traits[key] = value;
  }

  on(event: string, callback: Callback): void {
    const callbacks = this.callbacks.get(event) ?? new Set();
    this.callbacks.set(event, callbacks.add(callback));
  }

  off(event: string, callback: Callback): void {
    this.callbacks.get(event)?.delete(callback);
  }

  send(content: unknown): void {
    this.sent.push(content as Record<string, unknown>);
  }

  trigger(event: string, ...values: unknown[]): void {
    for (const callback of this.callbacks.get(event) ?? []) callback(...(values as never[]));
  }

  /** Let the kernel say something. */
  say(message: unknown): void {
    this.trigger("msg:custom", message);
  }

  /** How many listeners there are, for all events. */
  get listeners(): number {
    return [...this.callbacks.values()].reduce((sum, set) => sum + set.size, 0);
  }
}

/** One of JupyterLab's signals. */
export class RecordingSignal {
  readonly slots = new Set<(sender: unknown, value: unknown) => void>();

  connect(slot: (sender: unknown, value: unknown) => void): void {
    this.slots.add(slot);
  }

  disconnect(slot: (sender: unknown, value: unknown) => void): void {
    this.slots.delete(slot);
  }

  emit(value: unknown): void {
    for (const slot of this.slots) slot(undefined, value);
  }
}
