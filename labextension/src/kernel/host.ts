/** One kernel's host: how it stands, what it told, and what it is asked. */

import type { Kernel } from "@jupyterlab/services";
import type { TranslationBundle } from "@jupyterlab/translation";
import type { JSONObject } from "@lumino/coreutils";
import { Signal, type ISignal } from "@lumino/signaling";
import { Refused, type Message, type Model, type Reach } from "@frontend/lib/link";
import type { Row, Totals } from "@frontend/panel/state";
import type { Generating, IHost, KernelFile, Standing } from "../tokens";
import { Conversation } from "./conversation";
import { loadInto, refusal } from "./loading";
import { after, type Happening } from "./standing";
import { Wire, type WireState } from "./wire";

const PYTHON = "python";
/** Milliseconds; one question after many cells in a row. */
const LATER = 500;

export class Host implements IHost {
  private readonly wire = new Wire();
  private conversation = this.newConversation();
  private current: Standing = "starting";
  private lost = false;
  /** Counts what made us certain that the extension is loaded; an older answer is no news then. */
  private found = 0;
  private loading: Promise<void> | undefined;
  private later: ReturnType<typeof setTimeout> | undefined;
  private readonly _disposed = new Signal<this, void>(this);
  private readonly _standingChanged = new Signal<this, Standing>(this);
  private readonly _busyChanged = new Signal<this, boolean>(this);
  private readonly _modelsChanged = new Signal<this, void>(this);
  private readonly _generatingChanged = new Signal<this, Generating>(this);
  private readonly _received = new Signal<this, Message>(this);

  constructor(
    readonly kernelId: string,
    private readonly trans: TranslationBundle,
  ) {
    this.wire.stateChanged.connect(this.onState);
    this.wire.busyChanged.connect(this.onBusy);
    this.wire.restarting.connect(this.onRestarting);
    this.wire.received.connect(this.onMessage);
  }

  get standing(): Standing {
    return this.current;
  }

  get standingChanged(): ISignal<this, Standing> {
    return this._standingChanged;
  }

  get restarted(): boolean {
    return this.lost;
  }

  get busy(): boolean {
    return this.wire.busy;
  }

  get busyChanged(): ISignal<this, boolean> {
    return this._busyChanged;
  }

  get models(): ReadonlyMap<string, Row> {
    return this.conversation.state.rows;
  }

  get totals(): Totals | undefined {
    return this.conversation.state.totals;
  }

  get modelsChanged(): ISignal<this, void> {
    return this._modelsChanged;
  }

  get generating(): Generating {
    return this.conversation.generating;
  }

  get generatingChanged(): ISignal<this, Generating> {
    return this._generatingChanged;
  }

  get languages(): readonly string[] {
    return this.conversation.languages;
  }

  get received(): ISignal<this, Message> {
    return this._received;
  }

  get model(): Model {
    return this.conversation.channel;
  }

  get isDisposed(): boolean {
    return this.wire.isDisposed;
  }

  get disposed(): ISignal<this, void> {
    return this._disposed;
  }

  dispose(): void {
    if (this.isDisposed) return;
    clearTimeout(this.later);
    this.wire.dispose();
    this.conversation.end();
    this._disposed.emit();
    Signal.clearData(this);
  }

  /** A notebook or console of this page uses the kernel, or does not any more. */
  connect(kernel: Kernel.IKernelConnection): void {
    this.wire.connect(kernel);
  }

  disconnect(kernel: Kernel.IKernelConnection): void {
    this.wire.disconnect(kernel);
    if (this.wire.isEmpty) this.dispose();
  }

  /** Tell the kernel that somebody is here. */
  greet(): void {
    if (this.conversation.goesOn && this.wire.state === "up") this.conversation.greet();
  }

  async ask(kind: string, values: Record<string, unknown> = {}): Promise<Message> {
    const refused = refusal(this.current, this.trans);
    if (refused) throw refused;
    return this.conversation.ask(kind, values);
  }

  async fetch(kind: string, values: Record<string, unknown> = {}): Promise<KernelFile> {
    const { file, buffers } = await this.ask(kind, values);
    const [bytes] = (buffers ?? []) as (ArrayBuffer | ArrayBufferView)[];
    if (typeof file !== "string" || !bytes) {
      throw new Refused(this.trans.__("The kernel sent no file."), "");
    }
    return { name: file, bytes: copied(bytes) };
  }

