import { toggleComment } from "@codemirror/commands";
import { language } from "@codemirror/language";
import { python, pythonLanguage } from "@codemirror/lang-python";
import { Compartment, EditorState } from "@codemirror/state";
import { EditorView, runScopeHandlers } from "@codemirror/view";
import { EditorLanguageRegistry, pythonBuiltin } from "@jupyterlab/codemirror";
import { Signal } from "@lumino/signaling";
import { afterEach, describe, expect, it, vi } from "vitest";
import { GuestReader, guestCell } from "../../src/language/extension";
import { GuestLanguages } from "../../src/language/languages";
import type { IPreferences, Preferences } from "../../src/tokens";
import { LOADED, READER, looks, registry } from "./cells";

/** The notebook's language, which comes into an editor as JupyterLab brings it: late, or anew. */
const NOTEBOOK = new Compartment();

class Choice implements IPreferences {
  readonly changed = new Signal<this, Preferences>(this);
  constructor(public current: Preferences) {}

  highlight(highlighting: boolean): void {
    this.current = { ...this.current, highlighting };
    this.changed.emit(this.current);
  }
}

const PREFERENCES: Preferences = {
  highlighting: true,
  frameRate: null,
  openStream: null,
  confirmUnload: "inUse",
  statusBar: true,
};

const views: EditorView[] = [];
afterEach(() => {
  for (const view of views.splice(0)) view.destroy();
});

function open(doc: string, reader: GuestReader = READER): EditorView {
  const extensions = [NOTEBOOK.of(python()), guestCell(reader, doc)];
  const view = new EditorView({
    state: EditorState.create({ doc, extensions }),
    parent: document.body,
  });
  views.push(view);
  return view;
}

/** What an editor shows its text in. */
function shown(view: EditorView): string | null {
  return view.contentDOM.dataset["language"] ?? null;
}

function put(view: EditorView, text: string, from: number, to = from): void {
  view.dispatch({ changes: { from, to, insert: text }, userEvent: "input.type" });
}

describe("a cell", () => {
  it.each([
    ["%%wasinn c\nint x;", "c"],
    ["%%wasinn wast\n(module)", "wat"],
    ["%%time\n%%wasinn zig\n", "zig"],
    ["%%wasinn cobol\nSTOP RUN.", "guest"],
    ["%%wasinn", "guest"],
    ["print(1)", "python"],
    ["%wasinn load story builtin:tinytales", "python"],
    ["", "python"],
  ])("that opens with %j is in %s at once", (doc, name) => {
    expect(shown(open(doc))).toBe(name);
  });

  it("switches with its first line, in the same transaction", () => {
    const view = open("x = 1");
    const seen: (string | null)[] = [];
    for (const [from, to, text] of [
      [0, 0, "%%wasinn c\n"],
      [9, 10, "rust"],
      [9, 13, ""],
      [9, 9, "py"],
      [0, 1, ""],
      [0, 0, "\n%"],
    ] as const) {
      put(view, text, from, to);
      seen.push(shown(view));
    }
    expect(seen).toEqual(["c", "rust", "guest", "python", "python", "python"]);
    expect(looks(view.state)).toContain("%%wasinn:meta");
  });

  it("is in the new language before it is painted", () => {
    const view = open("x = 1");
    const { state } = view.state.update({ changes: { from: 0, insert: "%%wasinn c\n" } });
    expect(state.facet(language)).toBe(LOADED.get("c"));
    const { state: back } = state.update({ changes: { from: 0, to: 11 } });
    expect(back.facet(language)).toBe(pythonLanguage);
  });

  it("stays in its language when the notebook's comes, or comes anew", () => {
    const view = open("%%wasinn c\nint x;");
    const before = looks(view.state);
    for (const extension of [[], python(), []]) {
      view.dispatch({ effects: NOTEBOOK.reconfigure(extension) });
      expect([shown(view), looks(view.state)]).toEqual(["c", before]);
    }
  });

  it.each([
    ["python", ["print"]],
    ["c", []],
    ["zig", []],
  ])("in %s has the names that are Python's own as JupyterLab has them", (name, expected) => {
    const view = open(`%%wasinn ${name}\nprint(1)`);
    view.dispatch({ effects: NOTEBOOK.reconfigure([python(), pythonBuiltin(pythonLanguage)]) });
    const builtin = [...view.contentDOM.querySelectorAll(".cm-builtin")];
    expect(builtin.map(({ textContent }) => textContent)).toEqual(expected);
  });

  it("has the brackets of the language in its body, and quotes only in its magic line", () => {
    const { state } = open("%%wasinn wat\n(module)");
    const brackets = (pos: number): unknown =>
      state.languageDataAt<{ brackets: string[] }>("closeBrackets", pos)[0]?.brackets;
    expect([brackets(5), brackets(20)]).toEqual([
      ["'", '"'],
      ["(", '"'],
    ]);
  });
});

