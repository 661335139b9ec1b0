/** All hosts that this page knows, and which of them the user works with. */

import type { ISessionContext } from "@jupyterlab/apputils";
import type { Kernel } from "@jupyterlab/services";
import type { TranslationBundle } from "@jupyterlab/translation";
import { Signal, type ISignal } from "@lumino/signaling";
import type { IHost, IHosts } from "../tokens";
import { Host } from "./host";

type Connection = Kernel.IKernelConnection;

export class Hosts implements IHosts {
  private readonly hosts = new Map<string, Host>();
  /** The sessions of notebooks and consoles, and the kernel that each uses. */
  private readonly kernels = new Map<ISessionContext, Connection | null>();
  private focused: ISessionContext | null = null;
  private last: IHost | null = null;
  private readonly _currentChanged = new Signal<this, IHost | null>(this);
  private readonly _contextChanged = new Signal<this, ISessionContext | null>(this);
  private readonly _added = new Signal<this, IHost>(this);

  constructor(private readonly trans: TranslationBundle) {}

  get current(): IHost | null {
    return this.last;
  }

  get currentChanged(): ISignal<this, IHost | null> {
    return this._currentChanged;
  }

  get context(): ISessionContext | null {
    return this.focused;
  }

  get contextChanged(): ISignal<this, ISessionContext | null> {
    return this._contextChanged;
  }

  get all(): readonly IHost[] {
    return [...this.hosts.values()];
  }

  get added(): ISignal<this, IHost> {
    return this._added;
  }

  of(context: ISessionContext): IHost | null {
    const kernel = context.session?.kernel;
    return (kernel && this.hosts.get(kernel.id)) ?? null;
  }

  /** A notebook or console was opened; it is followed until it is closed. */
  add(context: ISessionContext): void {
    if (this.kernels.has(context) || context.isDisposed) return;
    this.kernels.set(context, null);
    context.kernelChanged.connect(this.follow);
    context.disposed.connect(this.remove);
    this.follow(context);
  }

  /** The user works with this one now. */
  focus(context: ISessionContext | null): void {
    if (context === this.focused) return;
    this.focused = context;
    this._contextChanged.emit(context);
    this.update();
  }

  /** Tell all kernels that somebody is here. */
  greet(): void {
    for (const host of this.hosts.values()) host.greet();
  }

  private readonly follow = (context: ISessionContext): void => {
    const before = this.kernels.get(context) ?? null;
    const kernel = context.isDisposed ? null : (context.session?.kernel ?? null);
    if (kernel !== before) {
      this.kernels.set(context, kernel);
      if (kernel) this.host(kernel).connect(kernel);
      if (before) this.leave(before);
    }
    this.update();
  };

  private readonly remove = (context: ISessionContext): void => {
    const kernel = this.kernels.get(context);
    this.kernels.delete(context);
    context.kernelChanged.disconnect(this.follow);
    context.disposed.disconnect(this.remove);
    if (kernel) this.leave(kernel);
    if (context === this.focused) this.focus(null);
  };

  private host(kernel: Connection): Host {
    const known = this.hosts.get(kernel.id);
    if (known) return known;
    const host = new Host(kernel.id, this.trans);
    this.hosts.set(kernel.id, host);
    host.disposed.connect(() => this.hosts.delete(kernel.id));
    this._added.emit(host);
    return host;
  }

  private leave(kernel: Connection): void {
    // a connection belongs to one session, so nobody else uses this one
    this.hosts.get(kernel.id)?.disconnect(kernel);
  }

  private update(): void {
    const host = this.focused && this.of(this.focused);
    if (host === this.last) return;
    this.last = host;
    this._currentChanged.emit(host);
  }
}
