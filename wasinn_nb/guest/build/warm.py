"""Preparing toolchains before anybody waits for them."""

from __future__ import annotations

import atexit
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

from wasinn_nb.nn.cancel import CancelToken
from wasinn_nb.nn.errors import Cancelled

State = Literal["not started", "running", "ready", "failed"]


@dataclass(frozen=True, slots=True)
class Warmth:
    """How far one language is.

    Attributes:
        state: where it stands.
        seconds: how long it took, or has taken so far.
        problem: why it failed; empty otherwise.
    """

    state: State
    seconds: float = 0.0
    problem: str = ""


class WarmUp:
    """A background thread that prepares one language after the other.

    It never raises: a language that cannot be prepared is ``failed``, and the cell that needs it
    will say why. :meth:`cancel` ends it, and so does the end of the process.

    Args:
        prepare: does the work for one language; raises when it cannot.
        names: the languages, in order.
    """

    def __init__(self, prepare: Callable[[str, CancelToken], None], names: tuple[str, ...]) -> None:
        self._prepare = prepare
        self._cancel = CancelToken()
        self._lock = threading.Lock()
        self._status = {name: Warmth("not started") for name in names}
        self._started: dict[str, float] = {}
        self._thread = threading.Thread(target=self._run, name="wasinn-warm-up", daemon=True)
        atexit.register(self.cancel)
        self._thread.start()

    @property
    def status(self) -> dict[str, Warmth]:
        """Every language's state now."""
        now = time.monotonic()
        with self._lock:
            return {
                name: replace(warmth, seconds=now - self._started[name])
                if warmth.state == "running"
                else warmth
                for name, warmth in self._status.items()
            }

    def cancel(self) -> None:
        """Kill the running compiler and start no other; returns when that is done."""
        self._cancel.cancel("unload")
        self.wait(5)

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for the end; returns whether it came within ``timeout`` seconds."""
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def _run(self) -> None:
        for name in self._status:
            if self._cancel.cancelled:
                break
            started = time.monotonic()
            with self._lock:
                self._started[name] = started
            self._set(name, Warmth("running"))
            try:
                self._prepare(name, self._cancel)
            except Cancelled:
                after = Warmth("not started")
            except Exception as error:  # noqa: BLE001 - reported, and the cell will meet it again
                after = Warmth("failed", time.monotonic() - started, str(error))
            else:
                after = Warmth("ready", time.monotonic() - started)
            self._set(name, after)
        atexit.unregister(self.cancel)

    def _set(self, name: str, warmth: Warmth) -> None:
        with self._lock:
            self._status[name] = warmth
