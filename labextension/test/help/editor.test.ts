import { EditorState } from "@codemirror/state";
import { EditorView } from "@codemirror/view";
import { nullTranslator } from "@jupyterlab/translation";
import { afterEach, expect, test } from "vitest";
import type { Row } from "@frontend/panel/state";
import { explaining, helpfulEditor } from "../../src/help/editor";
import type { Helping } from "../../src/help/editor";
import type { HelpTables } from "../../src/help/table";
import type { IHost } from "../../src/tokens";
import { TABLE } from "./table";

const ROW = {
  name: "story",
  state: "loaded",
  weights: 2e9,
  contexts: 0,
  encoding: "ggml",
  device: "cpu",
  origin: "story.gguf",
  users: [] as string[],
  pinned: [] as string[],
  load_seconds: 1.5,
} as Row;

let known: typeof TABLE | undefined = TABLE;
const host = { models: new Map([["story", ROW]]) } as unknown as IHost;
const helping: Helping = {
  tables: { of: () => known } as unknown as HelpTables,
  trans: nullTranslator.load("wasinn_nb"),
  hostOf: () => host,
};
let view: EditorView;

/** Ask for help at the `|`. */
function explain(marked: string): HTMLElement | null {
  const anchor = marked.indexOf("|");
  const state = EditorState.create({
    doc: marked.replace("|", ""),
    selection: { anchor },
    extensions: helpfulEditor(helping),
  });
  view = new EditorView({ state, parent: document.body });
  const spec = explaining(view, helping);
  if (spec) view.dispatch(spec);
  return view.dom.querySelector(".wasinn-told");
}

afterEach(() => {
  known = TABLE;
  view.destroy();
});

test("an option with its values, shown and said", () => {
  const told = explain("%%wasinn c --comp|at auto\nint x;");
  expect(told?.querySelector(".wasinn-help-title")?.textContent).toBe("--compat DIALECT");
  expect([...(told?.querySelectorAll("code") ?? [])].map((code) => code.textContent)).toEqual([
    "auto",
    "strict",
  ]);
  expect(view.dom.querySelector("[aria-live]")?.textContent).toBe(
    "--compat DIALECT: which host's reading of the ABI Values: auto, strict",
  );
});

test("a model with its state and size", () => {
  const told = explain("%%wasinn c --model sto|ry\n");
  const details = [...(told?.querySelectorAll("dd") ?? [])].map((dd) => dd.textContent);
  expect(details).toEqual(expect.arrayContaining(["loaded", "2.00 GB", "story.gguf"]));
  expect(view.dom.querySelector("[aria-live]")?.textContent).toContain("loaded");
});

test("nothing while the table is not known, and nothing in the body", () => {
  known = undefined;
  expect(explain("%%wasinn |c\n")).toBeNull();
  view.destroy();
  known = TABLE;
  expect(explain("%%wasinn c\n--comp|at")).toBeNull();
});
