"""The model manager in JupyterLab: what it shows by itself, its buttons, its keys."""

from __future__ import annotations

import re
import time
from functools import partial

import nbformat
import pytest

from tests.browser.lab import PATIENCE, open_notebook, output, run_cell, save, screenshot, set_theme

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


LOAD = "%load_ext wasinn_nb\n%wasinn load story builtin:tinytales"
TWO = f"{LOAD}\n%wasinn load digits builtin:digits"
PANEL = "%wasinn panel"
CODE = "import wasinn_nb as wn\nhost = wn.host()"

# tells stories until it is stopped, and prints nothing
TELLER = r"""%%wasinn c --background
#include <wasi_nn_llm.h>
int main(void) {
    wnn_model model;
    wnn_context context;
    if (wnn_load(&model, "story") || wnn_open(&context, &model)) return 1;
    for (;;)
        if (wnn_generate(&context, "Once upon a time", NULL, NULL, NULL)) return 2;
}
"""

UNLOADER = r"""%%wasinn c
#include <wasi_nn_llm.h>
int main(void) {
    wnn_model model;
    return wnn_load(&model, "story") || wnn_unload(&model);
}
"""

# when as many rows are painted in a panel that is not there yet
_WATCH_FOR_ROWS = """(count) => {
  window.painted = undefined;
  const before = new Set(document.querySelectorAll('.wasinn-panel'));
  const look = new MutationObserver(() => {
    for (const panel of document.querySelectorAll('.wasinn-panel')) {
      if (before.has(panel) || panel.querySelectorAll('tbody').length < count) continue;
      look.disconnect();
      requestAnimationFrame(() => setTimeout(() => (window.painted = Date.now())));
    }
  });
  look.observe(document.body, { childList: true, subtree: true });
}"""


class Notebook:
    """A notebook in the page, with a model panel somewhere in it."""

    def __init__(self, page, server, name, cells):
        server.write(name, cells)
        open_notebook(page, server, name)
        self.page = page
        self.root = server.root

    def run(self, *cells):
        """Run cells, and wait for their end."""
        for index in cells:
            run_cell(self.page, index)

    def start(self, index):
        """Begin to run a cell."""
        run_cell(self.page, index, wait=False)

    def panel(self, at=0):
        """The panel, when the kernel has answered it."""
        panel = self.page.locator(".wasinn-panel").nth(at)
        self.page.locator(".wasinn-panel[data-reach='live']").nth(at).wait_for()
        return panel

    def screenshot(self, name):
        screenshot(self.page, name)


def row(panel, model):
    """The rows of a model: its own, and what is below it."""
    return panel.locator("tbody").filter(
        has=panel.page.get_by_role("button", name=model, exact=True)
    )


def button(panel, name):
    return panel.get_by_role("button", name=name, exact=True)


def says(panel, model, column, text):
    """Wait until a cell of a model's row has this text."""
    row(panel, model).locator(f".wasinn-panel-{column}").filter(has_text=text).wait_for()


def focused(page):
    """The label of what has the focus."""
    return page.evaluate(
        "() => document.activeElement.getAttribute('aria-label')"
        " || document.activeElement.textContent"
    )


@pytest.fixture
def notebook(page, server):
    return partial(Notebook, page, server)