  load(): Promise<void> {
    this.loading ??= this.loadNow().finally(() => (this.loading = undefined));
    return this.loading;
  }

  private async loadNow(): Promise<void> {
    if (this.current !== "unloaded") {
      const refused = refusal(this.current, this.trans);
      if (refused) throw refused;
      return;
    }
    this.happens("load");
    try {
      await loadInto(this.wire, this.trans);
    } catch (error) {
      this.happens("failed");
      throw error;
    }
    this.find();
    await this.settled();
  }

  /** Wait until it is known how the kernel answers now that the extension is loaded. */
  private settled(): Promise<void> {
    return new Promise((resolve) => {
      const look = (): void => {
        if (this.current === "loading") return;
        this._standingChanged.disconnect(look);
        resolve();
      };
      this._standingChanged.connect(look);
      look();
    });
  }

  // -- what happens ------------------------------------------------------------------------------

  private happens(happening: Happening): void {
    const standing = after(this.current, happening);
    if (standing === this.current) return;
    this.current = standing;
    if (standing === "live") this.lost = false;
    this._standingChanged.emit(standing);
  }

  private readonly onState = (_wire: Wire, state: WireState): void => {
    if (state === "dead") {
      this.part();
      this.happens("died");
    } else if (state === "down") {
      this.happens("lost");
    } else {
      this.happens("back");
      void this.inquire();
    }
  };

  private readonly onBusy = (_wire: Wire, busy: boolean): void => {
    this._busyChanged.emit(busy);
    clearTimeout(this.later);
    // a cell may have loaded the extension, and its word for that be lost in a flood of output
    if (!busy && this.current === "unloaded") this.later = setTimeout(() => this.inquire(), LATER);
  };

  private readonly onRestarting = (): void => {
    this.lost ||= this.conversation.wasLive;
    this.part();
    this.happens("lost");
  };

  private readonly onMessage = (_wire: Wire, message: Message): void => {
    if (message.kind === "unloaded") {
      this.part();
      this.happens("missing");
    } else if (!this.conversation.goesOn) {
      this.find();
    }
    this.conversation.receive(message);
    if (message.kind !== "done" && message.kind !== "refused") this._received.emit(message);
  };

  private onReach(reach: Reach): void {
    if (reach === "live") this.happens("answered");
    else if (reach === "silent") this.happens("unanswered");
  }

  /** Learn whether the extension is loaded there, without a trace in the kernel. */
  private async inquire(): Promise<void> {
    const { found } = this;
    try {
      this.greet();
      if ((await this.wire.language())?.toLowerCase() !== PYTHON) {
        this.happens("unsuited");
      } else if (await this.wire.isLoaded()) {
        this.find();
      } else if (found === this.found) {
        this.lost ||= this.conversation.wasLive;
        this.part();
        this.happens("missing");
      }
    } catch {
      // the kernel ended meanwhile; its successor is asked again
    }
  }

  private find(): void {
    if (this.isDisposed) return; // an answer came late
    this.found++;
    this.happens("found");
    this.conversation.begin();
    if (this.conversation.isSilent) this.happens("unanswered");
  }

  /** What the extension told is over: it is not there any more. */
  private part(): void {
    if (!this.conversation.goesOn) return;
    const ended = this.conversation;
    this.conversation = this.newConversation();
    ended.end();
    this._modelsChanged.emit();
    this._generatingChanged.emit(this.generating);
  }

  private newConversation(): Conversation {
    return new Conversation((content) => this.wire.send(content as JSONObject), {
      onReach: (reach) => this.onReach(reach),
      onModels: () => this._modelsChanged.emit(),
      onGenerating: () => this._generatingChanged.emit(this.generating),
    });
  }
}

function copied(bytes: ArrayBuffer | ArrayBufferView): ArrayBuffer {
  if (bytes instanceof ArrayBuffer) return bytes;
  const { buffer, byteOffset, byteLength } = bytes;
  return new Uint8Array(buffer, byteOffset, byteLength).slice().buffer;
}
