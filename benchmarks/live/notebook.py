"""A notebook in a JupyterLab of our own, in a real Chromium: run cells, ask kernel and page."""

from __future__ import annotations

import ast
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from tests.browser import lab

ROOT = Path(__file__).parents[2]
_PAGE = (Path(__file__).parent / "page.js").read_text(encoding="utf-8")
_NAME = "bench.ipynb"

# the kernel's answer to a request that leaves nothing in the notebook
_ASK = """async ([code, expression]) => {
  const { kernel } = window.jupyterapp.shell.currentWidget.sessionContext.session;
  const request = { code, store_history: false, user_expressions: { value: expression } };
  const { content } = await kernel.requestExecute(request).done;
  const value = content.user_expressions?.value;
  if (value?.status !== "ok") throw new Error(JSON.stringify(value ?? content));
  return value.data["text/plain"];
}"""
_PREPARE = """async (source) => {
  const app = window.jupyterapp;
  await app.restored;
  const { content, context } = app.shell.currentWidget;
  await context.ready;
  content.widgets[0].model.sharedModel.setSource(source);
}"""
_ERRORS = """() => window.jupyterapp.shell.currentWidget.content.widgets[0].model.outputs.toJSON()
  .filter((output) => output.output_type === "error" || output.name === "stderr")
  .map((output) => JSON.stringify(output).slice(0, 2000))"""

_SETUP = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
%load_ext wasinn_nb
import os, time
import wasinn_nb as wn
from pathlib import Path
from benchmarks.live import probe
host = wn.host()
threads, stamps = probe.Threads(), probe.Stamps()
"""


def chromium() -> str | None:
    """The path of a Chromium or Chrome, if there is one."""
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    installed = (path for path in map(shutil.which, names) if path)
    return os.environ.get("WASINN_NB_CHROMIUM") or next(installed, None)


class Notebook:
    """A notebook of one cell, whose code is replaced, in an open page.

    Attributes:
        page: Playwright's page.
        frames: the binary messages that came over the kernel's websocket, while :attr:`listening`.
    """

    def __init__(self, page: Any, server: lab.Server) -> None:
        self.page = page
        self.listening = False
        self.frames: list[bytes] = []
        page.on("websocket", self._opened)
        server.write(_NAME, [""])
        lab.open_notebook(page, server, _NAME)
        self.run(_SETUP)
        page.evaluate(_PAGE)

    def run(self, source: str, *, wait: bool = True) -> None:
        """Run a cell; it takes the place of the one before.

        Raises:
            RuntimeError: it failed, or wrote to standard error.
        """
        self.page.evaluate(_PREPARE, source)
        lab.run_cell(self.page, 0, wait=wait)
        if wait:
            self.check()

    def check(self) -> None:
        """Wait for the kernel to be idle.

        Raises:
            RuntimeError: the cell failed, or wrote to standard error.
        """
        self.ask("None")
        if errors := self.page.evaluate(_ERRORS):
            raise RuntimeError("\n".join(errors))

    def ask(self, expression: str, code: str = "") -> Any:
        """The value of an expression in the kernel, after ``code``; what JSON can hold."""
        # the shell would leave out the middle of a long list
        dumped = self.page.evaluate(_ASK, [code, f"__import__('json').dumps({expression})"])
        return json.loads(ast.literal_eval(dumped))

    def tell(self, code: str) -> None:
        """Run code without a cell."""
        self.ask("None", code)

    def measure(self, call: str, *arguments: Any) -> Any:
        """Call a function of ``page.js``."""
        return self.page.evaluate(f"(values) => window.bench.{call}(...values)", list(arguments))

    def _opened(self, socket: Any) -> None:
        if "/channels" in socket.url:
            socket.on("framereceived", self._received)

    def _received(self, payload: str | bytes) -> None:
        if self.listening:
            self.frames.append(payload if isinstance(payload, bytes) else payload.encode())


@contextmanager
def opened(python_path: Path | None = None) -> Iterator[Notebook]:
    """A notebook with the extension loaded, in a server and a browser that end with it.

    Args:
        python_path: what comes before the environment's own packages: another ipykernel.
    """
    path = chromium()
    assert path is not None, "asked for before"
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True))
        before = os.environ.get("PYTHONPATH")
        if python_path is not None:
            os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (str(python_path), before)))
        try:
            server = lab.Server(Path(folder))
        finally:
            if before is not None:
                os.environ["PYTHONPATH"] = before
            else:
                os.environ.pop("PYTHONPATH", None)
        stack.callback(server.close)
        browser = stack.enter_context(lab.browsing(path))
        page = browser.new_context(viewport={"width": 1280, "height": 1000}).new_page()
        page.set_default_timeout(120_000)
        yield Notebook(page, server)
