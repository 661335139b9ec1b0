"""The quickstart and the other notebooks, copied from JupyterLab's launcher and by commands."""

from __future__ import annotations

import nbformat
import pytest

from tests.browser.extension.commands import in_front, open_ready, start
from tests.browser.lab import screenshot, set_theme

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


def plain(path):
    """The cells of a notebook: identifiers and text."""
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    return [(cell.id, cell.source) for cell in notebook.cells]


def copied(server, pattern):
    paths = server.root.glob(pattern)
    return sorted(str(path.relative_to(server.root)) for path in paths)


def test_the_launcher_opens_a_copy_of_the_quickstart_and_never_overwrites(page, server, root):
    (server.root / "mine").mkdir()
    (server.root / "mine" / "01_quickstart.ipynb").write_text("mine")
    open_ready(page, server, "before.ipynb", ["1"])
    page.evaluate(
        "() => window.jupyterapp.commands.execute('filebrowser:open-path', { path: 'mine' })"
    )
    start(page, "launcher:create")
    card = page.locator(".jp-LauncherCard").filter(has_text="WebAssembly Guests")
    for theme in ("Dark", "Light"):
        set_theme(page, theme)
        card.wait_for()
        screenshot(page, f"lab-launcher-{theme}")
    card.click()
    in_front(page, "01_quickstart-1.ipynb")
    assert (server.root / "mine" / "01_quickstart.ipynb").read_text() == "mine"
    assert copied(server, "mine/*.ipynb") == [
        "mine/01_quickstart-1.ipynb",
        "mine/01_quickstart.ipynb",
    ]
    copy = server.root / "mine" / "01_quickstart-1.ipynb"
    notebook = nbformat.read(copy, as_version=4)
    assert notebook.metadata.kernelspec.name == "python3"
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [(cell.outputs, cell.execution_count) for cell in code] == [([], None)] * len(code)
    # as it is in the repository, but for links to notebooks that are not there
    original = plain(root / "notebooks" / "01_quickstart.ipynb")
    mine = plain(copy)
    assert [name for name, _ in mine] == [name for name, _ in original]
    differing = [
        (old, new) for (_, old), (_, new) in zip(original, mine, strict=True) if old != new
    ]
    [(old, new)] = differing
    assert "[Vision](02_vision.ipynb)" in old
    assert "- Vision gives arrays" in new
    # and it runs there
    page.evaluate(
        """async () => {
          const panel = window.jupyterapp.shell.currentWidget;
          await panel.context.ready;
          await panel.sessionContext.ready;
          await panel.sessionContext.session.kernel.info;
          void window.jupyterapp.commands.execute("notebook:run-all-cells");
        }"""
    )
    panel = page.locator(".jp-NotebookPanel:not(.lm-mod-hidden)")
    panel.locator(".jp-OutputArea-output").filter(has_text="Once upon a time").first.wait_for()


def test_all_are_copied_into_a_new_folder(page, server, root):
    (server.root / "wasinn-nb-tutorials").mkdir()
    open_ready(page, server, "before.ipynb", ["1"])
    start(page, "wasinn:copy-tutorials", cwd="")
    in_front(page, "01_quickstart.ipynb")
    page.get_by_text("The tutorials are in wasinn-nb-tutorials-1").wait_for()
    originals = sorted((root / "notebooks").glob("*.ipynb"))
    assert copied(server, "wasinn-nb-tutorials/*") == []
    assert copied(server, "wasinn-nb-tutorials-1/*.ipynb") == [
        f"wasinn-nb-tutorials-1/{path.name}" for path in originals
    ]
    for path in originals:
        copy = server.root / "wasinn-nb-tutorials-1" / path.name
        assert plain(copy) == plain(path)
        cells = nbformat.read(copy, as_version=4).cells
        assert not any(cell.get("outputs") for cell in cells)
