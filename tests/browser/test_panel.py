"""The model manager in JupyterLab: what it shows by itself, what its buttons do, and by keyboard."""

from __future__ import annotations

import os
import threading
import time
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.browser.lab import open_notebook, output
from wasinn_nb.models import builtin_path

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

SHOTS = os.environ.get("WASINN_NB_SCREENSHOTS")

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

_RUN_CELL = """async ([index, wait]) => {
  const app = window.jupyterapp;
  await app.restored;
  const panel = app.shell.currentWidget;
  await panel.context.ready;
  await panel.sessionContext.ready;
  await panel.sessionContext.session.kernel.info;
  panel.content.deselectAll();
  panel.content.activeCellIndex = index;
  const ended = app.commands.execute('notebook:run-cell');
  if (wait) await ended;
}"""


class Notebook:
    """A notebook in the page, with a model panel somewhere in it."""

    def __init__(self, page, server, name, cells):
        server.write(name, cells)
        open_notebook(page, server, name)
        self.page = page

    def run(self, *cells):
        """Run cells, and wait for their end."""
        for index in cells:
            self.page.evaluate(_RUN_CELL, [index, True])

    def start(self, index):
        """Begin to run a cell."""
        self.page.evaluate(_RUN_CELL, [index, False])

    def panel(self, at=0):
        """The panel, when the kernel has answered it."""
        panel = self.page.locator(".wasinn-panel").nth(at)
        self.page.locator(".wasinn-panel[data-reach='live']").nth(at).wait_for()
        return panel

    def screenshot(self, name):
        if SHOTS:
            Path(SHOTS).mkdir(parents=True, exist_ok=True)
            self.page.screenshot(path=f"{SHOTS}/{name}.png")


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
    panel.get_by_text("digits is loaded. Forget it?").wait_for()
    book.screenshot("panel-forget")
    button(panel, "Forget").click()
    panel.get_by_text("No model is registered").wait_for()
    book.screenshot("panel-empty")


def test_changes_from_code_and_from_guests_show_by_themselves(notebook):
    book = notebook("changes.ipynb", [LOAD, PANEL, UNLOADER, CODE, "host.load('two', 'builtin:digits')"])
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
    question = panel.get_by_role("group")
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
