"""The item in JupyterLab's status bar: whose models it shows, how fast they are, what it opens."""

from __future__ import annotations

import re

import pytest

from tests.browser import axe
from tests.browser.extension.commands import in_front, open_ready, start
from tests.browser.lab import run_cell, screenshot, set_theme
from tests.browser.test_panel import LOAD, TELLER, TWO

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


def status(page):
    return page.locator(".wasinn-status button")


def says(page, pattern):
    """Wait until the item says something, and return that."""
    found = status(page).filter(has_text=re.compile(pattern))
    found.wait_for()
    return found.inner_text()


def test_it_follows_the_models_of_the_notebook_in_front(page, server):
    open_ready(page, server, "second.ipynb", ["1"])
    open_ready(page, server, "first.ipynb", [TWO, "%wasinn unload digits", "%wasinn unload --all"])
    assert not status(page).is_visible()
    run_cell(page, 0)
    says(page, r"^2 models · [\d.]+ MB")
    assert "story and digits" in status(page).get_attribute("title")
    assert "Show models" in status(page).get_attribute("aria-label")
    # there is nothing to tell of a kernel without the extension
    start(page, "docmanager:open", path="second.ipynb")
    status(page).wait_for(state="hidden")
    start(page, "docmanager:open", path="first.ipynb")
    says(page, "^2 models")
    in_front(page, "first.ipynb")
    run_cell(page, 1)
    says(page, r"^1 model · [\d.]+ MB")
    run_cell(page, 2)
    says(page, "^no models$")
    page.evaluate("() => window.jupyterapp.shell.currentWidget.sessionContext.restartKernel()")
    status(page).wait_for(state="hidden")


def test_the_rate_comes_and_goes_and_moves_nothing_else(page, server):
    open_ready(page, server, "rate.ipynb", [LOAD, TELLER])
    run_cell(page, 0)
    says(page, r"^1 model · [\d.]+ MB$")
    others = page.locator(".jp-StatusBar-Right > :not(.wasinn-status):not(.lm-mod-hidden)")
    edges = "all => all.map(item => item.getBoundingClientRect().x)"
    before = others.evaluate_all(edges)
    assert len(before) > 2
    run_cell(page, 1)
    says(page, r"· [\d,.]+ tok/s")
    assert "tok/s. Show models" in status(page).get_attribute("aria-label")
    assert "tok/s" not in status(page).get_attribute("title")
    assert others.evaluate_all(edges) == before
    for theme in ("Dark", "Light"):
        set_theme(page, theme)
        screenshot(page, f"lab-status-{theme}")
    start(page, "wasinn:stop")
    says(page, r"^1 model · [\d.]+ MB$")


def test_it_is_a_button_that_shows_the_panel(page, server):
    open_ready(page, server, "panel.ipynb", [LOAD])
    run_cell(page, 0)
    says(page, "^1 model")
    panel = page.locator(".wasinn-models")
    status(page).focus()
    page.keyboard.press("Enter")
    panel.wait_for()
    axe.load(page)
    assert axe.run(page, [".wasinn-status"])[0] == []
