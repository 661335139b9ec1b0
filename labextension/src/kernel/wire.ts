/** The way to one kernel: through the connections that notebooks and consoles have to it. */

import { KernelMessage, type Kernel } from "@jupyterlab/services";
import type { JSONObject } from "@lumino/coreutils";
import type { IDisposable } from "@lumino/disposable";
import { Signal, type ISignal } from "@lumino/signaling";
import type { Message } from "@frontend/lib/link";

const TARGET = "wasinn_nb";
const COMM = "wasinn_nb.lab";

const RESTARTING: readonly string[] = ["restarting", "autorestarting"];
const NOT_THERE: readonly string[] = [...RESTARTING, "starting", "terminating"];

type Connection = Kernel.IKernelConnection;

export type Reply = KernelMessage.IExecuteReplyMsg["content"];

/** Whether messages reach the kernel; `dead` is for good. */
export type WireState = "up" | "down" | "dead";

/** What the extension's end of the wire says; the binary part of a message is its `buffers`. */
export class Wire implements IDisposable {
  private readonly connections = new Set<Connection>();
  /** The connection that is listened to and spoken through. */
  private main: Connection | null = null;
  private comm: Kernel.IComm | null = null;
  private current: WireState = "down";
  private cellRuns = false;
  /** The session of the process that said it ends, until its successor says something. */
  private ending: string | null = null;
  private disposed = false;
  private readonly _stateChanged = new Signal<this, WireState>(this);
  private readonly _busyChanged = new Signal<this, boolean>(this);
  private readonly _restarting = new Signal<this, void>(this);
  private readonly _received = new Signal<this, Message>(this);

  get state(): WireState {
    return this.current;
  }

  get stateChanged(): ISignal<this, WireState> {
    return this._stateChanged;
  }

  /** Whether a cell holds the kernel. Its status would tell of messages beside the cell as well. */
  get busy(): boolean {
    return this.cellRuns;
  }

  get busyChanged(): ISignal<this, boolean> {
    return this._busyChanged;
  }

  /** The kernel's process ends, and with it all that was loaded there. */
  get restarting(): ISignal<this, void> {
    return this._restarting;
  }

  get received(): ISignal<this, Message> {
    return this._received;
  }

  /** Whether nothing of this page is connected to the kernel any more. */
  get isEmpty(): boolean {
    return this.connections.size === 0;
  }

  get isDisposed(): boolean {
    return this.disposed;
  }

  dispose(): void {
    if (this.disposed) return;
    this.disposed = true;
    for (const kernel of [...this.connections]) this.disconnect(kernel);
    Signal.clearData(this);
  }

  connect(kernel: Connection): void {
    if (this.connections.has(kernel)) return;
    this.connections.add(kernel);
    kernel.statusChanged.connect(this.onStatus);
    kernel.connectionStatusChanged.connect(this.update);
    kernel.disposed.connect(this.update);
    this.update();
  }

  disconnect(kernel: Connection): void {
    if (!this.connections.delete(kernel)) return;
    kernel.statusChanged.disconnect(this.onStatus);
    kernel.connectionStatusChanged.disconnect(this.update);
    kernel.disposed.disconnect(this.update);
    this.update();
  }

  /** Say something to the extension's end; what cannot be sent now waits until it can. */
  send(data: JSONObject): void {
    const kernel = this.kernel();
    if (kernel.handleComms) {
      if (!this.comm || this.comm.isDisposed) this.comm = kernel.createComm(TARGET, COMM);
      this.comm.send(data);
    } else {
      // the one that may have comms has been closed, and nothing but comms would be missed
      const content = { comm_id: COMM, data };
      kernel.sendShellMessage(
        KernelMessage.createMessage<KernelMessage.ICommMsgMsg<"shell">>({
          msgType: "comm_msg",
          channel: "shell",
          username: kernel.username,
          session: kernel.clientId,
          content,
        }),
      );
    }
  }

