"""Advisory locks between processes and threads, on files.

The operating system drops such a lock when its holder ends, however it ends, so no lock is ever
stale. The files themselves stay: removing a lock file is a race.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from wasinn_nb.nn.cancel import CancelToken

_POLL_SECONDS = 0.02

if sys.platform == "win32":
    import msvcrt

    def _try_lock(descriptor: int) -> None:
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)

    _HELD_BY_OTHER: tuple[type[OSError], ...] = (PermissionError, BlockingIOError)
else:
    import fcntl

    def _try_lock(descriptor: int) -> None:
        # flock belongs to the open file, so it also holds between threads; lockf would not
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)

    _HELD_BY_OTHER = (BlockingIOError,)


@contextmanager
def file_lock(
    path: Path,
    *,
    cancel: CancelToken | None = None,
    on_wait: Callable[[float], None] | None = None,
) -> Iterator[bool]:
    """Hold the lock on ``path`` for the block.

    Args:
        path: the lock file, made when missing.
        cancel: gives up waiting when cancelled.
        on_wait: called about every 20 ms while somebody else holds it, with the seconds waited.

    Yields:
        False when the file system cannot lock (read-only, full, or a share without locks): the
        block then runs unprotected, which costs duplicated work and nothing else.

    Raises:
        Cancelled: through ``cancel``, while waiting.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o600)
    except OSError:
        yield False
        return
    try:
        yield _acquire(descriptor, cancel, on_wait)
    finally:
        os.close(descriptor)


def is_locked(path: Path) -> bool:
    """Whether somebody holds the lock on ``path`` now."""
    try:
        descriptor = os.open(path, os.O_RDWR | getattr(os, "O_CLOEXEC", 0))
    except OSError:
        return False
    try:
        _try_lock(descriptor)
    except _HELD_BY_OTHER:
        return True
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return False


def _acquire(
    descriptor: int, cancel: CancelToken | None, on_wait: Callable[[float], None] | None
) -> bool:
    started = time.monotonic()
    while True:
        try:
            _try_lock(descriptor)
        except _HELD_BY_OTHER:
            if cancel is not None:
                cancel.raise_if_cancelled()
            if on_wait is not None:
                on_wait(time.monotonic() - started)
            time.sleep(_POLL_SECONDS)
        except OSError:
            return False
        else:
            return True
