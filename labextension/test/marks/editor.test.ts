import { EditorState } from "@codemirror/state";
import { EditorView } from "@codemirror/view";
import { nullTranslator } from "@jupyterlab/translation";
import { afterEach, expect, test } from "vitest";
import type { CellMarks } from "../../src/marks/cell";
import { marksOf } from "../../src/marks/cell";
import { marksWithin } from "../../src/marks/drawing";
import { markedEditor, visit } from "../../src/marks/editor";
import { codeCell, mark, notebook } from "./cells";

const SOURCE = "%%wasinn c\nint x = y;\n\nint z;";
const trans = nullTranslator.load("wasinn_nb");
const views: EditorView[] = [];

function editor(cell: CellMarks): EditorView {
  const state = EditorState.create({ doc: SOURCE, extensions: markedEditor(cell, trans) });
  const view = new EditorView({ state, parent: document.body });
  views.push(view);
  return view;
}

function cell(): CellMarks {
  return marksOf(codeCell(notebook(SOURCE), 0));
}

function underlined({ dom }: EditorView): string[] {
  return [...dom.querySelectorAll(".wasinn-underline")].map(
    ({ className, textContent }) => `${className.replace(/.*underline-/, "")}:${textContent}`,
  );
}

const gutters = ({ dom }: EditorView) => dom.querySelectorAll(".wasinn-mark-gutter").length;

afterEach(() => {
  for (const view of views.splice(0)) view.destroy();
});

test("marks are drawn in every editor of the cell, with a gutter while there are some", () => {
  const marks = cell();
  const view = editor(marks);
  expect(gutters(view)).toBe(0);
  marks.set([
    mark(2, "int x = y;", { column: 9 }),
    mark(3, "", { severity: "warning", column: 0 }),
    mark(4, "int z;", { severity: "trap", column: 0 }),
  ]);
  const later = editor(marks);
  for (const each of [view, later]) {
    expect(underlined(each)).toEqual(["error:y", "warning:", "trap:int z;"]);
    expect(gutters(each)).toBe(1);
    expect(each.dom.querySelectorAll(".wasinn-trap-line")).toHaveLength(1);
  }
  marks.set([]);
  for (const each of [view, later]) expect([underlined(each), gutters(each)]).toEqual([[], 0]);
});

test("a change of the text wipes all marks off", () => {
  const marks = cell();
  const view = editor(marks);
  marks.set([mark(2, "int x = y;", { column: 9 })]);
  view.dispatch({ changes: { from: SOURCE.length, insert: "\n" } });
  expect(underlined(view)).toEqual([]);
});

test("the gutter of an editor that nobody writes in goes with the marks", async () => {
  const marks = cell();
  const view = editor(marks);
  marks.set([mark(2, "int x = y;")]);
  view.dispatch({ changes: { from: 0, insert: "\n" } });
  await Promise.resolve();
  expect(gutters(view)).toBe(0);
});

test("the gutter stays while one types, so that the text does not move, and goes after it", async () => {
  const marks = cell();
  const view = editor(marks);
  marks.set([mark(2, "int x = y;")]);
  view.focus();
  view.dispatch({ changes: { from: SOURCE.length, insert: "\n" } });
  await Promise.resolve();
  expect([underlined(view), gutters(view)]).toEqual([[], 1]);
  view.contentDOM.blur();
  await expect.poll(() => gutters(view)).toBe(0);
});

test("a line with several marks has the icon of the worst", () => {
  const marks = cell();
  const view = editor(marks);
  marks.set([
    mark(2, "int x = y;", { severity: "warning", column: 5 }),
    mark(2, "int x = y;", { column: 9 }),
  ]);
  const icons = [...view.dom.querySelectorAll(".wasinn-mark-gutter .wasinn-mark-icon")];
  expect(icons.map(({ className }) => className)).toEqual(["wasinn-mark-icon wasinn-marks-error"]);
});

test("the worst mark at a place is told first", () => {
  const marks = cell();
  const view = editor(marks);
  marks.set([
    mark(2, "int x = y;", { severity: "warning", column: 0 }),
    mark(2, "int x = y;", { column: 9 }),
  ]);
  const at = SOURCE.indexOf("y;");
  const told = marksWithin(view.state, at, at).map((placed) => placed.mark.severity);
  expect(told).toEqual(["error", "warning"]);
});

test("a visit puts the cursor to the mark, shows what it says and announces it", () => {
  const marks = cell();
  const view = editor(marks);
  marks.set([mark(2, "int x = y;", { column: 9, message: "no y here\nnote: declare it" })]);
  const [placed] = marks.marks;
  if (!placed) throw new Error("no mark");
  visit(view, placed, trans, { number: 1, of: 3 });
  expect(view.state.selection.main.head).toBe(SOURCE.indexOf("y;"));
  const shown = view.dom.querySelector(".cm-tooltip .wasinn-told");
  expect(shown?.querySelector(".wasinn-marks-said")?.textContent).toContain("no y here");
  expect(shown?.querySelector(".wasinn-marks-notes")?.textContent).toBe("note: declare it");
  expect(shown?.textContent).toContain("Error (clang)");
  expect(shown?.textContent).toContain("1 of 3");
  expect(view.dom.querySelector("[aria-live]")?.textContent).toBe(
    "Error (clang) in line 2: no y here\nnote: declare it (1 of 3)",
  );
});

test.each([
  ["a move of the cursor", (view: EditorView) => view.dispatch({ selection: { anchor: 0 } })],
  ["a change", (view: EditorView) => view.dispatch({ changes: { from: 0, insert: "x" } })],
  [
    "Escape",
    (view: EditorView) =>
      view.contentDOM.dispatchEvent(
        new KeyboardEvent("keydown", { key: "Escape", keyCode: 27, bubbles: true }),
      ),
  ],
])("what is shown goes with %s", (_, act) => {
  const marks = cell();
  const view = editor(marks);
  marks.set([mark(2, "int x = y;")]);
  const [placed] = marks.marks;
  if (placed) visit(view, placed, trans);
  expect(view.dom.querySelector(".wasinn-shown")).not.toBeNull();
  act(view);
  expect(view.dom.querySelector(".wasinn-shown")).toBeNull();
});
