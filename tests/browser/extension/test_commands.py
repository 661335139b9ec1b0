"""The commands for guests and models in JupyterLab, and the button in the toolbar."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.browser import axe
from tests.browser.extension.commands import (
    activate,
    dialog,
    disabled,
    enabled,
    in_front,
    open_ready,
    press,
    start,
)
from tests.browser.lab import output, run_cell, save, screenshot, set_theme
from tests.browser.test_panel import LOAD, TELLER, TWO

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

HELLO = """%%wasinn c --name hello
#include <stdio.h>
int main(void) { puts("hello"); }
"""
WAITING = TELLER.replace(" --background", "")
STATES = """import wasinn_nb as wn
{model.name: model.state.value for model in wn.host().models()}"""

LANGUAGES = [
    "C",
    "C++",
    "Zig",
    "Rust",
    "Go",
    "AssemblyScript",
    "JavaScript",
    "Python",
    "WebAssembly Text",
]

_SOURCES = """() => window.jupyterapp.shell.currentWidget.content.widgets.map(
  ({ model }) => model.sharedModel.getSource())"""
_SELECTED = """(wanted) => {
  const { activeCell, mode } = window.jupyterapp.shell.currentWidget.content;
  const { editor } = activeCell;
  if (mode !== "edit" || !editor?.hasFocus()) return false;
  const { start, end } = editor.getSelection();
  return editor.getLine(start.line).slice(start.column, end.column) === wanted;
}"""
_DESCRIBED = """async () => {
  const { commands } = window.jupyterapp;
  const ours = commands.listCommands().filter((id) => id.startsWith("wasinn:"));
  return Promise.all(ours.map(async (id) => ({
    id,
    label: commands.label(id),
    caption: commands.caption(id),
    args: (await commands.describedBy(id)).args?.type,
  })));
}"""
_COLLISIONS = """() => {
  const { keyBindings } = window.jupyterapp.commands;
  const isOurs = ({ command }) => command.startsWith("wasinn:");
  const others = new Set(keyBindings.filter((one) => !isOurs(one)).map(({ keys }) => keys.join()));
  const ours = keyBindings.filter(isOurs);
  return [ours.length, ours.map(({ keys }) => keys.join()).filter((keys) => others.has(keys))];
}"""


def states(page, index):
    """What a cell says of every model."""
    run_cell(page, index)
    return output(page, index).last.inner_text()


def toolbar_button(page):
    return page.locator(".jp-NotebookPanel-toolbar .wasinn-run")


def test_an_inserted_guest_runs_at_once(page, server):
    open_ready(page, server, "insert.ipynb", ["1 + 1", "2 + 2"])
    activate(page, 0)
    for index, language in enumerate(("c", "zig", "js", "wat"), start=2):
        start(page, "wasinn:insert-guest", language=language)
        page.wait_for_function(_SELECTED, arg="Once upon a time")
        sources = page.evaluate(_SOURCES)
        # what the first needs is there for the others
        assert sources[1] == "%load_ext wasinn_nb\n%wasinn load story builtin:tinytales"
        assert len(sources) == index + 2
        assert sources[index].startswith(f"%%wasinn {language} --model default=story")
        page.keyboard.type(f"In a {language} forest")
        page.keyboard.press("Control+Shift+Enter")
        output(page, index).filter(has_text=f"In a {language} forest").first.wait_for()
        output(page, index).filter(has_text=re.compile(r"\d+ tokens")).first.wait_for()
    screenshot(page, "lab-insert")


def test_one_undo_takes_an_inserted_guest_back_with_its_preparation(page, server):
    open_ready(page, server, "undo.ipynb", ["1 + 1"])
    enabled(page, "wasinn:insert-guest")
    start(page, "wasinn:insert-guest")  # and it asks for the language
    found = dialog(page, "Insert a guest in which language?")
    languages = found.locator("option").all_inner_texts()
    assert languages == LANGUAGES
    found.locator("select").select_option("Zig")
    press(found, "Insert")
    output(page, 1).filter(has_text="ggml").wait_for()
    start(page, "notebook:enter-command-mode")
    start(page, "notebook:undo-cell-action")
    page.wait_for_function("() => window.jupyterapp.shell.currentWidget.content.widgets.length < 3")
    assert page.evaluate(_SOURCES) == ["1 + 1"]


def test_the_same_button_runs_a_guest_and_stops_it(page, server):
    open_ready(page, server, "stop.ipynb", ["1", LOAD, WAITING, "'later cells run'"])
    button = toolbar_button(page)
    assert not button.is_visible()
    run_cell(page, 1)
    button.wait_for()
    inner = button.locator("jp-button")
    assert inner.get_attribute("aria-disabled") == "true"
    disabled(page, "wasinn:run-with-stop")
    activate(page, 2)
    enabled(page, "wasinn:run-with-stop")
    screenshot(page, "lab-toolbar-run")
    button.click()
    live = output(page, 2).filter(has_text="tok/s").first
    live.wait_for()
    assert inner.get_attribute("aria-pressed") == "true"
    screenshot(page, "lab-toolbar-stop")
    run_cell(page, 3, wait=False)
    button.click()
    output(page, 2).filter(has_text="stopped").first.wait_for()
    output(page, 3).filter(has_text="later cells run").wait_for()
    page.wait_for_function("() => !document.querySelector(\".wasinn-run [aria-pressed='true']\")")
    # a page that is loaded again has begun nothing, and asks the kernel
    activate(page, 2)
    button.click()
    live.wait_for()
    save(page)
    page.reload()
    page.wait_for_selector(".wasinn-run [aria-pressed='true']")
    button.click()
    page.wait_for_selector(".wasinn-run [aria-pressed='false']")
    # a first line that is written now counts
    activate(page, 0)
    page.locator(".jp-Notebook .jp-Cell .cm-content").first.fill("%%wasinn c")
    enabled(page, "wasinn:run-with-stop")
    page.wait_for_function("() => document.querySelector('.wasinn-run [aria-disabled=false]')")


def test_what_runs_beside_the_cells_is_stopped_too(page, server):
    open_ready(page, server, "background.ipynb", [LOAD, TELLER])
    run_cell(page, 0)
    disabled(page, "wasinn:stop")
    run_cell(page, 1)
    enabled(page, "wasinn:stop")
    page.keyboard.press("Control+Alt+.")
    output(page, 1).filter(has_text="stopped").first.wait_for()
    disabled(page, "wasinn:stop")


def test_unloading_asks_before_it_stops_a_guest(page, server):
    open_ready(page, server, "unload.ipynb", [TWO, TELLER, STATES])
    disabled(page, "wasinn:unload-all")
    run_cell(page, 0)
    run_cell(page, 1)
    enabled(page, "wasinn:stop")
    start(page, "wasinn:unload-all")
    question = dialog(page, "Stop Guests?")
    assert "There are models in use by" in question.inner_text()
    screenshot(page, "lab-unload-question")
    press(question, "Keep")
    assert states(page, 2) == "{'story': 'loaded', 'digits': 'loaded'}"
    # digits has no user: nothing to ask
    start(page, "wasinn:unload-others")
    which = dialog(page, "Keep which model?")
    which.locator("select").select_option("story")
    press(which, "Unload Others")
    disabled(page, "wasinn:unload-others")
    assert states(page, 2) == "{'story': 'loaded', 'digits': 'registered'}"
    start(page, "wasinn:unload-all")
    press(dialog(page, "Stop Guests?"), "Stop and unload")
    disabled(page, "wasinn:unload-all")
    output(page, 1).filter(has_text="stopped").first.wait_for()
    assert states(page, 2) == "{'story': 'registered', 'digits': 'registered'}"


def test_a_model_is_configured_in_the_panel(page, server):
    open_ready(page, server, "configure.ipynb", [TWO])
    disabled(page, "wasinn:configure-model")
    run_cell(page, 0)
    enabled(page, "wasinn:unload-others")  # and so both models are known
    start(page, "wasinn:configure-model")
    which = dialog(page, "Configure which model?")
    which.locator("select").select_option("story")
    press(which, "Configure")
    page.locator(".wasinn-models .wasinn-config [data-key='ctx-size']").wait_for()


def test_the_guest_of_the_active_cell_is_downloaded_and_shown_as_text(page, server):
    open_ready(page, server, "built.ipynb", ["%load_ext wasinn_nb", HELLO, HELLO + "// other"])
    disabled(page, "wasinn:export-wasm")
    run_cell(page, 0)
    enabled(page, "wasinn:export-wasm")
    start(page, "wasinn:export-wasm")
    press(dialog(page, "Run a cell that begins with %%wasinn first."), "Ok")
    run_cell(page, 1)
    with page.expect_download() as download:
        start(page, "wasinn:export-wasm")
    assert download.value.suggested_filename == "hello.wasm"
    assert Path(download.value.path()).read_bytes()[:8] == b"\0asm\1\0\0\0"
    # the active cell has no guest of its own: it asks
    activate(page, 0)
    start(page, "wasinn:open-wat")
    which = dialog(page, "Open which guest?")
    assert re.fullmatch(r"hello \(C, [\d.]+ KB\)", which.locator("option").inner_text())
    press(which, "Open")
    tab = page.locator(".wasinn-wat")
    tab.get_by_text("(module").first.wait_for()
    content = tab.locator(".cm-content")
    assert content.get_attribute("aria-label") == "hello as WebAssembly text"
    # coloured as WebAssembly, and only to be read
    tab.locator(".cm-line span").first.wait_for()
    text = content.inner_text()
    content.click()
    page.keyboard.type("x")
    assert content.inner_text() == text
    axe.load(page)
    for theme in ("Dark", "Light"):
        set_theme(page, theme)
        screenshot(page, f"lab-wat-{theme}")
        # buttons and editors are JupyterLab's
        assert axe.run(page, [".wasinn-wat"], ["jp-button", ".cm-editor"])[0] == []
    # a second time it is the same tab, with what is built now
    start(page, "docmanager:open", path="built.ipynb")
    in_front(page, "built.ipynb")
    run_cell(page, 2)
    start(page, "wasinn:open-wat")
    page.wait_for_function(
        "() => window.jupyterapp.shell.currentWidget.title.label === 'hello.wat'"
    )
    assert page.locator(".wasinn-wat").count() == 1


def test_every_command_says_what_it_does_and_no_shortcut_was_taken(page, server):
    open_ready(page, server, "listed.ipynb", ["%load_ext wasinn_nb"])
    for command in page.evaluate(_DESCRIBED):
        assert command["label"], command
        assert command["caption"], command
        assert command["args"] == "object", command
    count, taken = page.evaluate(_COLLISIONS)
    assert count > 5
    assert taken == []


def test_menus_and_palette_have_them(page, server):
    open_ready(page, server, "menus.ipynb", ["%load_ext wasinn_nb"])
    run_cell(page, 0)
    page.locator(".lm-MenuBar-item", has_text="Run").click()
    page.locator(".lm-Menu-item", has_text="WebAssembly Guest").hover()
    page.locator(".lm-Menu-item", has_text="Insert Guest Cell").hover()
    languages = page.locator(".lm-Menu").last.locator(".lm-Menu-item:not(.lm-mod-hidden)")
    page.locator(".lm-Menu-item", has_text="Zig").wait_for()
    shown = [line.strip() for line in languages.all_inner_texts()]
    assert shown == LANGUAGES
    screenshot(page, "lab-menu-run")
    for _ in range(3):
        page.keyboard.press("Escape")
    start(page, "apputils:activate-command-palette")
    page.keyboard.type("webassembly guests")
    palette = page.locator("#modal-command-palette")
    for label in ("Insert Rust Guest Cell", "Open Built Guest as Text (WAT)", "Copy All Tutorials"):
        palette.get_by_text(label).wait_for()
    screenshot(page, "lab-palette")


def test_notebook_7_has_what_applies_to_it(notebook7_page, notebook7):
    page = notebook7_page
    open_ready(page, notebook7, "seven.ipynb", ["1 + 1"])
    start(page, "wasinn:insert-guest", language="wat")  # which no compiler has to be made for first
    page.wait_for_function(_SELECTED, arg="Once upon a time")
    toolbar_button(page).wait_for()
    page.keyboard.press("Control+Shift+Enter")
    output(page, 2).filter(has_text=re.compile(r"\d+ tokens")).first.wait_for()
    start(page, "wasinn:open-wat")
    tab = page.locator(".wasinn-wat")
    tab.get_by_text("(module").first.wait_for()
    screenshot(page, "notebook7-wat")
    assert tab.bounding_box()["height"] > 100
