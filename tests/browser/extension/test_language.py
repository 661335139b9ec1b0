"""Guest cells in JupyterLab look like their language: seen in the colours that are painted."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pytest

from tests.browser.lab import open_notebook, save, screenshot, set_theme

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

SKELETONS = Path(__file__).parents[3] / "labextension" / "src" / "skeletons"

# What is painted of a body in each language, and as what.
LOOKS = {
    "c": ("#include <stdio.h>\nint main(void) { return 0; } // end\n", "#include return 0 end"),
    "cpp": ('#include <string>\nclass A { int x = 1; };\nauto s = "t"; // end\n', "class 1 t end"),
    "zig": ('const std = @import("std");\n// end\npub fn main() void {}\n', "const std fn end"),
    "rust": ("fn main() { let x = 1; } // end\n", "fn let 1 end"),
    "go": ('package main\nfunc main() { println("t") } // end\n', "func t end"),
    "js": ("const x = 1; // end\nfunction f() {}\n", "const function 1 end"),
    "assemblyscript": ("export function f(): void { let x = 1; } // end\n", "function let 1 end"),
    "python": ("def f(x):\n    return None  # end\n", "def return None end"),
    "wat": ('(module (memory (export "t") 1)) ;; end\n', "module t 1 end"),
}
KINDS = {
    **dict.fromkeys(("return", "class", "const", "fn", "let", "func", "function"), "keyword"),
    **dict.fromkeys(("def", "None", "module"), "keyword"),
    "#include": "meta",
    "std": "def",
    "t": "string",
    "end": "comment",
    **dict.fromkeys(("0", "1"), "number"),
}

_KEY = re.compile(r"Control\+\S+|Enter|Backspace|Delete|Home|End|Arrow\w+")

# Words of an editor with the theme's colours that they are painted in; bold ones are marked.
_PAINTED = """(content) => {
  const probe = content.appendChild(document.createElement('span'));
  const kinds = {};
  for (const name of ['meta', 'keyword', 'number', 'def', 'comment', 'string', 'string-2',
                      'attribute', 'property', 'variable-2', 'builtin', 'operator', 'atom']) {
    probe.style.color = `var(--jp-mirror-editor-${name}-color)`;
    const color = getComputedStyle(probe).color;
    kinds[color] = [...(kinds[color] ?? []), name];
  }
  probe.remove();
  return [...content.querySelectorAll('.cm-line span')].map((span) => {
    const { color } = getComputedStyle(span);
    return [span.textContent, kinds[color] ?? []];
  });
}"""


class Cells:
    """The cells of the notebook in front."""

    def __init__(self, page, selector=".jp-NotebookPanel:not(.lm-mod-hidden)"):
        self.page = page
        self._cells = page.locator(f"{selector} .jp-Cell")

    def content(self, index):
        """What a cell's editor shows."""
        return self._cells.nth(index).locator(".jp-InputArea-editor .cm-content")

    def painted(self, index):
        """Pairs of text and what it is painted as."""
        return self.content(index).evaluate(_PAINTED)

    def kinds(self, index, word):
        """What a word is painted as, anywhere in a cell."""
        found = [
            kinds for text, kinds in self.painted(index) if word in re.findall(r"#?[\w-]+", text)
        ]
        return found[0] if found else []

    def wait(self, index, word, kind):
        """Wait until a word is painted so; with an empty kind, until it has no colour."""
        for _ in range(300):
            kinds = self.kinds(index, word)
            if kind in kinds if kind else not kinds:
                return
            self.page.wait_for_timeout(100)
        raise AssertionError(f"{word!r} is {self.kinds(index, word)}, not {kind!r}")

    def text(self, index):
        """A cell's source."""
        return "\n".join(self.content(index).locator(".cm-line").all_inner_texts())

    def type(self, index, keys, *, at_end=True):
        """Put the cursor to an end of a cell, and press keys."""
        self.content(index).click()
        self.page.keyboard.press("Control+End" if at_end else "Control+Home")
        for key in keys:
            if _KEY.fullmatch(key):
                self.page.keyboard.press(key)
            else:
                self.page.keyboard.type(key)


def opened(page, server, name, cells):
    """A notebook with these cells, as the page shows it."""
    server.write(name, cells)
    open_notebook(page, server, name)
    return Cells(page)


def magic(language):
    """A magic line in which everything has a look."""
    return f"%%wasinn {language} --model default=story --timeout 30 -- once"


