/**
 * A kernel's process, and JupyterLab's own connections to it: what goes over the socket between
 * them is real, so that signals come in the order in which they come in a page.
 */

import { KernelMessage, ServerConnection } from "@jupyterlab/services";
import { KernelConnection } from "@jupyterlab/services/lib/kernel/default";
import { UUID } from "@lumino/coreutils";
import { vi } from "vitest";

const COMM = "wasinn_nb.lab";
const { serializer } = ServerConnection.makeSettings();

type Data = Record<string, unknown>;

/** A socket between a page and the server. */
class Socket {
  static process: Process;
  readonly protocol = "";
  binaryType = "";
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: string | ArrayBuffer }) => void) | null = null;
  onclose: ((event: { code: number }) => void) | null = null;
  onerror: (() => void) | null = null;
  private readonly process = Socket.process;

  constructor() {
    setTimeout(() => {
      this.process.sockets.add(this);
      this.onopen?.();
    });
  }

  send(text: string): void {
    this.process.receive(JSON.parse(text) as KernelMessage.IMessage, this);
  }

  close(): void {
    this.process.sockets.delete(this);
  }

  /** The connection breaks. */
  break(): void {
    this.close();
    this.onclose?.({ code: 1006 });
  }
}

export class Process {
  readonly id = UUID.uuid4();
  readonly sockets = new Set<Socket>();
  language = "python";
  /** How the extension's package is: installed, of a version without pages, or not there. */
  installed: "yes" | "old" | "no" = "yes";
  loaded = false;
  /** Whether a cell lets messages for the extension wait, too. */
  blocking = false;
  /** Milliseconds that word of what is loaded takes. */
  delay = 0;
  /** The answer to each kind of request; hello is answered if the extension is loaded. */
  answers: Record<string, (request: Data) => Data> = {};
  welcome: Data = { languages: ["c"], revision: 0, rows: [], progress: [], totals: undefined };
  /** What pages said to the extension. */
  readonly heard: Data[] = [];
  private session = UUID.uuid4();
  private cell: KernelMessage.IHeader | undefined;
  private readonly waiting: (() => void)[] = [];

  /** Another connection of the page. */
  connect(handleComms = true): KernelConnection {
    Socket.process = this;
    const serverSettings = ServerConnection.makeSettings({
      baseUrl: "http://localhost/",
      wsUrl: "ws://localhost/",
      WebSocket: Socket as unknown as typeof WebSocket,
      fetch: (request) => this.rest(request as Request),
    });
    const model = { id: this.id, name: "python3" };
    return new KernelConnection({ model, serverSettings, handleComms });
  }

  /** Say something to all pages, unasked. */
  say(data: Data, buffers: ArrayBuffer[] = []): void {
    this.publish("comm_msg", { comm_id: COMM, data }, this.cell, buffers);
  }

  startCell(): void {
    this.cell = header("execute_request", "shell-of-another-page");
    this.publish("status", { execution_state: "busy" }, this.cell);
  }

  endCell(): void {
    const { cell } = this;
    this.publish("status", { execution_state: "idle" }, cell);
    this.cell = undefined;
    for (const go of this.waiting.splice(0)) go();
  }

  /** A cell of the user's loads the extension, or unloads it. */
  runs(change: "load" | "unload"): void {
    this.startCell();
    this.loaded = change === "load";
    this.say({ kind: change === "load" ? "loaded" : "unloaded" });
    this.endCell();
  }

  /** Another page restarts it. */
  restart(): void {
    this.publish("shutdown_reply", { status: "ok", restart: true }, undefined);
    this.session = UUID.uuid4();
    this.cell = undefined;
    this.waiting.length = 0;
    this.loaded = false;
    this.publish("status", { execution_state: "starting" }, undefined);
    this.publish("status", { execution_state: "idle" }, undefined);
  }

  /** Another page restarts it, and nothing of its start arrives here. */
  restartUnheard(): void {
    this.publish("shutdown_reply", { status: "ok", restart: true }, undefined);
    this.session = UUID.uuid4();
    this.loaded = false;
  }

  /** It crashes, and the server starts it again or gives it up. */
  crash(then: "restarting" | "dead"): void {
    this.session = UUID.uuid4();
    this.cell = undefined;
    this.loaded = false;
    this.publish("status", { execution_state: then }, undefined);
  }

