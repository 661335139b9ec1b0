"""Standard streams, of the run that goes on."""

from __future__ import annotations

import codecs
import contextlib
import io
import sys

from wit_world.imports import host

from interpreter import stopping

_UNASKED = 8  # writes between two questions whether to stop


class _Out(io.RawIOBase):
    """Bytes on their way to the notebook, which takes text: whole characters of UTF-8."""

    def __init__(self, channel: host.Channel) -> None:
        self._channel = channel
        self.restart()

    def restart(self) -> None:
        """Forget a character that was never completed."""
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._written = 0
        self._told = False

    def writable(self) -> bool:
        return True

    def write(self, data: memoryview) -> int:  # type: ignore[override]
        self._written += 1
        # before it: what is raised here is written again
        if self._written % _UNASKED == 0 and not self._told and host.stopped():
            self._told = True
            raise KeyboardInterrupt
        text = self._decoder.decode(data)
        if text:
            host.print(self._channel, text)
        return len(data)


class _In(io.RawIOBase):
    """All of the run's standard input, asked for when it is first read."""

    def __init__(self) -> None:
        self._data: io.BytesIO | None = None

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        if self._data is None:
            self._data = io.BytesIO(host.stdin())
        return self._data.readinto(buffer)


def _writer(channel: host.Channel, name: str) -> io.TextIOWrapper:
    buffer = io.BufferedWriter(_Out(channel))
    stream = io.TextIOWrapper(
        buffer, "utf-8", errors="backslashreplace", newline="\n", line_buffering=True
    )
    stream.mode = "w"
    buffer.raw.name = name
    return stream


_stdout = _writer(host.Channel.OUTPUT, "<stdout>")
_stderr = _writer(host.Channel.ERROR, "<stderr>")


def flush() -> None:
    """Show what was printed so far: something that takes its time begins."""
    _stdout.flush()
    _stderr.flush()


def begin() -> None:
    """Another run: its own input, and nothing of the last one's."""
    global _stdout, _stderr  # noqa: PLW0603 - as in sys
    if _stdout.closed or _stderr.closed:
        _stdout = _writer(host.Channel.OUTPUT, "<stdout>")
        _stderr = _writer(host.Channel.ERROR, "<stderr>")
    for stream in (_stdout, _stderr):
        stream.buffer.raw.restart()
    sys.stdout = sys.__stdout__ = _stdout
    sys.stderr = sys.__stderr__ = _stderr
    sys.stdin = sys.__stdin__ = io.TextIOWrapper(io.BufferedReader(_In()), "utf-8", "replace")


def end() -> None:
    """The run is over: what it printed goes out."""
    for stream in (sys.stdout, sys.stderr, _stdout, _stderr):
        # the cell may have put something else there, or closed it
        with contextlib.suppress(AttributeError, ValueError, OSError):
            stream.flush()


stopping.flush = flush
