"""One set-up at a time, where two would get in each other's way."""

from __future__ import annotations

import contextlib
import fcntl
from collections.abc import Iterator
from pathlib import Path

from scripts.setup.progress import say


@contextlib.contextmanager
def locked(path: Path, doing: str) -> Iterator[None]:
    """Hold a lock file, after whoever holds it now.

    Args:
        path: The file; it stays.
        doing: What its holder does, for the one who waits.
    """
    with path.open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"another set-up is {doing}; waiting for it")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