def test_unloading_says_what_came_back_and_loading_goes_on_from_there(notebook):
    book = notebook("unload.ipynb", [TWO, PANEL])
    book.run(0, 1)
    panel = book.panel()
    says(panel, "story", "state", "loaded")
    says(panel, "story", "memory", "3.70 MB")
    button(panel, "Unload story").click()
    says(panel, "story", "memory", "MB given back in")
    says(panel, "story", "state", "registered")
    assert "2 models, 1 loaded" in panel.inner_text()
    book.screenshot("panel-unloaded")
    button(panel, "Load story").click()
    says(panel, "story", "state", "loaded")
    button(panel, "Unload all but digits").click()
    says(panel, "story", "state", "registered")
    says(panel, "digits", "state", "loaded")
    button(panel, "Unload all").click()
    says(panel, "digits", "state", "registered")
    button(panel, "Forget story").click()
    row(panel, "story").wait_for(state="detached")
    # what is loaded is not forgotten at one click
    button(panel, "Load digits").click()
    says(panel, "digits", "state", "loaded")
    button(panel, "Forget digits").click()
    panel.get_by_text("digits is loaded. Forget it all the same?").wait_for()
    book.screenshot("panel-forget")
    button(panel, "Forget").click()
    panel.get_by_text("No model is registered").wait_for()
    book.screenshot("panel-empty")


def test_changes_from_code_and_from_guests_show_by_themselves(notebook):
    book = notebook(
        "changes.ipynb", [LOAD, PANEL, UNLOADER, CODE, "host.load('two', 'builtin:digits')"]
    )
    book.run(0, 1)
    panel = book.panel()
    says(panel, "story", "state", "loaded")
    book.run(2)
    says(panel, "story", "state", "registered")
    book.run(3, 4)
    says(panel, "two", "state", "loaded")
    assert row(panel, "story").count() == 1


def test_a_model_in_use_is_unloaded_only_when_its_run_may_be_stopped(notebook):
    book = notebook("busy.ipynb", [LOAD, PANEL, TELLER, "_wasinn.state"])
    book.run(0, 1, 2)
    panel, page = book.panel(), book.page
    says(panel, "story", "users", "#1")
    unload = button(panel, "Unload story")
    unload.click()
    question = panel.locator(".wasinn-panel-question")
    question.filter(has_text="In use by").wait_for()
    assert "#1. Stop it and unload?" in question.inner_text()
    book.screenshot("panel-in-use")
    assert focused(page) == "Stop and unload"
    page.keyboard.press("Escape")
    question.wait_for(state="detached")
    assert focused(page) == "Unload story"
    says(panel, "story", "state", "loaded")
    page.keyboard.press("Enter")
    question.wait_for()
    page.keyboard.press("Enter")
    says(panel, "story", "state", "registered")
    says(panel, "story", "memory", "given back in")
    assert focused(page) == "Load story"
    # the keys were the panel's, not the notebook's
    assert page.locator(".jp-Notebook.jp-mod-editMode").count() == 0
    book.run(3)
    assert "stopped" in output(page, 3).inner_text()


def test_a_load_shows_how_far_it_is_and_can_be_cancelled(notebook, slow_download, tmp_path):
    setup = (
        f"import os; os.environ['WASINN_NB_CACHE_DIR'] = {str(tmp_path)!r}\n"
        f"{LOAD}\n%wasinn preload slow:ggml:auto:{slow_download.address}"
    )
    book = notebook("slow.ipynb", [setup, PANEL, "%wasinn load cell " + slow_download.address])
    book.run(0, 1)
    panel = book.panel()
    button(panel, "Load slow").click()
    says(panel, "slow", "state", re.compile(r"loading [1-9]\d? %"))
    book.screenshot("panel-loading")
    assert row(panel, "slow").get_by_role("progressbar").count() == 1
    button(panel, "Cancel loading slow").click()
    says(panel, "slow", "state", "registered")
    assert row(panel, "slow").get_by_role("progressbar").count() == 0
    # what a cell loads is the cell's to cancel
    book.start(2)
    says(panel, "cell", "state", re.compile(r"loading \d+ %"))
    assert button(panel, "Cancel loading cell").get_attribute("aria-disabled") == "true"


