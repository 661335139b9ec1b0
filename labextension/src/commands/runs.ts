/**
 * Whether guests run, as far as a page can tell: guest cells that were begun here, and runs of which
 * the kernel says, a little later, that they generate or use a model.
 */

import { isCodeCellModel, type ICellModel, type ICodeCellModel } from "@jupyterlab/cells";
import type { IChangedArgs } from "@jupyterlab/coreutils";
import { NotebookActions, NotebookPanel, type Notebook } from "@jupyterlab/notebook";
import { Signal, type ISignal } from "@lumino/signaling";
import type { IHost, IHosts } from "../tokens";
import { isGuest } from "./cells";
import { answers } from "./context";

interface Scheduled {
  readonly notebook: Notebook;
  readonly cell: { readonly model: ICellModel };
}

export class Runs {
  private readonly cells = new Map<ICodeCellModel, Notebook>();
  /** Hosts that this page has begun guests in, and so knows better than they tell. */
  private readonly begun = new WeakSet<IHost>();
  private readonly _changed = new Signal<this, void>(this);

  constructor(private readonly hosts: IHosts) {
    NotebookActions.executionScheduled.connect(this.onScheduled, this);
    for (const host of hosts.all) this.follow(host);
    hosts.added.connect((_, host) => this.follow(host));
  }

  /** Emitted when there may be others. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Whether a cell runs a guest: one of the notebook's, or one from before the page was loaded. */
  in(panel: NotebookPanel | null): boolean {
    if (!panel) return false;
    if (this.cellsOf(panel.content)) return true;
    const host = this.hosts.of(panel.sessionContext);
    return host !== null && this.at(host) && (host.busy || !this.begun.has(host));
  }

  /** Whether guests run in a kernel, beside its cells too. */
  at(host: IHost | null): boolean {
    if (!answers(host)) return false;
    const used = [...host.models.values()].some(({ users }) => users.length > 0);
    return used || host.generating.runs.length > 0;
  }

  private cellsOf(notebook: Notebook): boolean {
    for (const cell of this.cells.keys()) if (cell.isDisposed) this.cells.delete(cell);
    return [...this.cells.values()].includes(notebook);
  }

  private follow(host: IHost): void {
    host.modelsChanged.connect(this.emit, this);
    host.generatingChanged.connect(this.emit, this);
    host.standingChanged.connect(this.emit, this);
    host.busyChanged.connect(this.emit, this);
  }

  private onScheduled(_: unknown, { notebook, cell: { model } }: Scheduled): void {
    if (!isCodeCellModel(model) || !isGuest(model)) return;
    this.cells.set(model, notebook);
    const { parent } = notebook;
    const host = parent instanceof NotebookPanel ? this.hosts.of(parent.sessionContext) : null;
    if (host) this.begun.add(host);
    model.stateChanged.connect(this.onState, this);
    this.emit();
  }

  private onState(cell: ICellModel, { name, newValue }: IChangedArgs<unknown>): void {
    if (name !== "executionState" || newValue === "running") return;
    cell.stateChanged.disconnect(this.onState, this);
    this.cells.delete(cell as ICodeCellModel);
    this.emit();
  }

  private emit(): void {
    this._changed.emit();
  }
}
