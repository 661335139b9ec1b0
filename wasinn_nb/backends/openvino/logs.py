"""OpenVINO's log: kept in memory, attached to the operation it belongs to, never printed.

The Python package has no way to redirect it, but the C library that comes in the package has.
"""

from __future__ import annotations

import atexit
import ctypes
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from pathlib import Path
from typing import Any

_KEPT_LINES = 4000
_LIBRARIES = ("libopenvino_c.so*", "libopenvino_c*.dylib", "openvino_c.dll")

_captures: ContextVar[tuple[LogCapture, ...]] = ContextVar("captures", default=())


class LogCapture:
    """The lines of one operation, from its thread and those that took over its context."""

    def __init__(self) -> None:
        self.lines: deque[str] = deque(maxlen=_KEPT_LINES)

    def text(self) -> str:
        """The lines as one text."""
        return "\n".join(self.lines)


class NativeLog:
    """The process's log of OpenVINO.

    Attributes:
        lines: the latest lines, oldest first.
    """

    def __init__(self) -> None:
        self.lines: deque[str] = deque(maxlen=_KEPT_LINES)
        self._callback: Any = None

    def install(self, api: Any) -> None:
        """Take over the log of the imported module ``openvino``, once."""
        if self._callback is not None:
            return
        directory = Path(api.__file__).parent / "libs"
        for path in (p for pattern in _LIBRARIES for p in sorted(directory.glob(pattern))):
            with suppress(OSError, AttributeError):  # another build: its log stays where it is
                library = ctypes.CDLL(str(path))
                kind = ctypes.CFUNCTYPE(None, ctypes.c_char_p)
                callback = kind(self._receive)
                library.ov_util_set_log_callback(callback)
                # the attribute keeps the callback alive for as long as native code may call it
                self._callback = callback
                atexit.register(library.ov_util_reset_log_callback)
                return

    def text(self) -> str:
        """The kept lines as one text."""
        return "\n".join(list(self.lines))

    @contextmanager
    def capture(self) -> Iterator[LogCapture]:
        """Collect the lines that native calls of this context write meanwhile."""
        capture = LogCapture()
        token = _captures.set((*_captures.get(), capture))
        try:
            yield capture
        finally:
            _captures.reset(token)

    def _receive(self, text: bytes | None) -> None:
        # an exception here would be printed to stderr by ctypes, so nothing may fail
        for line in (text or b"").decode("utf-8", "replace").splitlines():
            if line.strip():
                self.lines.append(line.rstrip())
                for capture in _captures.get():
                    capture.lines.append(line.rstrip())


LOG = NativeLog()
"""The one log of this process."""
