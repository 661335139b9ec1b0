"""The side panel in JupyterLab: the models of the kernel in use, and what it says without them."""

from __future__ import annotations

import pytest

from tests.browser import axe
from tests.browser.lab import new_context, open_notebook, output, run_cell, screenshot, set_theme
from tests.browser.test_panel import LOAD, TELLER, TWO, button, focused, row, says

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

# holds the kernel until a file is there
HOLD = """
import time
from pathlib import Path
while not Path("go").exists():
    time.sleep(0.05)
"""

# in place of an environment without the package
UNINSTALL = """
import sys
class Nowhere:
    def find_spec(self, name, *_):
        if name == "wasinn_nb":
            raise ModuleNotFoundError(f"No module named {name!r}")
sys.meta_path.insert(0, Nowhere())
"""

# what a command returns may be as large as the application
_COMMAND = """async ([name, args]) => {
  await window.jupyterapp.restored;
  await window.jupyterapp.commands.execute(name, args);
}"""

_HAS_FOCUS = "(element) => element.contains(document.activeElement)"


class Lab:
    """A page with the side panel open."""

    def __init__(self, page, server):
        self.page = page
        self.server = server
        self.panel = page.locator(".wasinn-models")

    def start(self, name, cells):
        """Open the page with a notebook, and the panel beside it."""
        self.server.write(name, cells)
        open_notebook(self.page, self.server, name)
        self.command("wasinn:show-models")
        self.headed(name)

    def open(self, name, cells):
        """Open another notebook beside what is open."""
        self.server.write(name, cells)
        self.command("docmanager:open", path=name)
        self.headed(name)

    def close(self, name):
        """Close an open notebook."""
        self.command("docmanager:open", path=name)
        self.command("docmanager:save")
        self.command("application:close")

    def command(self, name, **args):
        """Execute a command; returns when it has ended."""
        self.page.evaluate(_COMMAND, [name, args])

    def headed(self, name):
        """Wait until the panel is about this notebook."""
        self.panel.locator(".jp-SidePanel-header").filter(has_text=name).wait_for()

    def says(self, text):
        """Wait until a notice says so."""
        self.panel.get_by_role("heading", name=text).wait_for()

    @property
    def models(self):
        """The models that are shown."""
        return self.panel.locator(".wasinn-models-view:not(.lm-mod-hidden)")

    def kernel(self, verb):
        """Do something with the kernel of the notebook in front."""
        self.page.evaluate(
            "(verb) => window.jupyterapp.shell.currentWidget.sessionContext[verb]()", verb
        )

    def width(self, width):
        """Make the panel so wide, with the mouse."""
        box = self.panel.bounding_box()
        x, y = box["x"] - 2, box["y"] + box["height"] / 2
        mouse = self.page.mouse
        mouse.move(x, y)
        mouse.down()
        mouse.move(x + box["width"] - width, y, steps=4)
        mouse.up()

    def screenshot(self, name):
        screenshot(self.page, f"lab-panel-{name}")


@pytest.fixture
def lab(page, server):
    return Lab(page, server)


def test_its_button_loads_the_extension_and_unload_frees(lab):
    freed = "import wasinn_nb as wn\n[(m.name, m.state.value) for m in wn.host().models()]"
    lab.start("button.ipynb", [f"{TWO}\nprint('done')", freed])
    lab.says("Extension Not Loaded")
    lab.screenshot("not-loaded")
    assert lab.panel.evaluate(_HAS_FOCUS)
    lab.page.keyboard.press("Tab")
    assert focused(lab.page) == "Load the Extension"
    lab.page.keyboard.press("Enter")
    lab.panel.get_by_text("No model is registered").wait_for()
    assert lab.panel.evaluate(_HAS_FOCUS)
    run_cell(lab.page, 0)
    says(lab.models, "story", "state", "loaded")
    lab.screenshot("loaded")
    button(lab.models, "Unload story").click()
    says(lab.models, "story", "memory", "MB given back in")
    run_cell(lab.page, 1)
    assert "('story', 'registered'), ('digits', 'loaded')" in output(lab.page, 1).inner_text()


def test_a_kernel_without_the_package_says_what_to_do(lab):
    lab.start("missing.ipynb", [UNINSTALL])
    run_cell(lab.page, 0)
    button(lab.panel, "Load the Extension").click()
    lab.panel.get_by_role("alert").filter(has_text="%pip install wasinn-nb").wait_for()
    lab.screenshot("missing")
    assert focused(lab.page) == "Load the Extension"


def test_two_notebooks_show_each_their_own_models(lab):
    lab.start("first.ipynb", [LOAD])
    run_cell(lab.page, 0)
    button(lab.models, "story").click()
    lab.models.get_by_text("builtin:tinytales").wait_for()
    lab.open("second.ipynb", ["%load_ext wasinn_nb\n%wasinn load digits builtin:digits"])
    lab.says("Extension Not Loaded")
    run_cell(lab.page, 0)
    says(lab.models, "digits", "state", "loaded")
    assert row(lab.models, "story").count() == 0
    lab.screenshot("second")
    # the details are as they were left
    lab.command("docmanager:open", path="first.ipynb")
    lab.headed("first.ipynb")
    assert lab.models.get_by_text("builtin:tinytales").is_visible()
    # a text file leaves the panel at the notebook
    (lab.server.root / "notes.txt").write_text("text")
    lab.command("docmanager:open", path="notes.txt")
    lab.headed("first.ipynb")
    button(lab.models, "Unload story").click()
    says(lab.models, "story", "state", "registered")
    # and so it is for one that is closed, and for none
    lab.close("first.ipynb")
    lab.command("docmanager:open", path="second.ipynb")
    lab.headed("second.ipynb")
    says(lab.models, "digits", "state", "loaded")
    lab.close("second.ipynb")
    lab.says("No Notebook")
    lab.screenshot("no-notebook")


