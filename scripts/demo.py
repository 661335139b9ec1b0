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


class PrintingClient(NotebookClient):
    """Executes a notebook and shows every message of the kernel at once."""

    def process_message(self, msg: dict[str, Any], cell: Any, cell_index: int) -> Any:
        """Print an output message, then let nbclient store it in the cell."""
        content = msg["content"]
        match msg["msg_type"]:
            case "stream":
                write(content["text"])
            case "display_data" | "execute_result" | "update_display_data":
                text = content["data"].get("text/plain", "")
                write(f"{text}\n" if text else "")
            case "error":
                write("\n".join(content["traceback"]) + "\n")
        return super().process_message(msg, cell, cell_index)


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
        resources={"metadata": {"path": str(path.parent)}},
    )
    start, executed = time.monotonic(), 0
    try:
        with client.setup_kernel():
            for index, cell in enumerate(notebook.cells):
                show_source(cell)
                if cell.cell_type == "code":
                    client.execute_cell(cell, index)
                    executed += 1
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
