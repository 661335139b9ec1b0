"""The form of a model's settings in the side panel of JupyterLab."""

from __future__ import annotations

import pytest

from tests.browser.lab import open_notebook, run_cell, screenshot
from tests.browser.test_accessibility import AXE, check

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

LOAD = """%load_ext wasinn_nb
%config WasinnMagics.warm_up = False
%wasinn load story builtin:tinytales"""
WAITING = """
import time, wasinn_nb
while "ctx-size" not in wasinn_nb.host().describe("story").pins:
    time.sleep(0.05)
"""
SHOW = """() => window.jupyterapp.commands.execute(
  'wasinn:show-models', { configure: 'story' })"""
RUNNING = """() => [...document.querySelectorAll('.jp-InputPrompt')]
  .filter(prompt => prompt.textContent.includes('*')).length"""
OVERFLOWING = """panel => [...panel.querySelectorAll('*')].filter(element =>
  element.getClientRects().length > 0 && getComputedStyle(element).clipPath === 'none'
  && element.getBoundingClientRect().right > panel.getBoundingClientRect().right + 1
).map(element => element.className)"""
# whether what has the focus is what is seen at its place
SEEN = """() => {
  const { left, top, width, height } = document.activeElement.getBoundingClientRect();
  const there = document.elementFromPoint(left + width / 2, top + height / 2);
  return document.activeElement.contains(there) || document.activeElement.outerHTML;
}"""


@pytest.fixture
def panel(page, server):
    """The side panel, with the form of a model that is loaded."""
    page.set_viewport_size({"width": 1280, "height": 800})
    server.write("side.ipynb", [LOAD, WAITING, "1"])
    open_notebook(page, server, "side.ipynb")
    run_cell(page, 0)
    page.evaluate(SHOW)
    panel = page.locator("#wasinn-nb-models")
    panel.locator(".wasinn-config").wait_for()
    return panel


def field(panel, key):
    return panel.locator(f"[data-key='{key}']")


def says(panel, text):
    panel.locator(".wasinn-config-said").filter(has_text=text).wait_for()


def resize(panel, width):
    """Drag the edge of the side panel."""
    page, box = panel.page, panel.bounding_box()
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] - 2, middle)
    page.mouse.down()
    page.mouse.move(box["x"] - 2 + box["width"] - width, middle, steps=4)
    page.mouse.up()
    page.wait_for_function(
        "([panel, width]) => Math.abs(panel.getBoundingClientRect().width - width) < 3",
        arg=[panel.element_handle(), width],
    )


def test_a_model_is_configured_while_a_cell_holds_the_kernel(panel):
    page = panel.page
    run_cell(page, 1, wait=False)
    page.wait_for_function(f"({RUNNING})() === 1")
    text = field(panel, "ctx-size").get_by_role("textbox")
    text.fill("12x")
    says(panel, "Correct ctx-size first.")
    text.fill("512")
    says(panel, "Takes effect with the next context; nothing is loaded again.")
    panel.get_by_role("button", name="Apply", exact=True).click()
    says(panel, "Applied: pinned ctx-size.")
    page.wait_for_function(f"({RUNNING})() === 0")
    assert field(panel, "ctx-size").locator(".wasinn-config-badge").first.text_content() == "pinned"
    panel.get_by_role("button", name="Close", exact=True).click()
    panel.locator(".wasinn-config").wait_for(state="detached")
    configure = panel.get_by_role("button", name="Configure story")
    assert configure.get_attribute("aria-expanded") == "false"
    assert page.evaluate("document.activeElement.title") == "Configure story"


def test_two_pages_have_a_form_each_and_see_what_the_other_applies(panel, server):
    page = panel.page
    other = page.context.new_page()
    open_notebook(other, server, "side.ipynb")
    other.evaluate(SHOW)
    there = other.locator("#wasinn-nb-models")
    field(there, "use-mlock").wait_for()
    field(panel, "threads").get_by_role("textbox").fill("3")
    says(panel, "Takes effect with the next context")
    assert there.locator(".wasinn-config-said").text_content() == "No changes."
    panel.get_by_role("button", name="Apply", exact=True).click()
    says(panel, "Applied: pinned threads.")
    field(there, "threads").get_by_text("pinned", exact=True).wait_for()
    other.close()
    says(panel, "Applied: pinned threads.")


@pytest.mark.skipif(not AXE.exists(), reason="axe-core comes with `npm ci`")
def test_it_fits_and_its_cost_and_buttons_stay_in_sight(panel):
    page = panel.page
    # JupyterLab's body has no height, and so to axe nothing in it can be seen
    page.add_style_tag(content="body { min-block-size: 100vh }")
    page.add_script_tag(content=AXE.read_text())
    page.set_viewport_size({"width": 1280, "height": 2600})  # what is scrolled away is not checked
    for theme in ("Dark", "Light"):
        check(page, "in the side panel", theme)
        page.locator("#jupyterlab-splash").wait_for(state="detached")
        for width in (400, 320, 250):
            resize(panel, width)
            screenshot(page, f"side-form-{theme.lower()}-{width}")
            assert panel.evaluate(OVERFLOWING) == []
    page.set_viewport_size({"width": 1280, "height": 800})
    view = panel.locator(".wasinn-models-view")
    view.evaluate("element => element.scrollTo(0, 0)")
    apply = panel.get_by_role("button", name="Apply", exact=True)
    for part in (field(panel, "ctx-size"), panel.locator(".wasinn-config-needs"), apply):
        box = part.bounding_box()
        assert 0 <= box["y"] <= box["y"] + box["height"] <= 800
    field(panel, "ctx-size").get_by_role("slider").focus()
    for _ in range(20):
        page.keyboard.press("Tab")
        assert page.evaluate(SEEN) is True
