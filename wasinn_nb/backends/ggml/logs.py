"""llama.cpp's log: kept in memory, attached to the operation it belongs to, never printed.

The native library calls back for every line, from whichever thread is inside it. Lines go to one
ring for the process and to the captures that the same thread has open.
"""

from __future__ import annotations

import ctypes
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_LEVELS = {2: "info", 3: "warning", 4: "error"}
_DEBUG, _CONTINUATION = 1, 5
_KEPT_LINES = 4000


class NativeLog:
    """The process's log of llama.cpp and ggml.

    Attributes:
        lines: the latest lines, oldest first, each ``(level, text)``; no debug lines.
    """

    def __init__(self) -> None:
        self.lines: deque[tuple[str, str]] = deque(maxlen=_KEPT_LINES)
        self._local = threading.local()
        self._callback: Any = None

    def install(self, library: Any) -> None:
        """Take over the log of ``library`` (the ``llama_cpp.llama_cpp`` module), once."""
        if self._callback is None:
            # the attribute keeps the callback alive for as long as native code may call it
            self._callback = library.llama_log_callback(self._receive)
        library.llama_log_set(self._callback, ctypes.c_void_p())

    def text(self) -> str:
        """The kept lines as one text."""
        return _text(self.lines)

    @contextmanager
    def capture(self) -> Iterator[LogCapture]:
        """Collect the lines that this thread's native calls write meanwhile."""
        captures = self._captures()
        capture = LogCapture()
        captures.append(capture)
        try:
            yield capture
        finally:
            captures.remove(capture)

    def pass_on(self, capture: LogCapture) -> None:
        """Give what was captured in another thread to the captures of this one."""
        for own in self._captures():
            own.lines.extend(capture.lines)

    def _captures(self) -> list[LogCapture]:
        captures: list[LogCapture] | None = getattr(self._local, "captures", None)
        if captures is None:
            captures = self._local.captures = []
        return captures

    def _receive(self, level: int, text: bytes | None, _user: Any) -> None:
        # an exception here would be printed to stderr by ctypes, so nothing may fail
        pending: tuple[str, str] = getattr(self._local, "pending", ("info", ""))
        if level == _CONTINUATION:
            name, so_far = pending
        else:
            name, so_far = _LEVELS.get(level, "info"), ""
            if pending[1]:
                self._add(*pending)
            if level == _DEBUG:  # hundreds of lines for each context, of use to nobody here
                name = ""
        if not name:
            self._local.pending = ("", "")
            return
        piece = (text or b"").decode("utf-8", "replace")
        *whole, rest = (so_far + piece).split("\n")
        for line in whole:
            self._add(name, line)
        self._local.pending = (name, rest)

    def _add(self, level: str, line: str) -> None:
        line = line.rstrip()
        if not line.strip("."):
            return  # progress dots
        self.lines.append((level, line))
        for capture in getattr(self._local, "captures", ()):
            capture.lines.append((level, line))


class LogCapture:
    """The lines of one operation."""

    def __init__(self) -> None:
        self.lines: deque[tuple[str, str]] = deque(maxlen=_KEPT_LINES)

    def text(self) -> str:
        """The lines as one text."""
        return _text(self.lines)

    def complaint(self, limit: int = 3) -> str:
        """What the library complained about: its last error lines, else warnings; may be empty."""
        for wanted in ("error", "warning"):
            lines = [text for level, text in self.lines if level == wanted]
            if lines:
                return "; ".join(_without_function(line) for line in lines[:limit])
        return ""


def _text(lines: deque[tuple[str, str]]) -> str:
    return "\n".join(f"[{level}] {text}" for level, text in list(lines))


def _without_function(line: str) -> str:
    name, colon, rest = line.partition(": ")
    return rest if colon and " " not in name else line


LOG = NativeLog()
"""The one log of this process."""
