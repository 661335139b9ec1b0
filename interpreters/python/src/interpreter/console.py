"""Standard streams, of the run that goes on."""

from __future__ import annotations

import codecs
import contextlib
import io
import sys
from typing import Any

from wit_world.imports import host

from interpreter import stopping

_UNASKED = 8  # texts between two questions whether to stop
_LONGEST = 8192


class _Channel:
    """Where text goes to the notebook."""

    def __init__(self, channel: host.Channel) -> None:
        self._channel = channel
        self._sent = 0
        self._told = False

    def restart(self) -> None:
        """Another run."""
        self._sent = 0
        self._told = False

    def end(self) -> None:
        """The cell has ended: nothing is to be raised in it."""
        self._told = True

    def ask(self) -> None:
        """End the cell if the run is to end; what is to be sent is sent by its end then."""
        self._sent += 1
        if self._sent % _UNASKED == 0 and not self._told and host.stopped():
            self._told = True
            raise KeyboardInterrupt

    def send(self, text: str) -> None:
        """Show a text."""
        host.print(self._channel, text)


class _Bytes(io.RawIOBase):
    """Bytes on their way to the notebook, which takes text: whole characters of UTF-8."""

    def __init__(self, channel: _Channel) -> None:
        self._channel = channel
        self.restart()

    def restart(self) -> None:
        """Forget a character that was never completed."""
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def writable(self) -> bool:
        return True

    def write(self, data: memoryview) -> int:  # type: ignore[override]
        self._channel.ask()
        text = self._decoder.decode(data)
        if text:
            self._channel.send(text)
        return len(data)


class _Text(io.TextIOWrapper):
    """A standard stream. Text takes a short way, until somebody asks for the bytes below it.

    Attributes:
        waiting: text that was not shown yet.
        is_short: whether it takes that way.
    """

    def __init__(self, channel: _Channel, name: str) -> None:
        self._channel = channel
        self._bytes = _Bytes(channel)
        self._bytes.name = name
        super().__init__(
            io.BufferedWriter(self._bytes),
            "utf-8",
            errors="backslashreplace",
            newline="\n",
            line_buffering=True,
        )
        self.mode = "w"
        self.waiting = ""
        self.is_short = True

    def restart(self) -> None:
        """Another run."""
        self._channel.restart()
        self._bytes.restart()
        self.waiting = ""

    def write(self, text: str, /) -> int:
        if not self.is_short or not isinstance(text, str):
            return super().write(text)
        self.waiting += text
        if "\n" in text or len(self.waiting) > _LONGEST:
            self._channel.ask()
            self._channel.send(self.taken())
        return len(text)

    def flush(self) -> None:
        if self.waiting:
            self._channel.ask()
            self._channel.send(self.taken())
        if not self.is_short:
            super().flush()

    def end(self) -> None:
        """The run is over: what was printed goes out."""
        self._channel.end()
        self.flush()

    def taken(self) -> str:
        """What waits to be shown, for somebody who shows it."""
        text, self.waiting = self.waiting, ""
        return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()

    @property
    def buffer(self) -> Any:  # type: ignore[override]
        self._lengthen()
        return super().buffer

    def reconfigure(self, **settings: Any) -> None:
        self._lengthen()
        super().reconfigure(**settings)

    def detach(self) -> Any:
        self._lengthen()
        return super().detach()

    def close(self) -> None:
        self._lengthen()
        super().close()

    def _lengthen(self) -> None:
        """Text goes the way of all text streams from now on."""
        self.flush()
        self.is_short = False


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


def _writer(channel: host.Channel, name: str) -> _Text:
    return _Text(_Channel(channel), name)


_stdout = _writer(host.Channel.OUTPUT, "<stdout>")
_stderr = _writer(host.Channel.ERROR, "<stderr>")


def flush() -> None:
    """Show what was printed so far: something that takes its time begins."""
    _stdout.flush()
    _stderr.flush()


def taken() -> str:
    """As :func:`flush`, but for a piece of a line that its caller shows."""
    if _stderr.waiting:
        _stderr.flush()
    if _stdout.waiting:
        return _stdout.taken()
    if not _stdout.is_short:
        _stdout.flush()
    return ""


def begin() -> None:
    """Another run: its own input, and nothing of the last one's."""
    global _stdout, _stderr  # noqa: PLW0603 - as in sys
    if _stdout.closed or _stderr.closed:
        _stdout = _writer(host.Channel.OUTPUT, "<stdout>")
        _stderr = _writer(host.Channel.ERROR, "<stderr>")
    for stream in (_stdout, _stderr):
        stream.restart()
    sys.stdout = sys.__stdout__ = _stdout
    sys.stderr = sys.__stderr__ = _stderr
    sys.stdin = sys.__stdin__ = io.TextIOWrapper(io.BufferedReader(_In()), "utf-8", "replace")


def end() -> None:
    """The run is over: what it printed goes out."""
    # the cell may have put something else there, or closed it
    for finish in (_stdout.end, _stderr.end, sys.stdout.flush, sys.stderr.flush):
        with contextlib.suppress(AttributeError, ValueError, OSError):
            finish()


stopping.flush = flush
