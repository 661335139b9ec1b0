import { expect, test, vi } from "vitest";
import { marksOf } from "../../src/marks/cell";
import { NotebookMarks } from "../../src/marks/notebook";
import { codeCell, mark, notebook } from "./cells";

const SOURCE = "%%wasinn c\nint x = y;\nint z;";
const WRONG = mark(2, "int x = y;", { column: 9 });

function lines(model: ReturnType<typeof notebook>, index: number): number[] {
  return marksOf(codeCell(model, index)).marks.map((placed) => placed.mark.line);
}

test("a set marks its cell and no other, and the next replaces it", () => {
  const model = notebook(SOURCE, SOURCE);
  const marks = new NotebookMarks(model);
  marks.take({ cell: "b", marks: [WRONG, mark(3, "int z;")] });
  expect([lines(model, 0), lines(model, 1)]).toEqual([[], [2, 3]]);
  marks.take({ cell: "b", marks: [WRONG] });
  expect(lines(model, 1)).toEqual([2]);
  marks.take({ cell: "b", marks: [] });
  expect(lines(model, 1)).toEqual([]);
});

test("a change of the cell clears all its marks, and leaves those of others", () => {
  const model = notebook(SOURCE, SOURCE);
  const marks = new NotebookMarks(model);
  marks.take({ cell: "a", marks: [WRONG, mark(3, "int z;")] });
  marks.take({ cell: "b", marks: [WRONG] });
  codeCell(model, 0).sharedModel.updateSource(SOURCE.length, SOURCE.length, " ");
  expect([lines(model, 0), lines(model, 1)]).toEqual([[], [2]]);
});

test("other changes clear nothing", () => {
  const model = notebook(SOURCE);
  new NotebookMarks(model).take({ cell: "a", marks: [WRONG] });
  const cell = codeCell(model, 0);
  cell.setMetadata("tags", ["x"]);
  cell.executionCount = 7;
  cell.outputs.add({ output_type: "stream", name: "stderr", text: "error" });
  expect(lines(model, 0)).toEqual([2]);
});

test("marks go with the outputs that tell of them", () => {
  const model = notebook(SOURCE);
  new NotebookMarks(model).take({ cell: "a", marks: [WRONG] });
  const cell = codeCell(model, 0);
  cell.outputs.add({ output_type: "stream", name: "stderr", text: "error" });
  cell.clearExecution();
  expect(lines(model, 0)).toEqual([]);
});

test("what the kernel says again is no news, and brings nothing back", () => {
  const model = notebook(SOURCE);
  const marks = new NotebookMarks(model);
  const set = { cell: "a", marks: [WRONG] };
  marks.repeat(set);
  expect(lines(model, 0)).toEqual([2]);
  codeCell(model, 0).sharedModel.setSource(`${SOURCE}\n`);
  marks.repeat(set);
  expect(lines(model, 0)).toEqual([]);
  marks.take(set);
  expect(lines(model, 0)).toEqual([2]);
});

test("marks go with a cell that is moved, and come back with one that is restored", () => {
  const model = notebook(SOURCE, "1");
  const marks = new NotebookMarks(model);
  marks.take({ cell: "a", marks: [WRONG] });
  codeCell(model, 0).outputs.add({ output_type: "stream", name: "stderr", text: "error" });
  model.sharedModel.moveCell(0, 1);
  expect(model.cells.get(1).id).toBe("a");
  expect(lines(model, 1)).toEqual([2]);
  model.sharedModel.clearUndoHistory();
  model.sharedModel.deleteCell(1);
  model.sharedModel.undo();
  expect(model.cells.get(1).id).toBe("a");
  expect(lines(model, 1)).toEqual([2]);
});

test("what a change has cleared does not come back with a move", () => {
  const model = notebook(SOURCE, "1");
  new NotebookMarks(model).take({ cell: "a", marks: [WRONG] });
  codeCell(model, 0).sharedModel.updateSource(SOURCE.length, SOURCE.length, "\n");
  model.sharedModel.moveCell(0, 1);
  expect(model.cells.get(1).id).toBe("a");
  expect(lines(model, 1)).toEqual([]);
});

test("a set that comes before its cell waits for it", () => {
  const model = notebook("1");
  const marks = new NotebookMarks(model);
  marks.take({ cell: "z", marks: [WRONG] });
  model.sharedModel.addCell({ cell_type: "code", id: "z", source: SOURCE });
  expect(lines(model, 1)).toEqual([2]);
});

test("cells that are not code have no marks", () => {
  const model = notebook();
  new NotebookMarks(model).take({ cell: "m", marks: [WRONG] });
  model.sharedModel.addCell({ cell_type: "markdown", id: "m", source: SOURCE });
  expect(model.cells.get(0).type).toBe("markdown");
});

test("it tells of marks that come and go, until it is disposed", () => {
  const model = notebook(SOURCE);
  const marks = new NotebookMarks(model);
  const heard = vi.fn();
  marks.changed.connect(heard);
  marks.take({ cell: "a", marks: [WRONG] });
  expect(heard).toHaveBeenCalledTimes(1);
  codeCell(model, 0).sharedModel.setSource("1");
  expect(heard).toHaveBeenCalledTimes(2);
  marks.dispose();
  marksOf(codeCell(model, 0)).set([mark(1, "1")]);
  expect(heard).toHaveBeenCalledTimes(2);
});
