"""Whether something has left anything behind."""

from __future__ import annotations

from collections.abc import Sequence


def no_more(now: Sequence[int], before: Sequence[int]) -> bool:
    """Whether none of the numbers has grown.

    They may fall: what an earlier test of the process has left to its threads ends at some time.
    """
    return all(a <= b for a, b in zip(now, before, strict=True))