def test_each_language_has_its_look_and_nothing_else_changes(page, server):
    code = [f"{magic(name)}\n{text}" for name, (text, _) in LOOKS.items()]
    notebook = nbformat.v4.new_notebook(
        cells=[
            *map(nbformat.v4.new_code_cell, code),
            nbformat.v4.new_code_cell("%%wasinn cobol\nreturn 1"),
            nbformat.v4.new_code_cell("return None  # %%wasinn c"),
            nbformat.v4.new_raw_cell("%%wasinn c\nreturn 1"),
        ]
    )
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
    nbformat.write(notebook, server.root / "looks.ipynb")
    page.set_viewport_size({"width": 1280, "height": 1800})  # all cells are in view
    open_notebook(page, server, "looks.ipynb")
    cells = Cells(page)
    for index, (_, words) in enumerate(LOOKS.values()):
        for word in words.split():
            cells.wait(index, word, KINDS[word])
        look = dict(map(tuple, [(text, ",".join(kinds)) for text, kinds in cells.painted(index)]))
        assert "meta" in look["%%wasinn"]
        assert "attribute" in look["--model"]
        assert "string-2" in look["story"]
        assert "number" in look["30"]
        assert "string" in look["once"]
        assert "keyword" in cells.kinds(index, list(LOOKS)[index])
    at = len(code)
    cells.wait(at, "wasinn", "meta")
    assert [cells.kinds(at, word) for word in ("cobol", "return", "1")] == [[], [], []]
    cells.wait(at + 1, "None", "keyword")
    assert "comment" in cells.kinds(at + 1, "wasinn")
    assert cells.painted(at + 2) == []
    for theme in ("Light", "Dark"):
        set_theme(page, theme)
        cells.wait(0, "return", "keyword")
        screenshot(page, f"language-{theme.lower()}")


def test_a_text_file_that_begins_like_a_guest_is_left_alone(page, server):
    (server.root / "notes.txt").write_text("%%wasinn c\nreturn 1;\n")
    (server.root / "main.zig").write_text("const x = 1; // end\n")
    page.goto(server.url("notes.txt"))
    content = page.locator(".jp-FileEditor .cm-content")
    content.wait_for()
    assert content.evaluate(_PAINTED) == []
    page.goto(server.url("main.zig"))
    content.locator(".cm-line span", has_text="const").wait_for()
    assert ["const", ["keyword"]] in [
        [text, kinds[:1]] for text, kinds in content.evaluate(_PAINTED)
    ]


def test_the_look_follows_the_first_line_as_it_is_typed(page, server):
    cells = opened(page, server, "typed.ipynb", ["def f(): return None", "x = 1"])
    cells.wait(0, "def", "keyword")
    cells.type(0, ["%%wasinn c", "Enter"], at_end=False)
    cells.wait(0, "return", "keyword")
    assert not cells.kinds(0, "None")
    assert not cells.kinds(0, "def")
    for keys, word, kind in (
        (["Control+Home", "End", "Backspace", "python"], "def", "keyword"),
        (["Control+Home", "End", *["Backspace"] * 6, "cobol"], "def", ""),
        (["Control+Home", "End", *["Backspace"] * 5, "js"], "None", ""),
        (["Control+Home", "Delete"], "None", "keyword"),
        (["%"], "None", ""),
    ):
        cells.type(0, keys, at_end=False)
        cells.wait(0, word, kind)
    # taken back, and made again
    for _ in range(40):
        page.keyboard.press("Control+z")
    cells.wait(0, "None", "keyword")
    for _ in range(40):
        page.keyboard.press("Control+Shift+z")
    cells.wait(0, "None", "")
    cells.wait(0, "return", "keyword")
    assert cells.kinds(1, "1") == ["number"]


def test_a_cell_keeps_its_look_wherever_it_goes(page, server):
    guest = "%%wasinn c\nint None = 1; return 1;"
    cells = opened(page, server, "goes.ipynb", [guest, "x = None", "y = None"])
    cells.wait(0, "return", "keyword")
    cells.wait(1, "None", "keyword")

    def command(name):
        page.evaluate("(name) => window.jupyterapp.commands.execute(name)", name)

    cells.content(0).click()
    page.keyboard.press("Escape")
    for name, index in (
        ("notebook:move-cell-down", 1),
        ("notebook:change-cell-to-raw", None),
        ("notebook:change-cell-to-code", 1),
        ("notebook:copy-cell", None),
        ("notebook:paste-cell-below", 2),
        ("notebook:merge-cell-above", 1),
        ("notebook:cut-cell", None),
        ("notebook:paste-cell-above", 1),
    ):
        command(name)
        if index is None:
            continue
        cells.wait(index, "return", "keyword")
        assert not cells.kinds(index, "None")
    save(page)
    assert "csrc" not in (server.root / "goes.ipynb").read_text()
    # a second view of the same notebook
    command("docmanager:clone")
    page.wait_for_function("() => document.querySelectorAll('.jp-NotebookPanel').length === 2")
    first, second = (Cells(page, f".jp-NotebookPanel >> nth={at} >>") for at in (0, 1))
    second.wait(1, "return", "keyword")
    second.type(1, ["End", "Backspace", "python"], at_end=False)
    second.wait(1, "None", "keyword")
    first.wait(1, "None", "keyword")


