"""The standard output and error of an instance that lives from call to call.

Two pipes as those of a run. Whoever waits for a call reads them meanwhile, so there is no thread
for it, and all that was printed is there when the call has returned.
"""

from __future__ import annotations

import os
import select
import threading
from dataclasses import dataclass, field
from time import monotonic

from wasinn_nb.guest.stdio import Captured, Stream

_CHUNK = 1 << 16


@dataclass(frozen=True, slots=True)
class CallOutput:
    """What one call printed."""

    stdout: Captured = field(default_factory=Captured)
    stderr: Captured = field(default_factory=Captured)


class Output:
    """The pipes, and a third one that wakes who waits for them."""

    def __init__(self) -> None:
        self.stdout, self.stderr, self._bell = Stream(), Stream(), Stream()
        self._poll = select.poll()
        self._of: dict[int, Captured] = {}
        self._room = 0
        self._reading = threading.Lock()
        self._closed = False
        for stream in (self.stdout, self.stderr, self._bell):
            os.set_blocking(stream.reader, False)
            self._poll.register(stream.reader, select.POLLIN)

    def begin(self, limit: int) -> CallOutput:
        """What is printed from now on belongs to one call, which may print so many bytes."""
        call = CallOutput()
        self._of = {self.stdout.reader: call.stdout, self.stderr.reader: call.stderr}
        self._room = limit
        return call

    def ring(self) -> None:
        """Wake who waits; from any thread."""
        os.write(self._bell.writer, b"!")

    def wait(self, until: float) -> bool:
        """Take what comes, or wait for something; returns whether anything was printed."""
        patience = max(0.0, until - monotonic())
        with self._reading:
            # once it is closed, its descriptors can be others' files
            if self._closed:
                return False
            came = [self._take(found) for found, _ in self._poll.poll(patience * 1000)]
        return any(came)

    @property
    def overrun(self) -> bool:
        """Whether the call has printed more than it may."""
        return self._room < 0

    def write(self, data: bytes) -> None:
        """Print in the guest's name."""
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(self.stdout.writer, rest) :]

    def close(self) -> None:
        """The instance is gone."""
        with self._reading:
            self._take(self.stdout.reader)
            self._take(self.stderr.reader)
            self._closed = True
            for stream in (self.stdout, self.stderr, self._bell):
                stream.close()

    def _take(self, descriptor: int) -> bool:
        came = False
        while True:
            try:
                data = os.read(descriptor, _CHUNK)
            except OSError:
                return came
            if not data:
                return came
            captured = self._of.get(descriptor)
            if captured is None:
                continue  # the bell
            kept = data[: max(0, self._room)]
            self._room -= len(data)
            if kept:
                captured.chunks.append(kept)
            came = True
            if len(data) < _CHUNK:
                return came