  /** Whether the extension has its end of the wire there; rejected if the kernel ends meanwhile. */
  async isLoaded(): Promise<boolean> {
    const kernel = this.kernel();
    const question = KernelMessage.createMessage<KernelMessage.ICommInfoRequestMsg>({
      msgType: "comm_info_request",
      channel: "shell",
      username: kernel.username,
      session: kernel.clientId,
      content: { target_name: TARGET },
    });
    // on that channel it is answered while a cell runs, and handled alike
    const message = { ...question, channel: "control" } as unknown as KernelMessage.IControlMessage;
    const reply = (await kernel.sendControlMessage(message, true).done) as unknown;
    const { content } = reply as KernelMessage.ICommInfoReplyMsg;
    return content.status === "ok" && COMM in content.comms;
  }

  /** Run code beside the user's cells: it is in no history and no output. */
  async execute(code: string): Promise<Reply> {
    const content = { code, store_history: false, allow_stdin: false, stop_on_error: false };
    return (await this.kernel().requestExecute(content).done).content;
  }

  /** The language of the kernel; undefined if nothing tells. */
  async language(): Promise<string | undefined> {
    const kernel = this.kernel();
    const spec = await kernel.spec.catch(() => undefined);
    return spec?.language ?? (await kernel.info).language_info.name;
  }

  private kernel(): Connection {
    if (!this.main || this.current === "dead") throw new Error("The kernel is not there.");
    return this.main;
  }

  private readonly onStatus = (_kernel: Connection, status: Kernel.Status): void => {
    if (RESTARTING.includes(status)) this.restarts();
    this.update();
  };

  private readonly onMessage = (_: Connection, message: KernelMessage.IIOPubMessage): void => {
    const { header, content } = message;
    if (KernelMessage.isStatusMsg(message)) {
      if (this.ending !== null && header.session !== this.ending) {
        this.ending = null;
        this.update();
      }
      const { msg_type: of } = message.parent_header as Partial<KernelMessage.IHeader>;
      if (of === "execute_request") this.setBusy(message.content.execution_state === "busy");
    } else if (KernelMessage.isCommMsgMsg(message)) {
      if (message.content.comm_id === COMM) this._received.emit(messageOf(message));
    } else if (header.msg_type === "shutdown_reply") {
      // another page may have asked for it, which is all that we hear of that
      if (!(content as { restart?: boolean }).restart) return;
      this.ending = header.session;
      this.restarts();
      this.update();
    }
  };

  private restarts(): void {
    this.setBusy(false);
    this._restarting.emit();
  }

  private setBusy(busy: boolean): void {
    if (busy === this.cellRuns) return;
    this.cellRuns = busy;
    this._busyChanged.emit(busy);
  }

  private readonly update = (): void => {
    this.choose();
    const state = this.look();
    if (state === this.current) return;
    this.current = state;
    this._stateChanged.emit(state);
  };

  private look(): WireState {
    if (this.current === "dead") return "dead";
    if ([...this.connections].some(({ status }) => status === "dead")) return "dead";
    if (this.main?.connectionStatus !== "connected" || this.ending !== null) return "down";
    return NOT_THERE.includes(this.main.status) ? "down" : "up";
  }

  private choose(): void {
    const there = [...this.connections].filter((kernel) => !kernel.isDisposed);
    const best = there.find((kernel) => kernel.handleComms) ?? there[0] ?? null;
    if (best === this.main) return;
    this.main?.iopubMessage.disconnect(this.onMessage);
    this.comm?.dispose(); // nothing is sent: the kernel's end stays for others
    this.comm = null;
    this.main = best;
    best?.iopubMessage.connect(this.onMessage);
    if (best?.status === "busy") this.setBusy(true);
  }
}

function messageOf({ content, buffers }: KernelMessage.ICommMsgMsg): Message {
  const data = content.data as Message;
  return buffers && buffers.length > 0 ? { ...data, buffers } : data;
}
