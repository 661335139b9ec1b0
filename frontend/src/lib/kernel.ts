/** Whether there still is a kernel. What a page makes of a dead one differs by front end. */

import type { Model } from "./link";

interface Signal<T> {
  connect(slot: (sender: unknown, value: T) => void): unknown;
  disconnect(slot: (sender: unknown, value: T) => void): unknown;
}

/** A kernel of JupyterLab and Notebook, as far as we use it. */
interface Kernel {
  status?: string;
  isDisposed?: boolean;
  statusChanged?: Signal<string>;
  disposed?: Signal<unknown>;
}

const ENDED = new Set(["restarting", "autorestarting", "terminating", "dead"]);

/** Whether the kernel has ended; a connection that was only lost comes back. */
export function kernelEnded(model: Model): boolean {
  const kernel = kernelOf(model);
  return !kernel || kernel.isDisposed === true || ENDED.has(kernel.status ?? "");
}

/** Call `lost` when the widget's kernel ends or closes it. Returns what ends the watch. */
export function watchKernel(model: Model, lost: () => void): () => void {
  const status = (_kernel: unknown, value: string): void => {
    if (ENDED.has(value)) lost();
  };
  // JupyterLab closes no widget of a kernel that died, and says so only through the kernel itself
  const kernel = kernelOf(model);
  kernel?.statusChanged?.connect(status);
  kernel?.disposed?.connect(lost);
  model.on("comm:close", lost);
  model.on("comm_live_update", lost); // the front end has given the widget up
  return () => {
    kernel?.statusChanged?.disconnect(status);
    kernel?.disposed?.disconnect(lost);
    model.off("comm:close", lost);
    model.off("comm_live_update", lost);
  };
}

function kernelOf(model: Model): Kernel | null | undefined {
  return (model.widget_manager as { kernel?: Kernel | null } | undefined)?.kernel;
}
