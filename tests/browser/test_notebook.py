"""What a user sees in JupyterLab: text that grows, a stop that stops, errors at their line."""

from __future__ import annotations

import json
import shutil
import time
from pathlib import Path

import nbformat
import pytest

from tests.browser.lab import open_notebook, output, run_all, screenshot, set_theme

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

ROOT = Path(__file__).parents[2]

TELLER = r"""%%wasinn c
#include <stdio.h>
#include <wasi_nn_llm.h>
static int show(void *user, const char *bytes, size_t size) {
    (void)user;
    fwrite(bytes, 1, size, stdout);
    return fflush(stdout);
}
int main(void) {
    wnn_model model;
    wnn_context context;
    if (wnn_load(&model, "story") || wnn_open(&context, &model)) return 1;
    for (;;)  // tells stories until it is stopped
        if (wnn_generate(&context, "Once upon a time", NULL, show, NULL)) return 2;
}
"""


def shown(page, index):
    """All text that a cell's output shows."""
    return "\n".join(output(page, index).all_text_contents())


def wait_for_text(locator, text):
    locator.filter(has_text=text).first.wait_for()


def test_the_quickstart_runs_from_start_to_end(page, server):
    copy = shutil.copy(ROOT / "notebooks" / "01_quickstart.ipynb", server.root)
    # not as many as the page has: JupyterLab makes a long notebook bit by bit
    count = sum(cell.cell_type == "code" for cell in nbformat.read(copy, as_version=4).cells)
    open_notebook(page, server, "01_quickstart.ipynb")
    page.evaluate("() => window.jupyterapp.commands.execute('notebook:clear-all-cell-outputs')")
    run_all(page)
    wait_for_text(output(page, count - 1), "registered")
    screenshot(page, "quickstart-end")
    wait_for_text(output(page, 2), "tok/s")
    assert "Once upon a time" in shown(page, 2)
    error = shown(page, count - 3)
    assert "undeclared identifier 'greeting'" in error
    assert "Traceback" not in error


def test_a_guest_reads_digits_and_pictures_are_shown(page, server):
    shutil.copy(ROOT / "notebooks" / "02_vision.ipynb", server.root)
    open_notebook(page, server, "02_vision.ipynb")
    page.evaluate("() => window.jupyterapp.commands.execute('notebook:clear-all-cell-outputs')")
    run_all(page)
    notebook = page.locator(".jp-Notebook")  # all of it: see above
    outputs = notebook.locator(".jp-OutputArea-output")
    # without its model the last part says what is missing, and nothing fails
    wait_for_text(outputs, "Put road-segmentation-adas-0001")
    wait_for_text(outputs, "segment: c")
    assert "equal to the bit: True" in notebook.text_content()
    assert notebook.locator("[data-mime-type='application/vnd.jupyter.stderr']").count() == 0
    pictures = notebook.locator(".jp-RenderedImage img")
    assert pictures.evaluate_all("all => all.map(img => img.naturalWidth > 300)") == [True] * 3
    screenshot(page, "vision-end")


@pytest.mark.parametrize("theme", ["Light", "Dark"])
def test_text_grows_while_it_is_generated_and_the_toolbar_stops_it(page, server, theme):
    server.write(
        "stop.ipynb",
        ["%load_ext wasinn_nb\n%wasinn load story builtin:tinytales", TELLER, "print('never')"],
    )
    open_notebook(page, server, "stop.ipynb")
    set_theme(page, theme)
    run_all(page)
    told = output(page, 1)
    wait_for_text(told, "there")
    before = len(shown(page, 1))
    page.wait_for_function(
        "(n) => document.querySelectorAll('.jp-CodeCell')[1]"
        ".querySelector('.jp-OutputArea').textContent.length > n",
        arg=before + 200,
    )
    screenshot(page, f"growing-{theme.lower()}")
    page.locator(
        "jp-button[data-command='notebook:interrupt-kernel'], "
        "[data-command='notebook:interrupt-kernel']"
    ).first.click()
    wait_for_text(told, "KeyboardInterrupt")
    after = shown(page, 1)
    time.sleep(1)
    assert shown(page, 1) == after
    screenshot(page, f"stopped-{theme.lower()}")
    assert output(page, 2).count() == 0


def test_a_second_cell_runs_after_an_interrupt_and_finds_the_model_loaded(page, server):
    server.write(
        "again.ipynb",
        [
            "%load_ext wasinn_nb\n%wasinn load story builtin:tinytales",
            "%%wasinn c --timeout 1\nint main(void) { for (;;); }",
            "import wasinn_nb as wn\n[(m.name, m.state, m.loads) for m in wn.host().models()]",
        ],
    )
    open_notebook(page, server, "again.ipynb")
    run_all(page)
    wait_for_text(output(page, 1), "timeout")
    page.locator(".jp-CodeCell").nth(2).click()
    page.keyboard.press("Shift+Enter")
    wait_for_text(output(page, 2), "<ModelState.LOADED: 'loaded'>, 1)]")


def test_hostile_names_and_text_stay_text(page, server):
    name = "<img src=x onerror=document.title='owned'>"
    main = f"int main(void) {{ puts({json.dumps(name)}); return 3; }}"
    server.write(
        "hostile.ipynb",
        [
            "%load_ext wasinn_nb",
            f"import wasinn_nb\nwasinn_nb.host().load({json.dumps(name)}, 'builtin:tinytales')",
            "%wasinn models",
            f"%%wasinn c\n#include <stdio.h>\n{main}",
        ],
    )
    open_notebook(page, server, "hostile.ipynb")
    run_all(page)
    wait_for_text(output(page, 3), "code 3")
    assert "onerror" in shown(page, 2)
    assert page.title() != "owned"
    assert page.locator(".jp-OutputArea img[src='x']").count() == 0
