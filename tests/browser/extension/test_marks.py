"""Where a guest does not build and where it traps is marked in its cell."""

from __future__ import annotations

import pytest

from tests.browser import axe, lab

pytestmark = [
    pytest.mark.browser,
    pytest.mark.timeout(300),
]

LOAD = "%load_ext wasinn_nb"
BAD = """%%wasinn c
int main(void) {
\tconst char *text = "ü🦀"; wrong(text);
    int last = 1
    return 0;
}
"""
TRAP = """%%wasinn c
int divide(volatile int a, volatile int b) {
    return a / b;
}
int main(void) {
    return divide(1, 0);
}
"""
WARNED = """%%wasinn c
int main(void) {
    int same = 1;
    same == 2;
    return 0;
}
"""
UNDERLINE = ".wasinn-underline"
ICON = ".wasinn-mark-gutter .wasinn-mark-icon"
TOLD = ".cm-tooltip .wasinn-told"

_STATE = """() => {
  const { content } = window.jupyterapp.shell.currentWidget;
  const { line, column } = content.activeCell.editor.getCursorPosition();
  return [content.activeCellIndex, content.mode, line, column];
}"""
# what a screen reader is given, which CodeMirror takes away again
_LISTEN = """() => {
  window.heard = [];
  new MutationObserver((changes) => {
    for (const { target, addedNodes } of changes) {
      if (target.ariaLive) window.heard.push(...[...addedNodes].map((node) => node.textContent));
    }
  }).observe(document.body, { childList: true, subtree: true });
}"""
TOLD_AND_MARKED = (".cm-tooltip:has(.wasinn-told)", ".wasinn-mark-gutter")
THEMES = ("Dark High Contrast", "Dark", "Light")


def start(page, server, name, *cells):
    server.write(name, [LOAD, *cells])
    lab.open_notebook(page, server, name)
    lab.run_cell(page, 0)


def marked(page):
    """What is underlined, and how: `error wrong`."""
    found = page.locator(UNDERLINE).evaluate_all(
        "all => all.map((one) => [one.className.split('underline-').pop(), one.textContent])"
    )
    return [" ".join(one) for one in found]


def command(page, name, **args):
    page.evaluate("([name, args]) => window.jupyterapp.commands.execute(name, args)", [name, args])


def violations(page):
    """What axe-core finds in what is told, in each theme."""
    axe.load(page)
    found = []
    for theme in THEMES:
        lab.set_theme(page, theme)
        found += [f"{theme}: {one}" for one in axe.run(page, TOLD_AND_MARKED)[0]]
    return found


def eventually(page, condition, value=None):
    page.wait_for_function(condition, arg=value)


def marks(page, *expected):
    """Wait until these are the marks."""
    eventually(
        page,
        "count => document.querySelectorAll('.wasinn-underline').length === count",
        len(expected),
    )
    assert marked(page) == list(expected)


def test_a_failed_build_is_marked_at_its_words_until_the_cell_changes(page, server):
    start(page, server, "bad.ipynb", BAD, "1")
    lab.run_cell(page, 1)
    marks(page, "error wrong", "error 1")
    assert page.locator(ICON).count() == 2
    for theme in ("Dark", "Light"):
        lab.set_theme(page, theme)
        page.locator(UNDERLINE).first.hover()
        told = page.locator(TOLD).filter(has_text="undeclared function 'wrong'")
        told.filter(has_text="Error (clang)").wait_for()
        lab.screenshot(page, f"lab-marks-{theme.lower()}")
        page.mouse.move(5, 5)
        told.wait_for(state="detached")

    page.locator(".jp-Notebook").press("F8")
    page.locator(TOLD).wait_for()
    assert violations(page) == []
    page.keyboard.press("Escape")

    page.locator(ICON).nth(1).hover()
    page.locator(TOLD).filter(has_text="expected ';'").wait_for()
    page.mouse.move(5, 5)
    page.locator(TOLD).wait_for(state="detached")

    cell = page.locator(".jp-CodeCell")
    cell.nth(2).locator(".cm-content").click()
    page.keyboard.type("2")
    marks(page, "error wrong", "error 1")
    # the text stays where it is while one writes in it
    line = cell.nth(1).locator(".cm-line").first
    before = line.bounding_box()
    cell.nth(1).locator(".cm-line").last.click()
    page.keyboard.type(" ")
    marks(page)
    assert line.bounding_box() == before
    page.keyboard.press("Escape")
    page.locator(".wasinn-mark-gutter").wait_for(state="detached")
    assert line.bounding_box()["x"] < before["x"]