def test_a_load_that_fails_says_why_in_its_row(notebook):
    preload = "%wasinn preload broken:ggml:auto:broken.gguf"
    book = notebook("broken.ipynb", [f"{LOAD}\n{preload}", PANEL])
    (book.root / "broken.gguf").write_bytes(b"GGUF" + bytes(100))
    book.run(0, 1)
    panel = book.panel()
    button(panel, "Load broken").click()
    says(panel, "broken", "state", "failed")
    row(panel, "broken").locator(".wasinn-error").filter(has_text="broken.gguf").wait_for()
    book.screenshot("panel-failed")
    assert focused(book.page) == "Load broken"


def test_two_panels_show_the_same_and_one_may_close(notebook):
    other = "import wasinn_nb as wn\nother = wn.ModelPanel()\nother"
    book = notebook("two.ipynb", [TWO, PANEL, PANEL, other, "other.close()"])
    book.run(0, 1, 2, 3)
    panels = [book.panel(at) for at in range(3)]
    button(panels[2], "Unload story").click()
    for panel in panels:
        says(panel, "story", "state", "registered")
    book.run(4)
    panels[2].wait_for(state="detached")
    button(panels[0], "Unload digits").click()
    says(panels[1], "digits", "state", "registered")


def test_a_model_is_configured_below_its_row(notebook):
    forms = (
        "from ipywidgets.widgets.widget import _instances\nimport wasinn_nb as wn\n"
        "[one for one in _instances.values() if isinstance(one, wn.ModelConfig)]"
    )
    book = notebook("configure.ipynb", [LOAD, PANEL, forms])
    book.run(0, 1)
    panel = book.panel()
    configure = button(panel, "Configure story")
    configure.click()
    form = panel.locator(".wasinn-config")
    form.wait_for()
    book.screenshot("panel-configure")
    form.get_by_role("button", name="Close", exact=True).click()
    form.wait_for(state="detached")
    assert focused(book.page) == "Configure story"
    configure.click()
    form.wait_for()
    configure.click()
    form.wait_for(state="detached")
    book.run(2)
    assert output(book.page, 2).inner_text() == "[]"


def test_a_restarted_kernel_leaves_a_panel_that_says_so(notebook):
    book = notebook("restart.ipynb", [TWO, PANEL])
    book.run(0, 1)
    panel = book.panel()
    book.page.evaluate("() => window.jupyterapp.shell.currentWidget.sessionContext.restartKernel()")
    panel.get_by_text("The kernel has gone").wait_for()
    book.screenshot("panel-gone")
    assert button(panel, "Unload story").is_disabled()
    book.run(0, 1)
    says(book.panel(), "story", "state", "loaded")


def test_everything_is_reached_by_keyboard(notebook):
    book = notebook("keys.ipynb", [TWO, PANEL])
    book.run(0, 1)
    panel, page = book.panel(), book.page
    press = page.keyboard.press
    button(panel, "Unload all").focus()
    press("Tab")
    assert focused(page) == "story"
    press("Enter")
    panel.get_by_text("builtin:tinytales").wait_for()
    press("Tab")
    assert focused(page) == "Unload story"
    press("ArrowDown")
    assert focused(page) == "Unload digits"
    press("ArrowUp")
    press("Space")
    says(panel, "story", "state", "registered")
    assert focused(page) == "Load story"
    for expected in ("Configure story", "Unload all but story", "Forget story", "digits"):
        press("Tab")
        assert focused(page) == expected
    press("Shift+Tab")
    press("Enter")
    row(panel, "story").wait_for(state="detached")
    assert focused(page) == "digits"
    # the notebook has not taken the keys for its own
    assert page.locator(".jp-Notebook.jp-mod-editMode").count() == 0
    assert page.evaluate("() => window.jupyterapp.shell.currentWidget.content.activeCellIndex") == 1
    book.screenshot("panel-keyboard")


