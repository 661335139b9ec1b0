"""Widgets where users put them: beside others in boxes of ipywidgets."""

from __future__ import annotations

import pytest

from tests.browser.lab import open_notebook, run_cell

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

BOXES = """
%load_ext wasinn_nb
%wasinn load story builtin:tinytales
import ipywidgets
import wasinn_nb as wn
ipywidgets.VBox([
    ipywidgets.HBox([wn.ModelPanel(), wn.TokenStream()]),
    ipywidgets.HBox([
        ipywidgets.Button(description="a button"),
        wn.ModelConfig("story"),
        ipywidgets.VBox([wn.ModelPanel()], layout={"align_items": "center", "width": "30%"}),
    ]),
])
"""


def test_widgets_share_the_width_of_a_box(page, server):
    server.write("boxes.ipynb", [BOXES])
    open_notebook(page, server, "boxes.ipynb")
    run_cell(page, 0)
    page.locator(".wasinn-config-title").wait_for()
    box = page.locator(".jp-OutputArea-output .widget-vbox").first

    def width(of, at=0):
        return box.locator(of).nth(at).bounding_box()["width"]

    whole = width("xpath=.")
    panel, stream = width(".wasinn-panel"), width(".wasinn-stream")
    assert abs(panel - stream) < 2
    assert panel + stream > 0.95 * whole
    assert width(".widget-button") > 140, "keeps its own width"
    assert abs(width(".widget-vbox") - 0.3 * whole) < 10, "and so does what says how wide it is"
    assert width(".wasinn-panel", 1) > 0.25 * whole
    assert width(".wasinn-config") > 0.35 * whole
    assert box.evaluate("box => box.scrollWidth <= box.clientWidth")
    assert box.locator(".wasinn-line-text").text_content().startswith("waiting")
