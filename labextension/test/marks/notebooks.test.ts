import type { INotebookTracker, NotebookModel } from "@jupyterlab/notebook";
import { Signal } from "@lumino/signaling";
import { expect, test, vi } from "vitest";
import type { Message } from "@frontend/lib/link";
import { marksOf } from "../../src/marks/cell";
import { Notebooks } from "../../src/marks/notebooks";
import type { IHost, IHosts } from "../../src/tokens";
import { codeCell, mark, notebook } from "./cells";

const SOURCE = "%%wasinn c\nint x = y;";
const SET = { cell: "a", marks: [mark(2, "int x = y;")] };

class Kernel {
  readonly received = new Signal<this, Message>(this);

  say(kind: string, values: object): void {
    this.received.emit({ kind, ...values });
  }
}

class Context {
  readonly disposed = new Signal<this, void>(this);
  constructor(readonly model: NotebookModel) {}
}

/** A notebook's panel, as far as marks look at it. */
class Panel {
  readonly disposed = new Signal<this, void>(this);
  readonly sessionContext: { panel: Panel; kernelChanged: Signal<object, void> };

  constructor(
    readonly context: Context,
    public kernel: Kernel | null,
  ) {
    this.sessionContext = { panel: this, kernelChanged: new Signal<object, void>({}) };
  }
}

/** A page with notebooks. */
class Page {
  readonly panels: Panel[] = [];
  readonly widgetAdded = new Signal<this, Panel>(this);
  readonly added = new Signal<this, Kernel>(this);
  readonly notebooks: Notebooks;

  constructor(readonly all: Kernel[]) {
    this.notebooks = new Notebooks(this as unknown as IHosts, this as unknown as INotebookTracker);
  }

  of({ panel }: { panel: Panel }): IHost | null {
    return panel.kernel as unknown as IHost | null;
  }

  forEach(each: (panel: Panel) => void): void {
    this.panels.forEach(each);
  }

  open(context: Context, kernel: Kernel | null): Panel {
    const panel = new Panel(context, kernel);
    this.panels.push(panel);
    this.widgetAdded.emit(panel);
    return panel;
  }
}

const context = () => new Context(notebook(SOURCE));
const count = ({ model }: Context) => marksOf(codeCell(model, 0)).marks.length;

test("a copy of a notebook in another kernel has the same cells, and not their marks", () => {
  const kernels = [new Kernel(), new Kernel()] as const;
  const page = new Page([...kernels]);
  const [one, copy] = [context(), context()];
  page.open(one, kernels[0]);
  page.open(copy, kernels[1]);
  kernels[0].say("marks", SET);
  expect([count(one), count(copy)]).toEqual([1, 0]);
  kernels[1].say("welcome", { marks: [SET] });
  expect([count(one), count(copy)]).toEqual([1, 1]);
  kernels[0].say("marks", { ...SET, marks: [] });
  expect([count(one), count(copy)]).toEqual([0, 1]);
});

test("a notebook that is opened later, or gets its kernel later, has the marks of its cells", () => {
  const kernel = new Kernel();
  const page = new Page([]);
  page.added.emit(kernel);
  kernel.say("welcome", { marks: [SET] });
  const [later, waiting] = [context(), context()];
  page.open(later, kernel);
  const panel = page.open(waiting, null);
  expect([count(later), count(waiting)]).toEqual([1, 0]);
  panel.kernel = kernel;
  panel.sessionContext.kernelChanged.emit();
  expect(count(waiting)).toBe(1);
});

test("what kernels repeat with every greeting brings no mark back", () => {
  const kernel = new Kernel();
  const page = new Page([kernel]);
  const one = context();
  page.open(one, kernel);
  page.open(one, kernel);
  kernel.say("marks", SET);
  codeCell(one.model, 0).sharedModel.updateSource(0, 0, " ");
  codeCell(one.model, 0).sharedModel.updateSource(0, 1, "");
  kernel.say("welcome", { marks: [SET] });
  expect(count(one)).toBe(0);
});

test("a welcome without a cell's marks leaves them: the kernel may be another, the error stays", () => {
  const kernel = new Kernel();
  const page = new Page([kernel]);
  const one = context();
  page.open(one, kernel);
  kernel.say("marks", SET);
  kernel.say("welcome", { marks: [] });
  expect(count(one)).toBe(1);
});

test("it tells of changes, and messages of other shapes are none", () => {
  const kernel = new Kernel();
  const page = new Page([kernel]);
  const changed = vi.fn();
  page.notebooks.changed.connect(changed);
  page.open(context(), kernel);
  kernel.say("marks", SET);
  kernel.say("marks", { cell: 3 });
  kernel.say("welcome", { marks: "none" });
  kernel.say("changed", {});
  expect(changed).toHaveBeenCalledTimes(1);
});
