"""The configuration form in JupyterLab: what a drag shows, what Apply does, keys, what is left."""

from __future__ import annotations

import json
import re

import pytest

from tests.browser.lab import open_notebook, output, run_all, run_cell, save, screenshot, set_theme

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


EXTENSION = "%load_ext wasinn_nb\n%config WasinnMagics.warm_up = False"
LOAD = f"{EXTENSION}\n%wasinn load story builtin:tinytales"
STORY = "%wasinn config story"
TOLD = """
import wasinn_nb as wn
from wasinn_nb.nn.tensor import Tensor, TensorType
host = wn.host()
record = host.describe("story")
lease = host.registry.acquire("story", holder="a cell")
context = lease.create_context()
context.set_input(0, Tensor((4,), TensorType.U8, b"Once"))
context.compute_single()
log = host.native_log()
context.close()
lease.release()
print("loads", record.loads, "pins", dict(record.pins))
print([line for line in log.splitlines() if "load_mode" in line][-1])
print([line for line in log.splitlines() if " n_ctx  " in line][-1])
"""
OVERFLOWING = """form => [...form.querySelectorAll('*')].filter(element =>
  element.getClientRects().length > 0 && getComputedStyle(element).clipPath === 'none'
  && element.getBoundingClientRect().right > form.getBoundingClientRect().right + 1
).map(element => element.className)"""
SPINNER = r"""%%wasinn wat --background --name spinner
(module
  (import "wasi_ephemeral_nn" "load_by_name" (func $load (param i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 16) "story")
  (func (export "_start")
    (drop (call $load (i32.const 16) (i32.const 5) (i32.const 0)))
    (loop $again (br $again))))
"""


def open_forms(page, server, *cells):
    """A notebook whose cells have been run; returns the first form."""
    server.write("form.ipynb", cells)
    open_notebook(page, server, "form.ipynb")
    run_all(page)
    form = page.locator(".wasinn-config").first
    form.wait_for()
    page.wait_for_function(
        "(n) => [...document.querySelectorAll('.jp-InputPrompt')].slice(0, n)"
        ".every(prompt => /\\d/.test(prompt.textContent))",
        arg=len(cells),
    )
    return form


def field(form, key):
    return form.locator(f"[data-key='{key}']")


def slider(form, key):
    return field(form, key).get_by_role("slider")


def said(form, text):
    """Wait until the form says something."""
    form.locator(".wasinn-config-said").filter(has_text=text).wait_for()


def needs(form):
    return form.locator(".wasinn-config-needs").text_content()


def until_needs(page, text):
    page.locator(".wasinn-config-needs", has_text=text).first.wait_for()


def press(form, label):
    form.get_by_role("button", name=label, exact=True).click()


def outputs(server):
    """The kinds of data of all outputs of the second cell, as they were saved."""
    notebook = json.loads((server.root / "form.ipynb").read_text())
    return [out["data"] for out in notebook["cells"][1]["outputs"]]


def test_a_drag_shows_what_it_costs_and_apply_loads_what_was_dragged(page, server):
    form = open_forms(page, server, LOAD, STORY, "1")
    before = needs(form)
    box = slider(form, "ctx-size").bounding_box()
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] - 8, middle)
    page.mouse.down()
    page.mouse.move(box["x"] + 8, middle, steps=12)
    page.mouse.up()
    page.wait_for_function(
        "(was) => document.querySelector('.wasinn-config-needs').textContent !== was", arg=before
    )
    assert field(form, "ctx-size").get_by_role("textbox").input_value() == "256"
    said(form, "Takes effect with the next context; nothing is loaded again.")
    field(form, "use-mmap").get_by_role("checkbox").uncheck()
    said(form, "use-mmap changed, so the model is loaded again.")
    screenshot(page, "config-draft")
    press(form, "Apply and reload")
    said(form, re.compile("Loaded again in .* of memory measured"))
    assert field(form, "use-mmap").locator(".wasinn-config-badge").first.text_content() == "pinned"
    screenshot(page, "config-applied")
    page.evaluate(
        "code => window.jupyterapp.shell.currentWidget.content.widgets[2].model.sharedModel"
        ".setSource(code)",
        TOLD,
    )
    run_cell(page, 2)
    told = " ".join(output(page, 2).all_text_contents())
    assert "loads 2 pins {'ctx-size': 256, 'use-mmap': False}" in told
    assert "load_mode = none" in told
    assert re.search(r"n_ctx\s+= 256", told)


