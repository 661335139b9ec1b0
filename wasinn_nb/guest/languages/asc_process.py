"""The compiler of AssemblyScript in a process that stays: it takes two seconds to load.

There is one for this process, started when the first cell is built. It ends by itself when nobody
has needed it for a while, and when this process ends, however that comes: its input ends then.
"""

from __future__ import annotations

import atexit
import json
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from wasinn_nb.guest.build.process import kill
from wasinn_nb.guest.languages.base import CompileFailed
from wasinn_nb.nn.cancel import CancelToken

_PROGRAM = Path(__file__).with_name("asc.mjs")
_IDLE_SECONDS = 120
_TICK_SECONDS = 0.02
_LAST_WORDS = 2000
# Megabytes of the compiler's own objects; what it optimises is in memory of WebAssembly.
_HEAP = "--max-old-space-size=768"

Tick = Callable[[float], None]


@dataclass(frozen=True, slots=True)
class Command:
    """What runs.

    Attributes:
        node: the executable.
        home: the directory of the package assemblyscript.
        cache: where Node keeps compiled code.
    """

    node: Path
    home: Path
    cache: Path


class _Process:
    """One Node, with a thread for each of its streams."""

    def __init__(self, command: Command, *, idle: float) -> None:
        self.command = command
        self.owner = os.getpid()
        self.answers: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._said: list[bytes] = []
        flags = 0
        if sys.platform == "win32":
            flags = subprocess.CREATE_NO_WINDOW
        self._popen = subprocess.Popen(
            [str(command.node), _HEAP, str(_PROGRAM), str(command.home), str(idle)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=_environment(command),
            start_new_session=True,
            creationflags=flags,
        )
        for stream, read in ((self._popen.stdout, self._listen), (self._popen.stderr, self._keep)):
            threading.Thread(target=read, args=(stream,), name="wasinn-asc", daemon=True).start()

    @property
    def alive(self) -> bool:
        return self.owner == os.getpid() and self._popen.poll() is None

    @property
    def said(self) -> str:
        """The last that it has printed to its standard error."""
        return b"".join(self._said)[-_LAST_WORDS:].decode("utf-8", "replace")

    def ask(self, request: bytes) -> bool:
        """Send a request; False if nobody is there to read it."""
        stream = self._popen.stdin
        try:
            if stream is not None:
                stream.write(request)
                stream.flush()
        except OSError:
            return False
        return True

    def kill(self) -> None:
        if self.owner == os.getpid():
            kill(self._popen)  # a node on PATH may be a script that starts the real one
            if self._popen.stdin is not None:
                with suppress(OSError):
                    self._popen.stdin.close()

    def _listen(self, stream: IO[bytes]) -> None:
        with stream:
            for line in stream:
                self.answers.put(line)
        self.answers.put(None)

    def _keep(self, stream: IO[bytes]) -> None:
        with stream:
            for line in stream:
                self._said.append(line)
                del self._said[:-20]


class Service:
    """The process, started when it is needed. Thread-safe: one request after the other.

    Args:
        idle: seconds after which a process that nobody needs ends.
    """

    def __init__(self, *, idle: float = _IDLE_SECONDS) -> None:
        self._idle = idle
        self._lock = threading.Lock()
        self._process: _Process | None = None

    @property
    def running(self) -> bool:
        """Whether there is a process."""
        return self._process is not None and self._process.alive

    def ask(
        self,
        command: Command,
        request: dict[str, Any],
        *,
        cancel: CancelToken | None = None,
        on_tick: Tick | None = None,
    ) -> dict[str, Any]:
        """One request, and the answer to it.

        Args:
            command: what is to answer it; another than before is started anew.
            request: as ``asc.mjs`` takes it.
            cancel: kills the process.
            on_tick: called about every 20 ms with the seconds since the start.

        Raises:
            CompileFailed: the process ended before it answered.
            Cancelled: through ``cancel``.
            OSError: it cannot be started.
        """
        line = json.dumps(request).encode() + b"\n"
        started = time.monotonic()

        def tick() -> None:
            if cancel is not None:
                cancel.raise_if_cancelled()
            if on_tick is not None:
                on_tick(time.monotonic() - started)

        while not self._lock.acquire(timeout=_TICK_SECONDS):
            tick()
        try:
            warm = self.running
            answer = self._exchange(command, line, tick)
            if answer is None and warm:  # it ended just then
                answer = self._exchange(command, line, tick)
            if answer is None:
                said = self._process.said if self._process else ""
                last = said.strip().rsplit("\n", 1)[-1]
                raise CompileFailed(
                    f"{said}\nerror: the compiler ended without an answer: {last}\n"
                )
            found: dict[str, Any] = json.loads(answer)
            return found
        finally:
            self._lock.release()

    def stop(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.kill()

    def _exchange(self, command: Command, line: bytes, tick: Callable[[], None]) -> bytes | None:
        process = self._process
        if process is None or not process.alive or process.command != command:
            if process is not None:
                process.kill()
            self._process = process = _Process(command, idle=self._idle)
        if not process.ask(line):
            return None
        try:
            while True:
                try:
                    return process.answers.get(timeout=_TICK_SECONDS)
                except queue.Empty:
                    tick()
        except BaseException:
            process.kill()
            raise


def _environment(command: Command) -> dict[str, str]:
    kept = ("SYSTEMROOT", "SYSTEMDRIVE", "TEMP", "TMP", "TMPDIR")
    environment = {name: os.environ[name] for name in kept if name in os.environ}
    return environment | {
        "PATH": os.defpath,
        "LC_ALL": "C",
        "NODE_COMPILE_CACHE": str(command.cache),
    }


SERVICE = Service()
atexit.register(SERVICE.stop)
