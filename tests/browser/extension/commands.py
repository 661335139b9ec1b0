"""Commands of JupyterLab, as its menus and its palette start them."""

from __future__ import annotations

from typing import Any

from tests.browser.lab import Server, open_notebook

_START = """async ([name, args]) => {
  const { commands, restored } = window.jupyterapp;
  await restored;
  if (!commands.isEnabled(name, args)) throw new Error(`${name} is not enabled`);
  void commands.execute(name, args);
}"""
_READY = """async () => {
  await window.jupyterapp.restored;
  const panel = window.jupyterapp.shell.currentWidget;
  await panel.context.ready;
  await panel.sessionContext.ready;
  await panel.sessionContext.session.kernel.info;
}"""
_ENABLED = """([name, args, wanted]) =>
  window.jupyterapp.commands.isEnabled(name, args) === wanted"""
_ACTIVATE = """(index) => {
  const notebook = window.jupyterapp.shell.currentWidget.content;
  notebook.deselectAll();
  notebook.activeCellIndex = index;
}"""


def start(page: Any, name: str, **args: Any) -> None:
    """Start a command that can be started now; returns at once."""
    page.evaluate(_START, [name, args])


def enabled(page: Any, name: str, **args: Any) -> None:
    """Wait until a command can be started."""
    page.wait_for_function(_ENABLED, arg=[name, args, True])


def disabled(page: Any, name: str, **args: Any) -> None:
    """Wait until a command cannot be started."""
    page.wait_for_function(_ENABLED, arg=[name, args, False])


def open_ready(page: Any, server: Server, name: str, cells: list[str]) -> None:
    """Write and open a notebook, and wait for its kernel."""
    server.write(name, cells)
    open_notebook(page, server, name)
    page.evaluate(_READY)


def activate(page: Any, index: int) -> None:
    """Make a cell of the current notebook the active one."""
    page.evaluate(_ACTIVATE, index)


def dialog(page: Any, text: str) -> Any:
    """The dialog with this text."""
    found = page.locator(".jp-Dialog").filter(has_text=text)
    found.wait_for()
    return found


def press(found: Any, name: str) -> None:
    """Press a button of a dialog, and wait until the dialog has gone."""
    found.get_by_role("button", name=name, exact=True).click()
    found.wait_for(state="detached")


def in_front(page: Any, label: str) -> None:
    """Wait until the tab with this label is the current one of the main area."""
    script = "(label) => window.jupyterapp.shell.currentWidget?.title.label === label"
    page.wait_for_function(script, arg=label)
