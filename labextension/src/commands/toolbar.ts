/** The button of a notebook's toolbar that runs its active guest cell, and stops it. */

import type { Cell } from "@jupyterlab/cells";
import type { Notebook, NotebookPanel } from "@jupyterlab/notebook";
import { stopIcon, ToolbarButton } from "@jupyterlab/ui-components";
import { Debouncer } from "@lumino/polling";
import { runGuestIcon } from "../icons";
import { isGuest, MAGIC } from "./cells";
import { answers, type Context } from "./context";
import { runCaption, runOrStop } from "./run";

/** Milliseconds without typing before the first line is looked at. */
const TYPED = 300;

export class RunButton extends ToolbarButton {
  private cell: Cell | null = null;
  private readonly typed = new Debouncer(() => this.look(), TYPED);

  constructor(
    private readonly context: Context,
    private readonly panel: NotebookPanel,
  ) {
    const { trans } = context;
    super({
      icon: runGuestIcon,
      pressedIcon: stopIcon,
      tooltip: runCaption(context, false),
      pressedTooltip: runCaption(context, true),
      disabledTooltip: trans.__("The active cell is no guest: those begin with %1", MAGIC),
      onClick: () => void this.clicked(),
      noFocusOnClick: true,
    });
    this.addClass("wasinn-run");
    context.runs.changed.connect(this.look, this);
    context.hosts.currentChanged.connect(this.look, this);
    panel.sessionContext.kernelChanged.connect(this.look, this);
    panel.content.activeCellChanged.connect(this.follow, this);
    this.follow(panel.content, panel.content.activeCell);
  }

  override dispose(): void {
    if (this.isDisposed) return;
    this.typed.dispose();
    super.dispose();
  }

  private async clicked(): Promise<void> {
    try {
      await runOrStop(this.context, this.panel);
    } finally {
      this.look();
    }
  }

  private follow(_notebook: Notebook, cell: Cell | null): void {
    if (this.cell && !this.cell.isDisposed) {
      this.cell.model.contentChanged.disconnect(this.onTyped, this);
    }
    this.cell = cell;
    cell?.model.contentChanged.connect(this.onTyped, this);
    this.look();
  }

  private onTyped(): void {
    void this.typed.invoke();
  }

  private look(): void {
    if (this.isDisposed) return;
    const { hosts, runs } = this.context;
    const isRunning = runs.in(this.panel);
    this.setHidden(!isRunning && !answers(hosts.of(this.panel.sessionContext)));
    this.enabled = isRunning || isGuest(this.cell?.model);
    this.pressed = isRunning;
  }
}
