/** Brings what kernels say of cells to the notebooks that run in them. */

import type { INotebookModel, INotebookTracker, NotebookPanel } from "@jupyterlab/notebook";
import { Signal } from "@lumino/signaling";
import type { ISignal } from "@lumino/signaling";
import type { Message } from "@frontend/lib/link";
import type { IHost, IHosts } from "../tokens";
import { readSet } from "./mark";
import type { MarkSet } from "./mark";
import { NotebookMarks } from "./notebook";

export class Notebooks {
  /** Views of one notebook share its model. */
  private readonly marks = new Map<INotebookModel, NotebookMarks>();
  /** What kernels said last of each cell: a notebook may be opened later. */
  private readonly said = new WeakMap<IHost, Map<string, MarkSet>>();
  private readonly _changed = new Signal<this, void>(this);

  constructor(
    private readonly hosts: IHosts,
    private readonly tracker: INotebookTracker,
  ) {
    for (const host of hosts.all) this.addHost(host);
    hosts.added.connect((_, host) => this.addHost(host));
    tracker.forEach((panel) => this.addPanel(panel));
    tracker.widgetAdded.connect((_, panel) => this.addPanel(panel));
  }

  /** Emitted when a cell anywhere got marks or lost some. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  private addHost(host: IHost): void {
    this.said.set(host, new Map());
    host.received.connect(this.onReceived, this);
  }

  private addPanel(panel: NotebookPanel): void {
    const { context, sessionContext } = panel;
    if (!this.marks.has(context.model)) {
      const marks = new NotebookMarks(context.model);
      marks.changed.connect(() => this._changed.emit());
      this.marks.set(context.model, marks);
      context.disposed.connect(() => {
        this.marks.delete(context.model);
        marks.dispose();
      });
    }
    const repeat = () => this.repeat(panel);
    sessionContext.kernelChanged.connect(repeat);
    panel.disposed.connect(() => sessionContext.kernelChanged.disconnect(repeat));
    repeat();
  }

  private readonly onReceived = (host: IHost, message: Message): void => {
    if (message.kind === "marks") this.news(host, readSet(message));
    else if (message.kind === "welcome") this.welcome(host, message["marks"]);
  };

  private news(host: IHost, set: MarkSet | undefined): void {
    if (!set) return;
    this.said.get(host)?.set(set.cell, set);
    for (const marks of this.of(host)) marks.take(set);
  }

  private welcome(host: IHost, sets: unknown): void {
    for (const set of Array.isArray(sets) ? sets.map(readSet) : []) {
      if (set) this.said.get(host)?.set(set.cell, set);
    }
    this.tracker.forEach((panel) => {
      if (this.hosts.of(panel.sessionContext) === host) this.repeat(panel);
    });
  }

  private repeat(panel: NotebookPanel): void {
    const host = this.hosts.of(panel.sessionContext);
    const said = host && this.said.get(host);
    for (const set of said?.values() ?? []) this.marks.get(panel.context.model)?.repeat(set);
  }

  /** The notebooks that run in a kernel. */
  private of(host: IHost): Set<NotebookMarks> {
    const found = new Set<NotebookMarks>();
    this.tracker.forEach((panel) => {
      const marks = this.marks.get(panel.context.model);
      if (marks && this.hosts.of(panel.sessionContext) === host) found.add(marks);
    });
    return found;
  }
}
