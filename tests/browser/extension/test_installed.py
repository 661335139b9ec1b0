"""The wheel brings the JupyterLab extension, which needs nothing of the checkout."""

import subprocess
import sys

import pytest

from scripts.setup import clean
from tests.browser import lab

pytestmark = pytest.mark.browser

_PLUGINS = """async () => {
  const app = window.jupyterapp;
  await app.restored;
  const ours = app.listPlugins().filter((id) => id.startsWith('wasinn-nb:'));
  return Object.fromEntries(ours.map((id) => [id, app.isPluginActivated(id)]));
}"""


def answer(*words):
    """What a command says, started where the checkout is not found by chance."""
    return subprocess.run(words, capture_output=True, text=True, check=True, cwd="/")


def test_everything_comes_from_the_wheel(installed, root):
    code = "import sys, wasinn_nb; print(wasinn_nb.__file__, *sys.path, sep='\\n')"
    place = str(installed.parents[1])
    found = answer(installed, "-c", code).stdout
    assert found.startswith(place)
    assert str(root) not in found.replace(place, "").replace(str(clean.COMPILER), "")


def test_the_wheel_asks_for_everything_that_it_needs(installed):
    answer(sys.executable, "-m", "pip", "--python", installed, "check")


def test_jupyterlab_lists_it_as_installed_by_pip(installed):
    listed = answer(installed, "-m", "jupyterlab.labextensions", "list").stderr
    [line] = [line for line in listed.splitlines() if "wasinn-nb" in line]
    assert "enabled" in line
    assert "OK" in line
    assert "(python, wasinn-nb)" in line


@pytest.mark.parametrize("front_end", [("server", "page"), ("notebook7", "notebook7_page")])
def test_every_plugin_starts_and_none_complains(front_end, request):
    server, page = map(request.getfixturevalue, front_end)
    complaints = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    server.write("plugins.ipynb", ["6 * 7"])
    lab.open_notebook(page, server, "plugins.ipynb")
    active = page.evaluate(_PLUGINS)
    assert active
    assert all(active.values()), active
    lab.run_all(page)
    lab.output(page, 0).get_by_text("42").wait_for()
    assert not [text for text in complaints if "wasinn" in text.lower()]