def test_a_console_shares_the_models_of_its_notebook(lab):
    lab.start("shared.ipynb", [LOAD])
    run_cell(lab.page, 0)
    says(lab.models, "story", "state", "loaded")
    view = lab.models.element_handle()
    lab.command("notebook:create-console")
    lab.page.locator(".jp-CodeConsole").wait_for()
    lab.close("shared.ipynb")
    # it speaks for itself now
    button(lab.models, "Unload story").click()
    says(lab.models, "story", "state", "registered")
    assert lab.models.evaluate("(now, before) => now === before", view)


def test_a_restarted_kernel_says_so_until_the_extension_is_loaded_again(lab):
    lab.start("restart.ipynb", [LOAD])
    run_cell(lab.page, 0)
    says(lab.models, "story", "state", "loaded")
    lab.kernel("restartKernel")
    lab.says("Kernel Restarted")
    lab.screenshot("restarted")
    run_cell(lab.page, 0)
    says(lab.models, "story", "state", "loaded")
    lab.kernel("shutdown")
    lab.says("No Kernel")


def test_it_works_while_a_cell_holds_the_kernel_and_in_a_page_loaded_again(lab):
    lab.start("busy.ipynb", [LOAD, HOLD])  # to its end: nobody makes the file
    run_cell(lab.page, 0)
    run_cell(lab.page, 1, wait=False)
    lab.page.locator(".jp-InputPrompt").filter(has_text="[*]").wait_for()
    button(lab.models, "Unload story").click()
    says(lab.models, "story", "state", "registered")
    lab.page.reload()
    lab.page.wait_for_selector(".jp-Notebook .jp-CodeCell")
    lab.command("wasinn:show-models")
    says(lab.models, "story", "state", "registered")
    button(lab.models, "Load story").click()
    says(lab.models, "story", "state", "loaded")
    # a page that has seen nothing of it before
    with new_context(lab.page.context.browser) as context:
        other = context.new_page()
        fresh = Lab(other, lab.server)
        open_notebook(other, lab.server, "busy.ipynb")
        fresh.command("wasinn:show-models")
        says(fresh.models, "story", "state", "loaded")
        button(fresh.models, "Unload story").click()
        says(lab.models, "story", "state", "registered")


def test_loading_the_extension_waits_for_the_cell_that_runs(lab):
    lab.start("waits.ipynb", [HOLD])
    lab.says("Extension Not Loaded")
    run_cell(lab.page, 0, wait=False)
    lab.page.locator(".jp-InputPrompt").filter(has_text="[*]").wait_for()
    lab.page.evaluate("() => void window.jupyterapp.commands.execute('wasinn:load-extension')")
    lab.panel.get_by_text("when the running cell has ended").wait_for()
    lab.screenshot("waits")
    (lab.server.root / "go").touch()
    lab.panel.get_by_text("No model is registered").wait_for()


def test_a_command_opens_the_settings_of_a_model(lab):
    lab.start("configure.ipynb", [TWO])
    run_cell(lab.page, 0)
    says(lab.models, "digits", "state", "loaded")
    lab.command("wasinn:show-models", configure="digits")
    form = row(lab.models, "digits").locator(".wasinn-config")
    form.wait_for()
    lab.page.wait_for_function(_HAS_FOCUS, arg=form.element_handle())
    lab.screenshot("form")
    form.get_by_role("button", name="Close", exact=True).click()
    form.wait_for(state="detached")
    assert focused(lab.page) == "Configure digits"


def test_it_fits_a_side_bar_in_both_themes_and_everybody_can_use_it(lab):
    page = lab.page
    lab.start("looks.ipynb", [f"{TWO}\n%wasinn preload broken:ggml:auto:nothing.gguf", TELLER])
    lab.says("Extension Not Loaded")
    axe.load(page)
    accessible(lab, "not loaded")
    run_cell(page, 0)
    run_cell(page, 1)
    says(lab.models, "story", "users", "#1")
    button(lab.models, "Load broken").click()
    says(lab.models, "broken", "state", "failed")
    button(lab.models, "digits").click()
    button(lab.models, "Unload story").click()
    button(lab.models, "Stop and unload").wait_for()
    for theme in ("Dark", "Light"):
        set_theme(page, theme)
        for width in (250, 400, 600):
            lab.width(width)
            lab.screenshot(f"{theme.lower()}-{width}")
            assert lab.models.evaluate("(one) => one.scrollWidth - one.clientWidth") <= 0
        # below its header, it is scrolled to what has no room
        lab.width(250)
        page.set_viewport_size({"width": 1280, "height": 500})
        button(lab.models, "Forget broken").scroll_into_view_if_needed()
        assert lab.models.evaluate("(one) => one.scrollTop") > 0
        assert lab.panel.locator(".jp-SidePanel-header").is_visible()
        page.set_viewport_size({"width": 1280, "height": 1000})
        accessible(lab, theme)


def accessible(lab, state):
    """Assert that axe finds nothing in the panel."""
    found, contrasts = axe.run(lab.page, [".wasinn-models"])
    assert found == [], state
    assert contrasts, state


def test_notebook_7_has_it_too(notebook7_page, notebook7):
    lab = Lab(notebook7_page, notebook7)
    lab.start("classic.ipynb", [LOAD])
    button(lab.panel, "Load the Extension").click()
    lab.panel.get_by_text("No model is registered").wait_for()
    run_cell(lab.page, 0)
    says(lab.models, "story", "state", "loaded")
