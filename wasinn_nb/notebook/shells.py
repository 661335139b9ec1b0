"""What kind of IPython this is."""

from __future__ import annotations

from typing import Any


def in_kernel(shell: Any) -> bool:
    """Whether a front end is on the other side, and not a terminal."""
    return getattr(shell, "kernel", None) is not None