def test_keys_step_from_mark_to_mark_through_the_notebook(page, server):
    # so many that the notebook does not keep all of them in the page
    start(page, server, "steps.ipynb", BAD, *["#\n#\n#\n"] * 60, TRAP)
    lab.run_cell(page, 1)
    lab.run_cell(page, 62)
    marks(page, "error wrong", "error 1", "trap /")
    command(page, "notebook:hide-cell-code")
    page.evaluate("() => { window.jupyterapp.shell.currentWidget.content.activeCellIndex = 0 }")
    page.evaluate(_LISTEN)
    page.locator(".jp-Notebook").press("F8")
    for place, said in [
        ([1, "edit", 2, 27], "1 of 3"),
        ([1, "edit", 3, 15], "expected ';'"),
        ([62, "edit", 2, 13], "division by zero"),
        ([1, "edit", 2, 27], "1 of 3"),
    ]:
        page.locator(TOLD).filter(has_text=said).wait_for()
        assert page.evaluate(_STATE) == place
        page.keyboard.press("F8")
    page.locator(TOLD).filter(has_text="2 of 3").wait_for()
    page.keyboard.press("Shift+F8")
    page.locator(TOLD).filter(has_text="1 of 3").wait_for()
    page.keyboard.press("Shift+F8")
    page.locator(TOLD).filter(has_text="division by zero").wait_for()
    assert page.evaluate(_STATE)[0] == 62
    assert "Trap (wasmtime) in line 3: " in " ".join(page.evaluate("window.heard"))
    lab.screenshot(page, "lab-marks-trap")

    page.keyboard.press("Escape")
    page.locator(TOLD).wait_for(state="detached")
    assert page.evaluate(_STATE)[1] == "edit"


def test_marks_stay_in_new_views_pages_and_kernels(page, server):
    start(page, server, "stay.ipynb", TRAP, WARNED)
    lab.run_cell(page, 1)
    lab.run_cell(page, 2)
    marks(page, "trap /", "warning ==")
    assert page.locator(".wasinn-trap-line").inner_text().strip() == "return a / b;"
    page.reload()
    marks(page, "trap /", "warning ==")

    command(page, "docmanager:clone")
    eventually(page, "() => document.querySelectorAll('.jp-NotebookPanel').length === 2")
    marks(page, *["trap /", "warning =="] * 2)
    page.evaluate(
        "() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()"
    )
    eventually(
        page,
        "() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.status"
        " === 'idle'",
    )
    marks(page, *["trap /", "warning =="] * 2)

    # a change in one view is one in the other
    page.locator(".wasinn-trap-line").first.click()
    page.keyboard.type(" ")
    marks(page, *["warning =="] * 2)


def test_a_run_that_ends_well_clears_them(page, server):
    guest = "%%wasinn c --stdin text\n#include <stdio.h>\nint main(void) {\n"
    guest += "    if (getchar() == 'x') __builtin_trap();\n    return 0;\n}\n"
    start(page, server, "well.ipynb", "text = 'x'", guest, "text = 'y'")
    for cell in (1, 2):
        lab.run_cell(page, cell)
    page.locator(".wasinn-underline-trap").wait_for()
    for cell in (3, 2):
        lab.run_cell(page, cell)
    marks(page)
    page.locator(".wasinn-mark-gutter").wait_for(state="detached")


def test_notebook_7_has_them_too(notebook7_page, notebook7):
    page = notebook7_page
    start(page, notebook7, "seven.ipynb", BAD)
    lab.run_cell(page, 1)
    marks(page, "error wrong", "error 1")
    page.locator(".jp-Notebook").press("F8")
    page.locator(TOLD).filter(has_text="undeclared function 'wrong'").wait_for()
    lab.screenshot(page, "notebook7-marks")