# Looks at each frame whether words that are Python's are painted as such in a guest cell.
_WATCH = """() => {
  window.painted = new Set();
  const look = () => {
    for (const line of document.querySelectorAll('.jp-Cell .cm-line')) {
      for (const span of line.querySelectorAll('span')) {
        if (span.textContent === 'None') window.painted.add(getComputedStyle(span).fontWeight);
      }
    }
    requestAnimationFrame(look);
  };
  look();
}"""


def test_a_guest_cell_never_flickers(page, server):
    page.add_init_script(f"({_WATCH})()")
    guest = "%%wasinn c\nint None = 1; return 1;"
    cells = opened(page, server, "calm.ipynb", [guest, guest.replace(" c\n", " zig\n")])
    page.evaluate(
        """async () => {
          const { sessionContext } = window.jupyterapp.shell.currentWidget;
          await sessionContext.ready;
          await sessionContext.session.kernel.info;
        }"""
    )
    cells.wait(0, "return", "keyword")
    cells.wait(1, "return", "keyword")
    # the notebook tells every editor its language anew
    page.evaluate(
        """async () => {
          const { content } = window.jupyterapp.shell.currentWidget;
          for (const cell of content.widgets) cell.model.mimeType = 'text/plain';
          await new Promise((resolve) => setTimeout(resolve, 300));
          for (const cell of content.widgets) cell.model.mimeType = 'text/x-ipython';
          await new Promise((resolve) => setTimeout(resolve, 300));
        }"""
    )
    cells.type(0, [" --no-run", "Enter", "Backspace", "Control+Home", "ArrowDown", "x = 1;"])
    cells.wait(0, "return", "keyword")
    assert page.evaluate("() => [...window.painted]") == []


def test_the_body_is_edited_as_its_language_is(page, server):
    cells = opened(page, server, "edit.ipynb", ["%%wasinn c", "%%wasinn python", "%%wasinn zig"])
    cells.type(0, ["Enter", "int main(void) {", "Enter", "return 0;", "Enter", "}"])
    cells.type(1, ["Enter", "if True:", "Enter", "pass"])
    cells.type(2, ["Enter", "pub fn main() void {", "Enter", "return;", "Enter", "}"])
    assert cells.text(0) == "%%wasinn c\nint main(void) {\n    return 0;\n}"
    assert cells.text(1) == "%%wasinn python\nif True:\n    pass"
    assert cells.text(2) == "%%wasinn zig\npub fn main() void {\n    return;\n}"
    cells.content(0).locator(".cm-matchingBracket").nth(1).wait_for(state="attached")
    cells.type(0, ["Control+a", "Control+/"])
    assert cells.text(0) == "%%wasinn c\n// int main(void) {\n//     return 0;\n// }"
    page.keyboard.press("Control+/")
    assert cells.text(0) == "%%wasinn c\nint main(void) {\n    return 0;\n}"
    cells.type(0, ["Control+/"], at_end=False)
    assert cells.text(0).startswith("%%wasinn c\nint main")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Control+/")
    assert cells.text(0).startswith("%%wasinn c\n// int main")
    page.keyboard.press("Control+/")
    for index in (0, 2):
        cells.type(index, ["ArrowDown"], at_end=False)
        page.evaluate("() => window.jupyterapp.commands.execute('codemirror:fold-current')")
        cells.content(index).locator(".cm-foldPlaceholder").wait_for()
        assert cells.text(index).endswith("{…}")


def test_a_console_has_it_too(page, server):
    opened(page, server, "console.ipynb", ["x = 1"])
    page.evaluate(
        """async () => {
          const { shell, commands } = window.jupyterapp;
          const { sessionContext } = shell.currentWidget;
          await sessionContext.ready;
          await commands.execute('console:create', {
            path: 'console.ipynb',
            kernelPreference: { id: sessionContext.session.kernel.id },
          });
        }"""
    )
    prompt = page.locator(".jp-CodeConsole-promptCell .cm-content")
    prompt.click()
    page.keyboard.type("%%wasinn c")
    page.keyboard.press("Enter")
    page.keyboard.type("return None;")
    prompt.locator(".cm-line span", has_text="return").wait_for()
    assert [
        kinds[:1] for text, kinds in prompt.evaluate(_PAINTED) if text in ("return", "None")
    ] == [["keyword"]]


def test_the_user_can_do_without(page, server):
    cells = opened(page, server, "without.ipynb", ["%%wasinn c\nreturn None;"])
    cells.wait(0, "return", "keyword")
    assert not cells.kinds(0, "None")
    page.evaluate(
        "(query) => window.jupyterapp.commands.execute('settingeditor:open', { query })",
        "WebAssembly Guests",
    )
    page.locator(".jp-PluginList-entry", has_text="WebAssembly").click()
    setting = page.get_by_role("checkbox", name="Highlight guest cells")

    def look(kind):
        page.locator(".lm-TabBar-tab", has_text="without.ipynb").click()
        cells.wait(0, "None", kind)
        page.locator(".lm-TabBar-tab", has_text="Settings").click()

    try:
        setting.uncheck()
        look("keyword")
    finally:
        setting.check()
    look("")
