"""Live views that a notebook was saved with, where their kernel has gone."""

from __future__ import annotations

import json

import pytest

from tests.browser import lab

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
CELLS = ("%load_ext wasinn_nb\n%wasinn load story builtin:tinytales", "%wasinn panel")


def test_a_saved_view_is_its_table_in_another_kernel(server, page):
    file = server.write("views.ipynb", CELLS)
    lab.open_notebook(page, server, "views.ipynb")
    for index in range(len(CELLS)):
        lab.run_cell(page, index)
    shown = page.locator(".jp-CodeCell").nth(1).locator(".jp-OutputArea-output")
    unload = shown.get_by_role("button", name="Unload story")
    unload.wait_for()
    lab.save(page)
    assert "application/vnd.jupyter.widget-view+json" in file.read_text()

    page.reload()  # the kernel is still there: so is the view
    unload.wait_for()

    file.with_name("copied.ipynb").write_bytes(file.read_bytes())  # trusted for its content
    lab.open_notebook(page, server, "copied.ipynb")
    shown.locator("table", has_text="story").wait_for()
    page.wait_for_function("() => window.jupyterapp.shell.currentWidget.sessionContext.isReady")
    assert shown.get_by_role("button").count() == 0
    assert "not found" not in shown.inner_text()
    saved = json.loads(file.read_text())["cells"][1]["outputs"][0]["data"]
    assert "text/html" in saved
