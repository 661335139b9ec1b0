"""A JupyterLab of our own in a real Chromium: server, page, and the gestures that tests make."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat

from scripts.lab import CONFIG

SHOTS = os.environ.get("WASINN_NB_SCREENSHOTS")
"""The folder for pictures; without it none are kept."""

PATIENCE = 120.0
"""Seconds that anything may take: nothing is measured here, and CI may be a slow machine."""

_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
)
# Without waiting for these the command reaches a notebook that has no kernel yet.
_RUN_ALL = """async () => {
  const app = window.jupyterapp;
  await app.restored;
  const panel = app.shell.currentWidget;
  await panel.context.ready;
  await panel.sessionContext.ready;
  await panel.sessionContext.session.kernel.info;
  app.shell.activateById(panel.id);
  void app.commands.execute('notebook:run-all-cells');
}"""

_RUN_CELL = """async ([index, wait]) => {
  const app = window.jupyterapp;
  await app.restored;
  const panel = app.shell.currentWidget;
  await panel.context.ready;
  await panel.sessionContext.ready;
  await panel.sessionContext.session.kernel.info;
  panel.content.deselectAll();
  panel.content.activeCellIndex = index;
  const ended = app.commands.execute('notebook:run-cell');
  if (wait) await ended;
}"""


# when what moves or changes its colour now has done so
_AT_REST = """async () => {
  for (const _ of [1, 2]) await new Promise(requestAnimationFrame);
  const moves = document.getAnimations().filter(one => one instanceof CSSTransition);
  await Promise.allSettled(moves.map(one => one.finished));
}"""


@dataclass(frozen=True)
class Application:
    """A front end: the module that serves it, its options, and where a notebook opens."""

    module: str
    options: tuple[str, ...]
    page: str


LAB = Application(
    "jupyterlab",
    (
        "--LabApp.expose_app_in_browser=True",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    ),
    "lab/tree/{name}?reset&token={token}",
)
NOTEBOOK = Application(
    "notebook",
    ("--JupyterNotebookApp.expose_app_in_browser=True",),
    "notebooks/{name}?token={token}",
)


class Server:
    """A server over a folder, configured as `make lab` does it."""

    def __init__(
        self, folder: Path, python: Path | str = sys.executable, application: Application = LAB
    ) -> None:
        """Start it.

        Args:
            folder: An empty folder for everything that it keeps.
            python: The interpreter of its environment. Of one that is not ours, nothing finds a
                way to ours.
            application: What it serves.
        """
        self._application = application
        self.root = folder / "root"
        self.root.mkdir()
        self._token = secrets.token_hex(16)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._port = probe.getsockname()[1]
        env = {
            **(os.environ if python == sys.executable else _without_ours(Path(python))),
            "JUPYTER_TOKEN": self._token,
            "JUPYTER_CONFIG_PATH": str(CONFIG),
            # a theme chosen here is not the user's choice
            "JUPYTERLAB_SETTINGS_DIR": str(folder / "settings"),
            "JUPYTERLAB_WORKSPACES_DIR": str(folder / "workspaces"),
        }
        command = [
            *(str(python), "-m", application.module, "--no-browser", "--ip=127.0.0.1"),
            *(f"--port={self._port}", "--ServerApp.port_retries=0", "--allow-root"),
            *(f"--ServerApp.root_dir={self.root}", "--ServerApp.log_level=ERROR"),
            *application.options,
        ]
        self._log = (folder / "server.log").open("w+b")
        self._process = subprocess.Popen(
            command, cwd=folder, env=env, stdout=self._log, stderr=self._log
        )
        self._wait()

    def url(self, name: str) -> str:
        """Where a notebook opens in a workspace of its own."""
        page = self._application.page.format(name=name, token=self._token)
        return f"http://127.0.0.1:{self._port}/{page}"

    def write(self, name: str, cells: Sequence[str]) -> Path:
        """A notebook of code cells."""
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in cells])
        notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
        path = self.root / name
        nbformat.write(notebook, path)
        return path

    def forget(self) -> None:
        """End every kernel and remove every file: the next test, or try, begins with none."""
        for session in json.loads(self._rest("GET", "/api/sessions")):
            with contextlib.suppress(OSError):
                self._rest("DELETE", f"/api/sessions/{session['id']}")
        for path in self.root.iterdir():
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)

    def close(self) -> None:
        """End the server and its kernels."""
        with contextlib.suppress(OSError):
            self.forget()
        self._process.terminate()
        try:
            self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._log.close()

    def said(self) -> str:
        """The end of what the server and its kernels have logged."""
        size = os.fstat(self._log.fileno()).st_size
        begin = max(0, size - 4000)
        return os.pread(self._log.fileno(), size - begin, begin).decode("utf-8", "replace")

    def _wait(self) -> None:
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until and self._process.poll() is None:
            with contextlib.suppress(OSError):
                self._rest("GET", "/api/status")
                return
            time.sleep(0.2)
        said = self.said()
        self.close()
        raise RuntimeError(f"{self._application.module} did not start:\n{said}")

    def _rest(self, method: str, path: str) -> bytes:
        request = urllib.request.Request(
            f"http://127.0.0.1:{self._port}{path}",
            method=method,
            headers={"Authorization": f"token {self._token}"},
        )
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return answer.read()


def _without_ours(python: Path) -> dict[str, str]:
    """The environment's variables for another interpreter."""
    kept = {k: v for k, v in os.environ.items() if k not in {"PYTHONPATH", "VIRTUAL_ENV"}}
    kept.pop("JUPYTER_PATH", None)
    return {**kept, "PATH": f"{python.parent}{os.pathsep}{os.defpath}"}


