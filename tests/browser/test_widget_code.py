"""How a widget's code comes into a page: once, and again where a page cannot see other widgets."""

from __future__ import annotations

import pytest

from tests.browser.lab import open_notebook, output, run_cell

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

PAGE = "window[Symbol.for('wasinn_nb')]"
STYLES = """() => [...document.querySelectorAll("style")]
    .filter((style) => style.textContent.includes("wasinn-bar")).length"""

SHOW = """
import wasinn_nb as wn
from IPython.display import display
streams = [wn.TokenStream() for _ in range(3)]
panel = wn.ModelPanel()
display(*streams, panel)
"""
CLOSE_ALL = """
import ipywidgets
ipywidgets.Widget.close_all()
after = wn.TokenStream()
after
"""
ALONE = """
from wasinn_nb.notebook.widgets import library
library.of = lambda name: "nowhere"
alone = wn.TokenStream()
alone
"""


def test_widgets_share_what_a_page_has_loaded(page, server):
    server.write("code.ipynb", [SHOW, CLOSE_ALL, ALONE])
    open_notebook(page, server, "code.ipynb")
    before = page.evaluate(STYLES)  # the side panel of the JupyterLab extension has the rules too
    run_cell(page, 0)
    views = output(page, 0).locator(".wasinn")
    views.nth(3).wait_for()
    assert views.count() == 4
    # one each of the stream and the panel
    assert (page.evaluate(f"() => {PAGE}.size"), page.evaluate(STYLES) - before) == (2, 2)

    # what the page has is found again when the kernel has made its widgets anew
    run_cell(page, 1)
    output(page, 1).locator(".wasinn").wait_for()
    assert views.count() == 0
    assert page.evaluate(f"() => {PAGE}.size") == 2

    # a page that has nothing and cannot see the library asks the kernel
    page.evaluate(f"() => {PAGE}.clear()")
    run_cell(page, 2)
    output(page, 2).locator(".wasinn").wait_for()
    assert page.evaluate(f"() => {PAGE}.size") == 1
