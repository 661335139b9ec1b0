"""What axe-core, a checker of accessibility, finds in our views: nothing, in any state or theme."""

from __future__ import annotations

import pytest

from tests.browser import axe
from tests.browser.lab import output, run_cell
from tests.browser.test_stream import LOAD, TELLER, button, grows, open_notebook, set_theme

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

CUT = """
from wasinn_nb.models import builtin_path
with open("cut.gguf", "wb") as file:
    _ = file.write(builtin_path("tinytales").read_bytes()[:200_000])
%wasinn load cut cut.gguf
"""
# the front end's are not ours to mend
OWN = (".wasinn", "[data-wasinn-text]", "#wasinn-last-words")


def check(page, state, *themes):
    for theme in themes:
        set_theme(page, theme)
        found, contrasts = axe.run(page, OWN)
        assert found == [], f"{state}, {theme}"
        assert contrasts > 5, f"{state}, {theme}"


def test_no_violation_in_any_state(page, server):
    page.set_viewport_size({"width": 1280, "height": 2600})
    cells = [LOAD, CUT, "%wasinn panel", TELLER, "%wasinn config story"]
    server.write("axe.ipynb", cells)
    open_notebook(page, server, "axe.ipynb")
    axe.load(page)
    for index in (0, 1, 2, 4):
        run_cell(page, index)
    run_cell(page, 3, wait=False)
    grows(page, 2000)
    panel = page.locator(".wasinn-panel")
    form = page.locator(".wasinn-config")
    check(page, "as they are opened", "Dark High Contrast", "Dark", "Light")

    panel.get_by_role("button", name="story", exact=True).click()
    panel.get_by_role("button", name="Unload story").click()
    panel.get_by_role("button", name="Stop and unload").wait_for()
    form.get_by_text("More settings").click()
    form.locator("[data-key='ctx-size']").get_by_role("textbox").fill("-1")
    form.locator("[data-key='ctx-size'] [aria-invalid]").wait_for()
    form.locator("[data-key='use-mmap']").get_by_role("checkbox").uncheck()
    button(page, "Markdown").click()
    check(page, "a question, details, a draft that cannot be applied", "Light", "Dark")

    panel.get_by_role("button", name="Keep").click()
    panel.get_by_role("button", name="Configure story").click()
    panel.locator(".wasinn-config").wait_for()
    button(page, "Stop").click()
    output(page, 3).filter(has_text="stopped").wait_for()
    form.last.get_by_role("button", name="Close", exact=True).click()
    output(page, 4).locator("table").wait_for()
    check(page, "a form in the panel, and what is left of the others", "Light")

    # where it is as narrow as can be, and its kernel has gone
    panel.evaluate("element => { element.style.inlineSize = '200px' }")
    name = panel.get_by_role("button", name="story", exact=True)
    assert name.evaluate("element => element.scrollWidth <= element.clientWidth")
    page.evaluate("() => window.jupyterapp.shell.currentWidget.sessionContext.restartKernel()")
    panel.get_by_text("The kernel has gone, and").wait_for()
    border = "element => getComputedStyle(element).borderBlockStartColor"
    assert name.evaluate(border) == "rgba(0, 0, 0, 0)"