@contextlib.contextmanager
def browsing(chromium: str) -> Iterator[Any]:
    """The browser at the path ``chromium`` through Playwright."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(_FLAGS))
        try:
            yield browser
        finally:
            browser.close()


@contextlib.contextmanager
def new_page(browser: Any, server: Server) -> Iterator[Any]:
    """A page without a past; the kernels that it leaves are ended."""
    try:
        with new_context(browser, viewport={"width": 1280, "height": 1000}) as context:
            yield context.new_page()
    finally:
        server.forget()


@contextlib.contextmanager
def new_context(browser: Any, **options: Any) -> Iterator[Any]:
    """What pages share that know nothing of others."""
    context = browser.new_context(**options)
    context.set_default_timeout(PATIENCE * 1000)
    try:
        yield context
    finally:
        context.close()


def open_notebook(page: Any, server: Server, name: str) -> None:
    """Open a notebook and wait for its kernel."""
    page.goto(server.url(name))
    page.wait_for_selector(".jp-Notebook .jp-CodeCell")


def run_all(page: Any) -> None:
    """Start running all cells; returns at once."""
    page.evaluate(_RUN_ALL)


def run_cell(page: Any, index: int, *, wait: bool = True) -> None:
    """Run one cell; returns when it has ended, or at once."""
    page.evaluate(_RUN_CELL, [index, wait])


def save(page: Any) -> None:
    """Save the notebook; returns when the server has it."""
    page.evaluate("() => window.jupyterapp.commands.execute('docmanager:save')")


def output(page: Any, index: int) -> Any:
    """The output area of code cell ``index``."""
    return page.locator(".jp-CodeCell").nth(index).locator(".jp-OutputArea-output")


def screenshot(page: Any, name: str) -> None:
    """Keep a picture of the page, where somebody wants pictures."""
    if SHOTS:
        Path(SHOTS).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=f"{SHOTS}/{name}.png")


def set_theme(page: Any, theme: str) -> None:
    """``Light`` or ``Dark``; returns when nothing changes its colour any more."""
    page.evaluate(
        "(t) => window.jupyterapp.commands.execute('apputils:change-theme', {theme: t})",
        f"JupyterLab {theme}",
    )
    named = f"body[data-jp-theme-name='JupyterLab {theme}']"
    page.locator(named).wait_for(state="attached")
    page.locator("#jupyterlab-splash").wait_for(state="detached")
    page.evaluate(_AT_REST)
