"""Run the quickstart notebook in a real kernel and print what it prints, as it prints it."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, DeadKernelError

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOK = ROOT / "notebooks" / "01_quickstart.ipynb"
HEARTBEAT_S = 10.0
"""How often an output that replaces itself is repeated when nothing can be overwritten."""


class PrintingClient(NotebookClient):
    """Executes a notebook and shows every message of the kernel at once."""

    def __init__(self, notebook: nbformat.NotebookNode, **options: Any) -> None:
        super().__init__(notebook, **options)
        self._progress = ProgressLine()

    def process_message(self, msg: dict[str, Any], cell: Any, cell_index: int) -> Any:
        """Print an output message, then let nbclient store it in the cell."""
        content = msg["content"]
        match msg["msg_type"]:
            case "stream":
                self._write(content["text"])
            case "display_data" | "execute_result":
                self._write(plain(content) + "\n")
            case "update_display_data":
                self._progress.update(plain(content))
            case "error":
                self._write("\n".join(content["traceback"]) + "\n")
            case "status" if content["execution_state"] == "idle":
                self._progress.settle()
        return super().process_message(msg, cell, cell_index)

    def _write(self, text: str) -> None:
        self._progress.settle()
        write(text)


class ProgressLine:
    """An output that replaces itself again and again: one line of a terminal, few of a log."""

    def __init__(self) -> None:
        self._pending = ""
        self._shown = time.monotonic()

    def update(self, text: str) -> None:
        """Replace what it says."""
        self._pending = text
        if sys.stdout.isatty() and "\n" not in text:
            write(f"\r\x1b[K{text}")
        elif time.monotonic() - self._shown > HEARTBEAT_S:
            self.settle()

    def settle(self) -> None:
        """Print what it said last and go to the next line."""
        if self._pending:
            write(("\r\x1b[K" if sys.stdout.isatty() else "") + self._pending + "\n")
            self._pending = ""
            self._shown = time.monotonic()


def plain(content: dict[str, Any]) -> str:
    """The text form of an output."""
    return str(content["data"].get("text/plain", ""))


def write(text: str) -> None:
    """Print without delay and without a line end of our own."""
    sys.stdout.write(text)
    sys.stdout.flush()


def show_source(cell: Any) -> None:
    """Print a cell the way a reader of the notebook meets it."""
    if cell.cell_type == "markdown":
        write(f"\n{cell.source}\n")
    else:
        write("\n" + "".join(f"  | {line}\n" for line in cell.source.splitlines()) + "\n")


def run(path: Path, timeout: float) -> int:
    """Execute the notebook at `path`; nothing is saved.

    Args:
        path: The notebook.
        timeout: Seconds that one cell may take.

    Returns:
        The exit status: 0 when every cell ran.
    """
    notebook = nbformat.reads(path.read_text(encoding="utf-8"), as_version=4)
    client = PrintingClient(
        notebook,
        timeout=timeout,
        kernel_name="python3",
        # no warning about its own sockets before the first line
        extra_arguments=["--IPKernelApp.log_level=ERROR"],
        resources={"metadata": {"path": str(path.parent)}},
    )
    start, executed = time.monotonic(), 0
    try:
        with client.setup_kernel():
            for index, cell in enumerate(notebook.cells):
                show_source(cell)
                if cell.cell_type == "code":
                    client.execute_cell(cell, index)
                    executed += cell.execution_count is not None  # not passed over by its tag
    except (CellExecutionError, DeadKernelError, TimeoutError) as error:
        reason = str(error).strip().splitlines()
        print(f"\ndemo: stopped after {executed} cells: {reason[-1] if reason else error!r}")
        return 1
    print(f"\ndemo: {executed} cells ran in {time.monotonic() - start:.1f} s, exit status 0")
    return 0


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(prog="make demo", description=__doc__)
    parser.add_argument("notebook", nargs="?", type=Path, default=NOTEBOOK)
    parser.add_argument("--timeout", type=float, default=300.0, help="seconds for one cell")
    options = parser.parse_args()
    if not options.notebook.is_file():
        print(f"demo: there is no notebook at {options.notebook}", file=sys.stderr)
        return 2
    return run(options.notebook, options.timeout)


if __name__ == "__main__":
    sys.exit(main())
