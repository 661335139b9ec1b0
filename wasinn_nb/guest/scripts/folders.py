"""``/in`` and ``/out`` of a live component, which has the same two directories for all its runs."""

from __future__ import annotations

import os
import shutil
import tempfile
import weakref
from contextlib import suppress
from pathlib import Path
from typing import Any

from wasinn_nb.guest.exchange import remove_tree
from wasinn_nb.guest.sandbox import Sandbox

_WRITABLE, _READ_ONLY = 0o700, 0o500


class Folders:
    """Two directories: what a run is given is lent to them, and what it leaves is taken back."""

    def __init__(self) -> None:
        self._root = Path(tempfile.mkdtemp(prefix="wasinn-script-"))
        self._in, self._out = self._root / "in", self._root / "out"
        self._in.mkdir()
        self._out.mkdir(_READ_ONLY)
        # at the latest when the process ends
        self._remove = weakref.finalize(self, _remove, self._root)

    def grant(self, config: Any) -> None:
        """Show them to the guest of a ``wasmtime.WasiConfig``."""
        config.preopen_dir(str(self._in), "/in", False)
        config.preopen_dir(str(self._out), "/out", True)

    def lend(self, sandbox: Sandbox) -> None:
        """A run begins: its inputs are there, and a place for outputs if it wants some."""
        if sandbox.exchange is None:
            return
        for file in (sandbox.exchange / "in").iterdir():
            place = self._in / file.name
            try:
                os.link(file, place)
            except OSError:  # a file system without links
                shutil.copyfile(file, place)
        self._out.chmod(_WRITABLE)

    def take_back(self, sandbox: Sandbox) -> None:
        """It has ended: what it left goes to the sandbox, and nothing remains for the next one."""
        for file in self._in.iterdir():
            file.unlink()
        if sandbox.exchange is not None:
            for found in self._out.iterdir():
                with suppress(OSError):  # a directory where a value was
                    found.replace(sandbox.exchange / "out" / found.name)
        for rest in self._out.iterdir():
            if rest.is_dir() and not rest.is_symlink():
                remove_tree(rest)
            else:
                rest.unlink()
        self._out.chmod(_READ_ONLY)

    def close(self) -> None:
        """Remove them."""
        self._remove()


def _remove(root: Path) -> None:
    with suppress(OSError):
        (root / "out").chmod(_WRITABLE)
        remove_tree(root)