def test_what_is_typed_and_is_no_value_stays_and_blocks(page, server):
    form = open_forms(page, server, LOAD, STORY)
    text = field(form, "batch-size").get_by_role("textbox")
    text.fill("12x")
    said(form, "Correct batch-size first.")
    assert text.input_value() == "12x"
    assert text.get_attribute("aria-invalid") == "true"
    assert form.get_by_role("button", name="Apply").is_disabled()
    screenshot(page, "config-invalid")
    press(form, "Undo changes")
    said(form, "No changes.")
    assert text.input_value() == "2048"


def test_a_load_that_fails_keeps_the_model_and_a_pin_can_be_dropped(page, server):
    load = f"{EXTENSION}\n%wasinn load digits builtin:digits"
    pin = "%wasinn config digits --set threads=1"
    form = open_forms(page, server, load, "%wasinn config digits", pin)
    form.locator("summary").first.filter(has_text="1 pinned").wait_for()
    form.locator("summary").first.click()
    properties = field(form, "properties").get_by_role("textbox")
    properties.fill('{"NO_SUCH_PROPERTY": 1}')
    said(form, "properties changed")
    press(form, re.compile("reload"))
    said(form, "NO_SUCH_PROPERTY")
    said(form, "The model is loaded as it was before.")
    assert properties.input_value() == '{"NO_SUCH_PROPERTY": 1}'
    screenshot(page, "config-failed")
    press(form, "Undo properties")
    press(form, "Unpin threads")
    form.locator("summary").first.filter(has_text="1 changed").wait_for()
    form.get_by_role("button", name=re.compile("^Apply")).click()
    form.locator("summary").first.filter(has_text=re.compile(r"^More settings \(\d+\)$")).wait_for()


def test_devices_that_are_not_here_are_disabled_and_say_why(page, server):
    load = f"{EXTENSION}\n%wasinn load digits builtin:digits"
    form = open_forms(page, server, load, "%wasinn config digits")
    device = field(form, "device")
    missing = device.locator("button:disabled").all_text_contents()
    for kind in missing:
        assert device.locator("li", has_text=f"{kind}: ").count() == 1
    device.get_by_role("button", name="AUTO").click()
    said(form, "device changed, so the model is loaded again.")
    assert device.get_by_role("textbox").input_value() == "AUTO"
    screenshot(page, "config-devices")


def test_a_model_in_use_says_by_whom_and_can_be_taken_from_them(page, server):
    form = open_forms(page, server, LOAD, STORY, SPINNER)
    form.locator(".wasinn-config-title").filter(has_text="in use by spinner").wait_for()
    field(form, "use-mmap").get_by_role("checkbox").uncheck()
    said(form, "In use by spinner")
    screenshot(page, "config-in-use")
    press(form, "Stop it and apply")
    said(form, "Loaded again in")


def test_the_keyboard_alone_is_enough(page, server):
    form = open_forms(page, server, LOAD, STORY)
    cells = page.locator(".jp-Cell").count()
    slider(form, "ctx-size").focus()
    for key in ("ArrowLeft", "ArrowLeft", "d", "d", "x", "a"):  # of which the notebook has its own
        page.keyboard.press(key)
    said(form, "Takes effect with the next context")
    spoken = slider(form, "ctx-size")
    page.wait_for_function(
        "slider => /^512 tokens, needs .*B$/.test(slider.getAttribute('aria-valuetext'))",
        arg=spoken.element_handle(),
    )
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent") == "Apply":
            break
    page.keyboard.press("Enter")
    said(form, "Applied: pinned ctx-size.")
    assert page.locator(".jp-Cell").count() == cells
    # the focus is where it was, or at a button that can be pressed, but never lost
    assert page.evaluate("document.activeElement.closest('.wasinn-config') !== null")
    field(form, "ctx-size").get_by_role("textbox").fill("256")
    said(form, "Takes effect with the next context")
    page.keyboard.press("Enter")
    page.locator(".wasinn-config-needs").first.wait_for()
    field(form, "ctx-size").locator("[data-origin='pin']").wait_for()