describe("a language that is not loaded yet", () => {
  it("leaves a cell as it is shown until it comes", async () => {
    const languages = new GuestLanguages(registry());
    const reader = new GuestReader(languages, null);
    const opened = open("%%wasinn c\nint x;", reader);
    const typed = open("x = 1", reader);
    put(typed, "%%wasinn rust\n", 0);
    expect([shown(opened), shown(typed)]).toEqual(["guest", "python"]);
    await vi.waitFor(() => expect([shown(opened), shown(typed)]).toEqual(["c", "rust"]));
    put(typed, "zig", 9, 13);
    expect(shown(typed)).toBe("rust");
    await vi.waitFor(() => expect(shown(typed)).toBe("zig"));
  });

  it("is loaded once for all cells", async () => {
    const jupyter = registry();
    const asked = vi.spyOn(jupyter, "getLanguage");
    const reader = new GuestReader(new GuestLanguages(jupyter), null);
    const cells = ["one", "two", "three"].map((name) => open(`%%wasinn c\nint ${name};`, reader));
    await vi.waitFor(() => expect(cells.map(shown)).toEqual(["c", "c", "c"]));
    expect(asked).toHaveBeenCalledTimes(1);
  });

  it("does not come back to a cell that has changed its mind, or is gone", async () => {
    const languages = new GuestLanguages(registry());
    const reader = new GuestReader(languages, null);
    const [changed, gone] = [open("%%wasinn c\n", reader), open("%%wasinn c\n", reader)];
    put(changed, "", 0, 11);
    gone.destroy();
    await languages.load("c");
    expect([shown(changed), gone.state.facet(language)?.name]).toEqual(["python", "guest"]);
  });

  it("is asked for again by the next cell when it could not be had", async () => {
    const warned = vi.spyOn(console, "warn").mockReturnValue();
    const jupyter = registry();
    const asked = vi.spyOn(jupyter, "getLanguage").mockRejectedValueOnce(new Error("offline"));
    const reader = new GuestReader(new GuestLanguages(jupyter), null);
    const first = open("%%wasinn c\nint x;", reader);
    await vi.waitFor(() => expect(warned).toHaveBeenCalledOnce());
    expect(shown(first)).toBe("guest");
    const second = open("%%wasinn c\nint y;", reader);
    await vi.waitFor(() => expect(shown(second)).toBe("c"));
    expect(asked).toHaveBeenCalledTimes(2);
    warned.mockRestore();
  });

  it("leaves a body plain where JupyterLab has none of that name", async () => {
    const reader = new GuestReader(new GuestLanguages(new EditorLanguageRegistry()), null);
    const view = open("%%wasinn go\nfunc main() {}", reader);
    await vi.waitFor(() => expect(shown(view)).toBe("go"));
    expect(looks(view.state)).toEqual(["%%wasinn:meta", "go:keyword"]);
  });
});

describe("the user's choice", () => {
  it("turns the look of open cells off and on", () => {
    const choice = new Choice({ ...PREFERENCES, highlighting: false });
    const reader = new GuestReader(LOADED, choice);
    const view = open("%%wasinn c\nint x;", reader);
    expect(shown(view)).toBe("python");
    choice.highlight(true);
    expect(shown(view)).toBe("c");
    choice.highlight(false);
    expect(shown(view)).toBe("python");
    put(view, "rust", 9, 10);
    expect(shown(view)).toBe("python");
    choice.highlight(true);
    expect(shown(view)).toBe("rust");
  });

  it("is not told to editors that are gone", () => {
    const choice = new Choice(PREFERENCES);
    const view = open("%%wasinn c\n", new GuestReader(LOADED, choice));
    const dispatched = vi.spyOn(view, "dispatch");
    view.destroy();
    choice.highlight(false);
    expect(dispatched).not.toHaveBeenCalled();
  });
});

describe("comments", () => {
  const TEXT = "%%wasinn c\nint x;\n\nint y;";

  /** As JupyterLab does it: its shortcut comes after the editor's own keys. */
  function toggle(view: EditorView, anchor: number, head = anchor): string {
    view.dispatch({ selection: { anchor, head } });
    const event = new KeyboardEvent("keydown", { key: "/", ctrlKey: true });
    if (!runScopeHandlers(view, event, "editor")) toggleComment(view);
    return view.state.doc.toString();
  }

  it("come and go in the body", () => {
    const view = open(TEXT);
    expect(toggle(view, 11)).toBe("%%wasinn c\n// int x;\n\nint y;");
    expect(toggle(view, 14)).toBe(TEXT);
  });

  it("come and go below the magic line when it is selected too", () => {
    const view = open(TEXT);
    expect(toggle(view, 3, TEXT.length)).toBe("%%wasinn c\n// int x;\n\n// int y;");
    expect(view.state.selection.main.from).toBe(3);
    expect(toggle(view, 0, view.state.doc.length)).toBe(TEXT);
  });

  it("do not come to the magic line", () => {
    const view = open(TEXT);
    expect(toggle(view, 4)).toBe(TEXT);
    expect(toggle(view, 0, 10)).toBe(TEXT);
  });

  it("are left to the notebook's language in its cells", () => {
    const view = open("x = 1");
    expect(toggle(view, 0)).toBe("# x = 1");
  });
});