  /** Every connection breaks; JupyterLab connects anew. */
  disconnect(): void {
    for (const socket of [...this.sockets]) socket.break();
  }

  receive(message: KernelMessage.IMessage, socket: Socket): void {
    const { msg_type: type } = message.header;
    const handle = (): void => {
      this.publish("status", { execution_state: "busy" }, message.header);
      this.handle(message, socket);
      this.publish("status", { execution_state: "idle" }, message.header);
    };
    const waits = type === "comm_msg" ? this.blocking : message.channel === "shell";
    if (this.cell && waits) this.waiting.push(handle);
    else setTimeout(handle);
  }

  private handle(message: KernelMessage.IMessage, socket: Socket): void {
    const content = message.content as unknown as Data;
    const reply = (values: Data): void => {
      const type = message.header.msg_type.replace("_request", "_reply");
      this.post(socket, type, message.channel, values, message.header);
    };
    switch (message.header.msg_type as string) {
      case "kernel_info_request":
        reply({ status: "ok", language_info: { name: this.language }, ...INFO });
        break;
      case "comm_info_request": {
        const comms = this.loaded ? { [COMM]: { target_name: "wasinn_nb" } } : {};
        setTimeout(() => reply({ status: "ok", comms }), this.delay);
        break;
      }
      case "execute_request":
        reply(this.execute());
        break;
      case "comm_msg":
        if (this.loaded) this.hear(content["data"] as Data);
    }
  }

  private hear(data: Data): void {
    this.heard.push(data);
    const { kind, id } = data as { kind: string; id?: number };
    const answer = this.answers[kind];
    if (kind === "hello") this.say({ kind: "welcome", now: Date.now() / 1000, ...this.welcome });
    else if (answer) this.answer({ kind: "done", id, ...answer(data) });
    else if (id !== undefined) this.say({ kind: "refused", id, message: "No.", hint: "Never." });
  }

  private answer({ buffers, ...data }: Data): void {
    this.say(data, buffers as ArrayBuffer[] | undefined);
  }

  private execute(): Data {
    if (this.installed === "no") {
      const evalue = "No module named 'wasinn_nb'";
      return { status: "error", ename: "ModuleNotFoundError", evalue, traceback: [] };
    }
    this.loaded = this.installed === "yes";
    if (this.loaded) this.say({ kind: "loaded" });
    return { status: "ok", execution_count: 0 };
  }

  private publish(
    type: string,
    content: Data,
    parent: KernelMessage.IHeader | undefined,
    buffers: ArrayBuffer[] = [],
  ): void {
    for (const socket of this.sockets) this.post(socket, type, "iopub", content, parent, buffers);
  }

  private post(
    socket: Socket,
    type: string,
    channel: string,
    content: Data,
    parent: KernelMessage.IHeader | undefined,
    buffers: ArrayBuffer[] = [],
  ): void {
    const parent_header = parent ?? {};
    const message = { header: header(type, this.session), parent_header, metadata: {}, content };
    const whole = { ...message, channel, buffers } as unknown as KernelMessage.IMessage;
    socket.onmessage?.({ data: serializer.serialize(whole, "") });
  }

  private async rest(request: Request): Promise<Response> {
    const { pathname } = new URL(request.url);
    if (pathname.endsWith("/restart")) this.restart();
    const model = { id: this.id, name: "python3" };
    const spec = { name: "python3", display_name: "", language: this.language, argv: [] };
    const specs = {
      default: "python3",
      kernelspecs: { python3: { name: "python3", spec, resources: {} } },
    };
    const body = pathname.endsWith("/kernelspecs") ? specs : model;
    return Promise.resolve(new Response(JSON.stringify(body), { status: 200 }));
  }
}

const INFO = {
  protocol_version: "5.4",
  implementation: "ipython",
  implementation_version: "9",
  banner: "",
  help_links: [],
};

function header(msg_type: string, session: string): KernelMessage.IHeader {
  const date = new Date().toISOString();
  const values = { msg_id: UUID.uuid4(), session, username: "", version: "5.4", date };
  return { ...values, msg_type } as KernelMessage.IHeader;
}

/** Let everything happen that happens within so many milliseconds. */
export async function pass(milliseconds = 100): Promise<void> {
  await vi.advanceTimersByTimeAsync(milliseconds);
}