def test_two_views_follow_each_other_and_code(page, server):
    shows = "form = wn.ModelConfig('story')\ndisplay(form)\ndisplay(form)"
    pin = "%wasinn config story --set use-mmap=false"
    open_forms(page, server, LOAD, f"import wasinn_nb as wn\n{shows}", pin)
    first, second = page.locator(".wasinn-config").nth(0), page.locator(".wasinn-config").nth(1)
    said(first, "use-mmap changed since the model was loaded.")
    slider(first, "ctx-size").focus()
    page.keyboard.press("ArrowLeft")
    field(second, "ctx-size").locator("[data-origin='draft']").wait_for()
    assert field(second, "ctx-size").get_by_role("textbox").input_value() == "768"
    press(second, "Undo changes")
    said(first, "use-mmap changed since the model was loaded.")
    press(first, "Reload")
    said(second, "Loaded again in")


def test_a_draft_outlives_a_reload_of_the_page_and_close_leaves_a_table(page, server):
    form = open_forms(page, server, LOAD, STORY)
    slider(form, "ctx-size").focus()
    page.keyboard.press("ArrowLeft")
    field(form, "ctx-size").locator("[data-origin='draft']").wait_for()
    save(page)
    page.reload()
    form = page.locator(".wasinn-config").first
    form.wait_for()
    assert field(form, "ctx-size").get_by_role("textbox").input_value() == "768"
    press(form, "Close")
    output(page, 1).locator("table").wait_for()
    page.wait_for_function("() => !document.querySelector('.wasinn-config')")
    save(page)
    [data] = outputs(server)
    assert set(data) == {"text/plain", "text/html"}


@pytest.mark.parametrize("end", ["shutdown", "restart"])
def test_a_kernel_that_ends_leaves_the_table(page, server, end):
    open_forms(page, server, LOAD, STORY)
    session = "window.jupyterapp.shell.currentWidget.sessionContext"
    ends = {"shutdown": f"{session}.shutdown()", "restart": f"{session}.session.kernel.restart()"}
    page.evaluate(f"() => {ends[end]}")
    page.wait_for_function("() => !document.querySelector('.wasinn-config')")
    output(page, 1).locator("table").wait_for()
    cell = output(page, 1).locator("td").first
    assert cell.evaluate("cell => getComputedStyle(cell).textAlign") == "left"
    save(page)
    [data] = outputs(server)
    assert set(data) == {"text/plain", "text/html"}


def test_a_hostile_name_is_text_and_a_forgotten_model_says_so(page, server):
    name = "<img src=x onerror=document.title='owned'>"
    load = f"import wasinn_nb as wn\nwn.host().load({json.dumps(name)}, 'builtin:tinytales')"
    show = f"wn.ModelConfig({json.dumps(name)})"
    forget = f"wn.host().forget({json.dumps(name)})"
    form = open_forms(page, server, load, show, forget)
    said(form, "The model was forgotten.")
    assert form.locator("strong").text_content() == name
    assert form.locator("img").count() == 0
    assert page.title() != "owned"
    assert form.locator("fieldset").get_attribute("disabled") is not None


def test_it_fits_in_the_dark_and_where_it_is_narrow(page, server):
    form = open_forms(page, server, LOAD, STORY)
    set_theme(page, "Dark")
    field(form, "use-mmap").get_by_role("checkbox").uncheck()
    field(form, "batch-size").get_by_role("textbox").fill("12x")
    said(form, "Correct batch-size first.")
    form.locator("summary").first.click()
    for width in (1280, 320):
        form.evaluate("(form, width) => { form.style.width = `${width}px`; }", width)
        form.scroll_into_view_if_needed()
        screenshot(page, f"config-dark-{width}")
        assert form.evaluate(OVERFLOWING) == []
