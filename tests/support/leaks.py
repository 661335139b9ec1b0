"""Whether something has left anything behind."""

from __future__ import annotations

import gc
import threading
from collections.abc import Sequence

import psutil


def held() -> tuple[int, int]:
    """How many open files and threads the process has, after a collection."""
    gc.collect()
    return psutil.Process().num_fds(), threading.active_count()


def no_more(now: Sequence[int], before: Sequence[int]) -> bool:
    """Whether none of the numbers has grown.

    They may fall: what an earlier test of the process has left to its threads ends at some time.
    """
    return all(a <= b for a, b in zip(now, before, strict=True))
