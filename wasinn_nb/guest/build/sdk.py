"""The guest SDK as an input of builds."""

from __future__ import annotations

import hashlib
from pathlib import Path


class Sdk:
    """The headers and modules that guests are built with.

    Args:
        path: the directory with ``include/`` and ``zig/``.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._seen: tuple[tuple[str, int, int], ...] | None = None
        self._digest = ""

    def digest(self) -> str:
        """A hash of every file's name and content; read again only when one has changed."""
        files = sorted(path for path in self.path.glob("*/**/*") if path.is_file())
        seen = tuple((str(path), *_stamp(path)) for path in files)
        if seen != self._seen:
            digest = hashlib.sha256()
            for path in files:
                content = path.read_bytes()
                name = path.relative_to(self.path).as_posix()
                digest.update(f"{name}\0{len(content)}\0".encode())
                digest.update(content)
            self._digest = digest.hexdigest()
            self._seen = seen
        return self._digest


def _stamp(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_size, found.st_mtime_ns
