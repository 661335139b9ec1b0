"""Words of magics are explained where they are written, and completed by the kernel alone."""

from __future__ import annotations

import pytest

from tests.browser import lab
from tests.browser.extension.test_marks import TOLD, start, violations
from wasinn_nb.guest import languages

pytestmark = [
    pytest.mark.browser,
    pytest.mark.timeout(300),
]

STORY = "%wasinn load story builtin:tinytales"
GUEST = """%%wasinn c --model default=story --compat auto --no-run
int main(void) { return 0; } // --compat
"""
LINES = "%wasinn config story --set ctx-size=512\n%config WasinnMagics.stream = True"

# the editor of a cell, with the cursor after a text of it
_PUT = """([index, text]) => {
  const { content } = window.jupyterapp.shell.currentWidget;
  content.activeCellIndex = index;
  content.mode = "edit";
  const { editor } = content.activeCell.editor;
  const anchor = editor.state.doc.toString().indexOf(text) + text.length;
  editor.dispatch({ selection: { anchor } });
  editor.focus();
}"""
_WRITE = """([index, before, after]) => {
  const { content } = window.jupyterapp.shell.currentWidget;
  content.widgets[index].model.sharedModel.setSource(before + after);
}"""
# in the middle of a text of a cell
_WHERE = """([index, text]) => {
  const { editor } = window.jupyterapp.shell.currentWidget.content.widgets[index].editor;
  const at = editor.state.doc.toString().indexOf(text) + Math.floor(text.length / 2);
  const { left, top, bottom } = editor.coordsAtPos(at);
  return [left, (top + bottom) / 2];
}"""


def rest_on(page, index, text):
    """Rest with the mouse on a text of a cell."""
    page.mouse.move(5, 5)
    page.locator(TOLD).wait_for(state="detached")
    x, y = page.evaluate(_WHERE, [index, text])
    page.mouse.move(x - 1, y)
    page.mouse.move(x, y)


def offered(page, index, before, after=""):
    """What is offered for completion in a cell that begins with ``before``, at its end."""
    page.evaluate(_WRITE, [index, before, after])
    page.evaluate(_PUT, [index, before])
    page.keyboard.press("Tab")
    items = page.locator(".jp-Completer:not(.lm-mod-hidden) .jp-Completer-item")
    items.first.wait_for()
    found = items.evaluate_all("all => all.map((one) => one.dataset.value)")
    lab.screenshot(page, "lab-completion")
    page.keyboard.press("Escape")
    items.first.wait_for(state="detached")
    return found


def test_words_are_explained_at_the_pointer_and_at_the_cursor(page, server):
    told = page.locator(TOLD)
    server.write("help.ipynb", ["%load_ext wasinn_nb", STORY, GUEST, LINES])
    lab.open_notebook(page, server, "help.ipynb")
    # who asks gets an answer, also where nothing is known yet
    lab.run_cell(page, 3)
    page.evaluate(_PUT, [2, "--comp"])
    page.keyboard.press("Shift+F1")
    told.filter(has_text="There is no help here.").wait_for()
    page.keyboard.press("Escape")
    told.wait_for(state="detached")

    lab.run_cell(page, 0)
    lab.run_cell(page, 1)
    for index, text, says in [
        (2, "--compat", ["--compat DIALECT", "wasmedge-0.14"]),
        (2, "c ", ["LANGUAGE", "zig"]),
        (2, "story", ["builtin:tinytales", "loaded", "3.70 MB"]),
        (3, "config", ["%wasinn config NAME", "Pin settings of a model"]),
        (3, "ctx-size", ["Context length", "Default: 0 tokens"]),
        (3, "WasinnMagics.stream", ["Show tokens that a guest generates"]),
    ]:
        rest_on(page, index, text)
        for part in says:
            told.filter(has_text=part).wait_for()
    rest_on(page, 2, "// --compat")
    page.wait_for_timeout(600)  # longer than a pointer has to rest
    assert told.count() == 0

    page.evaluate(_PUT, [2, "=story"])
    page.keyboard.press("Shift+F1")
    told.filter(has_text="builtin:tinytales").wait_for()
    assert violations(page) == []
    lab.screenshot(page, "lab-help")
    page.keyboard.press("Escape")
    told.wait_for(state="detached")
    assert page.locator(".jp-mod-editMode").count() == 1


def test_the_kernel_completes_magics_and_the_words_of_the_cell_do_not(page, server):
    start(page, server, "complete.ipynb", STORY, "1")
    lab.run_cell(page, 1)
    body = "\nint module, model, wasmodel, stories; /* --module */\n"
    assert offered(page, 2, "%%wasinn c --mod", body) == ["--model"]
    assert offered(page, 2, "%%wasinn ", body) == list(languages.NAMES)
    assert offered(page, 2, "%%wasinn c --model ", body) == ["default", "story"]
    assert offered(page, 2, "%%wasinn c --model default=", body) == ["story"]
    assert offered(page, 2, "%%wasinn c --compat=wasm", body)[:1] == ["wasmedge"]
    python = "\nstory2 = unloaded = 1"
    assert offered(page, 2, "%wasinn un", python) == ["unload"]
    assert offered(page, 2, "%wasinn config st", python) == ["story"]
    assert offered(page, 2, "%wasinn config story --set ctx", python) == ["ctx-size="]
    assert offered(page, 2, "%wasinn config story --set flash-attn=o", python) == ["off", "on"]
    # elsewhere it is as it was
    page.evaluate(_WRITE, [2, "unfamiliar_word = 1\nunfam", ""])
    assert "unfamiliar_word" in offered(page, 2, "unfamiliar_word = 1\nunfam")