def test_many_models_open_at_once(notebook, record_property):
    register = """
import time
import wasinn_nb as wn
host = wn.host()
for n in range(50):
    host.registry.register(f"model {n}", "builtin:digits")
for n in range(0, 50, 5):
    host.registry.load(f"model {n}")
"""
    show = """
panel = wn.ModelPanel()
began = time.time()
display(panel)
print(f"began at {began}")
"""
    book = notebook("many.ipynb", [f"{LOAD}{register}", show, show])
    page = book.page
    book.run(0)
    for cell in (1, 2):  # the first also compiles the code
        page.evaluate(_WATCH_FOR_ROWS, 51)
        book.start(cell)
        painted = page.wait_for_function("() => window.painted").json_value()
        told = output(page, cell).filter(has_text="began at").inner_text()
        took = painted / 1000 - float(told.removeprefix("began at"))
        record_property(f"panel_{cell}_ms", round(took * 1000))
        print(f"51 models shown after {took * 1000:.0f} ms")
        assert took < 10
    book.screenshot("panel-many")


def test_it_fits_a_narrow_window_and_both_themes(notebook):
    hostile = """
import wasinn_nb as wn
for name in ('<img src=x onerror="document.title=1">', "long " * 30 + "name", chr(0x5e9) * 4):
    wn.host().registry.register(name, "builtin:digits")
"""
    book = notebook("narrow.ipynb", [TWO + hostile, PANEL])
    book.run(0, 1)
    panel, page = book.panel(), book.page
    button(panel, "Unload story").click()
    says(panel, "story", "memory", "given back")
    button(panel, "Forget digits").click()
    button(panel, "Forget").wait_for()
    for theme in ("Dark", "Light"):
        set_theme(page, theme)
        for width in (848, 600, 320):
            panel.evaluate(
                "(element, width) => { element.style.inlineSize = width + 'px'; }", width
            )
            book.screenshot(f"panel-{theme.lower()}-{width}")
            assert panel.evaluate("(element) => element.scrollWidth - element.clientWidth") <= 0
    assert page.title() != "1"
    assert panel.locator("img").count() == 0


def test_nothing_is_watched_when_the_output_is_cleared(notebook):
    watched = (
        "import wasinn_nb\nfrom wasinn_nb.notebook.widgets.manager.manager import manager\n"
        "any('ModelPanel' in repr(post) for post in manager(wasinn_nb.host())._posts)"
    )
    book = notebook("cleared.ipynb", [LOAD, PANEL, watched, watched])
    book.run(0, 1)
    book.panel()
    book.run(2)
    assert output(book.page, 2).inner_text() == "True"
    book.page.evaluate(
        "() => window.jupyterapp.commands.execute('notebook:clear-all-cell-outputs')"
    )
    book.page.locator(".wasinn-panel").wait_for(state="detached")
    until = time.monotonic() + PATIENCE
    watching = "True"
    while watching != "False":  # the kernel hears of it beside its cells
        assert time.monotonic() < until
        book.run(3)
        watching = output(book.page, 3).inner_text()


def test_a_page_that_is_loaded_again_finds_the_panel_and_its_end_leaves_a_table(notebook):
    book = notebook("reload.ipynb", [TWO, PANEL])
    page = book.page
    book.run(0, 1)
    button(book.panel(), "Unload story").click()
    says(book.panel(), "story", "state", "registered")
    save(page)
    page.reload()
    panel = book.panel()
    says(panel, "story", "state", "registered")
    button(panel, "Load story").click()
    says(panel, "story", "state", "loaded")
    book.run(1)  # another view of the same panel, in this page's output
    says(book.panel(), "story", "state", "loaded")
    page.evaluate("() => window.jupyterapp.shell.currentWidget.sessionContext.shutdown()")
    table = output(page, 1).get_by_role("table")
    table.get_by_role("row").filter(has_text="story").wait_for()
    assert page.locator(".wasinn-panel").count() == 0
    save(page)
    [left] = nbformat.read(book.root / "reload.ipynb", as_version=4).cells[1].outputs
    assert set(left.data) == {"text/plain", "text/html"}
    assert "story" in left.data["text/plain"]
