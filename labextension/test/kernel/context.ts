/** The session of a notebook, as far as it is looked at, over real connections. */

import type { ISessionContext } from "@jupyterlab/apputils";
import type { Kernel } from "@jupyterlab/services";
import { Signal } from "@lumino/signaling";

type Connection = Kernel.IKernelConnection;

export class Context {
  isDisposed = false;
  session: { kernel: Connection | null } | null = null;
  readonly path = "stories/story.ipynb";
  kernelDisplayName = "Python 3";
  kernelDisplayStatus = "idle";
  readonly kernelChanged = new Signal<this, unknown>(this);
  readonly propertyChanged = new Signal<this, unknown>(this);
  readonly statusChanged = new Signal<this, unknown>(this);
  readonly connectionStatusChanged = new Signal<this, unknown>(this);
  readonly disposed = new Signal<this, void>(this);

  constructor(
    kernel: Connection | null = null,
    public name = "story.ipynb",
  ) {
    this.session = { kernel };
  }

  get self(): ISessionContext {
    return this as unknown as ISessionContext;
  }

  use(kernel: Connection | null): void {
    this.session = { kernel };
    this.kernelChanged.emit(undefined);
  }

  rename(name: string): void {
    this.name = name;
    this.propertyChanged.emit("name");
  }

  close(): void {
    this.isDisposed = true;
    this.disposed.emit();
  }
}
