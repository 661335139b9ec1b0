"""The guest SDK as an input of builds."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path


class Sdk:
    """The headers and modules that guests are built with.

    Args:
        path: the directory with ``include/`` and ``zig/``.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._seen: list[tuple[str, int, int]] = []
        self._digest = ""

    def digest(self) -> str:
        """A hash of every file's name and content; read again only when one has changed."""
        # every build asks: no Path is made where a text does
        folders = (entry.path for entry in os.scandir(self.path) if entry.is_dir())
        seen = sorted(file for folder in folders for file in _files(folder))
        if not self._digest or seen != self._seen:
            digest = hashlib.sha256()
            for file, _, _ in seen:
                path = Path(file)
                content = path.read_bytes()
                name = path.relative_to(self.path).as_posix()
                digest.update(f"{name}\0{len(content)}\0".encode())
                digest.update(content)
            self._digest = digest.hexdigest()
            self._seen = seen
        return self._digest


def _files(folder: str) -> Iterator[tuple[str, int, int]]:
    """Paths, sizes and times of all files."""
    for entry in os.scandir(folder):
        if entry.is_dir():
            yield from _files(entry.path)
        elif entry.is_file():
            found = entry.stat()
            yield entry.path, found.st_size, found.st_mtime_ns
