"""A guest's standard output and error: two pipes and a thread that never lets them fill.

The guest writes into the pipes natively (wasmtime opens ``/dev/fd/N``); a reader thread empties
them whatever the callbacks do, so a guest never waits for a slow display and can always be stopped.
The reader also keeps the run's deadline, because it is the one thread that waits for nobody.
"""

from __future__ import annotations

import codecs
import os
import selectors
import threading
import time
from collections.abc import Callable
from typing import Protocol

_CHUNK = 1 << 16
_JOIN_SECONDS = 5.0
_TICK = 0.25
_FEW = 1 << 10
_PAUSE = 0.005


class TextReader:
    """One reader's place in a stream."""

    def __init__(self, chunks: list[bytes]) -> None:
        self._chunks = chunks
        self._seen = 0
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def read(self, *, final: bool = False) -> str:
        """Text that came since the last call, whole characters only."""
        chunks = self._chunks[self._seen :]
        self._seen += len(chunks)
        return self._decoder.decode(b"".join(chunks), final)


class Captured:
    """What came out of one of the guest's output streams."""

    def __init__(self) -> None:
        self.chunks: list[bytes] = []

    @property
    def data(self) -> bytes:
        """Everything that came."""
        return b"".join(self.chunks)

    def follow(self) -> TextReader:
        """A reader that begins at the beginning."""
        return TextReader(self.chunks)


class Printed(Protocol):
    """What a run has printed."""

    @property
    def stdout(self) -> Captured:
        """On standard output."""

    @property
    def stderr(self) -> Captured:
        """On standard error."""


class Pipes(Protocol):
    """Where a guest prints to."""

    @property
    def stdout(self) -> Stream:
        """Its standard output."""

    @property
    def stderr(self) -> Stream:
        """Its standard error."""


class Stream(Captured):
    """One of the guest's output streams: its pipe and what came out of it."""

    def __init__(self) -> None:
        super().__init__()
        self.reader, self.writer = os.pipe()

    @property
    def path(self) -> str:
        """What the guest's side opens."""
        return f"/dev/fd/{self.writer}"

    def close_writer(self) -> None:
        """Close our copy of the writing end."""
        if self.writer >= 0:
            os.close(self.writer)
            self.writer = -1

    def close(self) -> None:
        """Close both ends."""
        self.close_writer()
        if self.reader >= 0:
            os.close(self.reader)
            self.reader = -1


class Stdio:
    """The output of one run.

    Args:
        limit: bytes of both streams together; what comes after is dropped.
        on_limit: called once when the limit is passed, in the reader's thread.
        on_data: called after bytes came.
        deadline: ``time.monotonic()`` at which ``on_deadline`` is called.
    """

    def __init__(
        self,
        *,
        limit: int,
        on_limit: Callable[[], None],
        on_data: Callable[[], None],
        deadline: float | None,
        on_deadline: Callable[[], None],
    ) -> None:
        self.stdout = Stream()
        try:
            self.stderr = Stream()
            try:
                self._selector = selectors.DefaultSelector()
            except OSError:
                self.stderr.close()
                raise
        except OSError:
            self.stdout.close()
            raise
        for stream in (self.stdout, self.stderr):
            self._selector.register(stream.reader, selectors.EVENT_READ, stream)
        self._room = limit
        self._on_limit: Callable[[], None] | None = on_limit
        self._on_data = on_data
        self._deadline = deadline
        self._on_deadline = on_deadline
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._read, name="wasinn-output", daemon=True)

    def start(self) -> None:
        """Begin to read."""
        self._thread.start()

    def echo(self, data: bytes) -> None:
        """Write to standard output in the guest's name, after what it wrote itself."""
        self.write(data)

    def write(self, data: bytes, *, to_error: bool = False) -> None:
        """Write what the guest prints through the host."""
        writer = (self.stderr if to_error else self.stdout).writer
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(writer, rest) :]

    def finish(self) -> None:
        """The guest is gone and its store closed: take what is left and close everything."""
        self._ending.set()
        self.stdout.close_writer()
        self.stderr.close_writer()
        if self._thread.ident is not None:
            self._thread.join(_JOIN_SECONDS)
        if not self._thread.is_alive():
            self._selector.close()
            self.stdout.close()
            self.stderr.close()
            # they refer to the run, which refers to this
            self._on_limit, self._on_data, self._on_deadline = None, _nothing, _nothing

    def _read(self) -> None:
        selector = self._selector
        while selector.get_map():
            # asked first: what the guest wrote before its end is in the pipes by then
            ending = self._ending.is_set()
            ready = selector.select(0 if ending else self._patience())
            came = 0
            for key, _ in ready:
                data = os.read(key.fd, _CHUNK)
                came += len(data)
                if data:
                    self._take(key.data, data)
                else:
                    selector.unregister(key.fd)
            # a process that was forked meanwhile holds the pipes open: their end may never come
            if ending and not ready:
                return
            # a guest that prints token by token: every look takes the interpreter from the model
            if came < _FEW:
                self._ending.wait(_PAUSE)

    def _take(self, stream: Stream, data: bytes) -> None:
        kept = data[: max(0, self._room)]
        self._room -= len(data)
        if kept:
            stream.chunks.append(kept)
            self._on_data()
        if self._room < 0 and self._on_limit is not None:
            on_limit, self._on_limit = self._on_limit, None
            on_limit()

    def _patience(self) -> float:
        """Seconds to wait for output at most; announces the deadline when it has come."""
        if self._deadline is None:
            return _TICK
        left = self._deadline - time.monotonic()
        if left > 0:
            return min(left, _TICK)
        self._deadline = None
        self._on_deadline()
        return _TICK


def _nothing() -> None:
    """What is told to whom when everything has ended."""
