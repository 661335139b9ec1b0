"""The settings of the extension in JupyterLab: the form, and that they take effect at once."""

from __future__ import annotations

import time

import pytest

from tests.browser.extension.commands import (
    dialog,
    disabled,
    enabled,
    in_front,
    open_ready,
    press,
    start,
)
from tests.browser.lab import PATIENCE, output, run_cell, screenshot
from tests.browser.test_panel import LOAD, TELLER

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

EFFECTIVE = """wasinn = get_ipython().magics_manager.registry["WasinnMagics"]
wasinn.paints, wasinn.streams"""


class Form:
    """The settings editor, in a tab beside the notebook."""

    def __init__(self, page):
        start(page, "settingeditor:open", query="WebAssembly Guests")
        self.form = page.locator(".jp-SettingsForm").filter(has_text="Frame rate")
        self.form.wait_for()

    def field(self, key):
        return self.form.locator(f"[id='jp-SettingsEditor-wasinn-nb:plugin_{key}']")


@pytest.fixture
def book(page, server):
    """A notebook whose settings nobody else gets."""
    open_ready(page, server, "settings.ipynb", [LOAD, EFFECTIVE, TELLER])
    run_cell(page, 0)
    page.locator(".wasinn-status button").wait_for()
    yield page
    for file in (server.root.parent / "settings").glob("wasinn-nb/*"):
        file.unlink()


def tells(page, value):
    """Wait until the kernel goes by this; it is told beside what its cells do."""
    start(page, "docmanager:open", path="settings.ipynb")
    in_front(page, "settings.ipynb")
    until = time.monotonic() + PATIENCE
    while True:
        run_cell(page, 1)
        found = output(page, 1).inner_text()
        if found == value:
            return
        assert time.monotonic() < until, found


def test_the_form_has_them_all_with_words(book):
    form = Form(book)
    text = form.form.inner_text()
    for title in (
        "Highlight guest cells",
        "Show text as it is generated",
        "Frame rate",
        "Ask before unloading models",
        "Show models in the status bar",
    ):
        assert title in text
    choices = form.field("openStream").locator("option").all_inner_texts()
    assert choices == ["As the kernel is configured", "Always", "Only what the guest prints"]
    screenshot(book, "lab-settings")


def test_they_take_effect_at_once_and_can_be_taken_back(book):
    item = book.locator(".wasinn-status button")
    tells(book, "(20.0, True)")
    form = Form(book)
    form.field("frameRate").fill("7")
    form.field("openStream").select_option("Only what the guest prints")
    form.field("statusBar").uncheck()
    item.wait_for(state="hidden")
    tells(book, "(7.0, False)")
    form = Form(book)
    form.field("frameRate").fill("")
    form.field("openStream").select_option("As the kernel is configured")
    form.field("statusBar").check()
    item.wait_for()
    tells(book, "(20.0, True)")


def ask_before_unloads(book, when):
    """Choose when, and go back to the notebook once that holds."""
    form = Form(book)
    form.field("confirmUnload").select_option(when)
    form.field("statusBar").uncheck()
    book.locator(".wasinn-status button").wait_for(state="hidden")  # and so the other holds too
    start(book, "docmanager:open", path="settings.ipynb")
    in_front(book, "settings.ipynb")


def test_who_wants_to_be_asked_is_asked_of_every_unload(book):
    ask_before_unloads(book, "Always")
    start(book, "wasinn:unload-all")
    press(dialog(book, "Unload Models?"), "Keep")
    enabled(book, "wasinn:unload-all")
    start(book, "wasinn:unload-all")
    press(dialog(book, "Unload Models?"), "Unload")
    disabled(book, "wasinn:unload-all")


def test_without_the_question_guests_are_stopped_at_once(book):
    run_cell(book, 2)
    enabled(book, "wasinn:stop")
    start(book, "wasinn:unload-all")
    press(dialog(book, "Stop Guests?"), "Keep")
    ask_before_unloads(book, "Never")
    start(book, "wasinn:unload-all")
    disabled(book, "wasinn:unload-all")
    output(book, 2).filter(has_text="stopped").first.wait_for()
    assert book.locator(".jp-Dialog").count() == 0
