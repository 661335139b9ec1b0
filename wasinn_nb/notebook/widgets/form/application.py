"""Applying a draft: in a thread of its own, with progress, and with words for how it ended."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from wasinn_nb.nn.cancel import CancelToken
from wasinn_nb.nn.errors import Cancelled, NotFound, WasinnError
from wasinn_nb.nn.memory import format_bytes
from wasinn_nb.nn.record import ModelRecord, ModelState
from wasinn_nb.notebook.text import duration

if TYPE_CHECKING:
    from wasinn_nb.api import Host
    from wasinn_nb.nn.settings import Value

IDLE: dict[str, Any] = {"what": "", "fraction": None, "cancelling": False}
"""The work of a form that does nothing."""

NO_OUTCOME: dict[str, Any] = {"ok": True, "message": "", "hint": ""}

_EVERY = 0.1


class Ended(Protocol):
    """Hears how an Apply ended."""

    def __call__(self, outcome: dict[str, Any], *, applied: bool) -> None:
        """``applied``: whether the settings are what was asked for."""


class Application:
    """One Apply. It changes pins, and loads the model again where that takes it.

    Args:
        pins, unset: what is to be changed; checked already.
        stop: stop the runs that use the model, if it has to be loaded again.
    """

    def __init__(
        self,
        host: Host,
        name: str,
        pins: Mapping[str, Value],
        unset: tuple[str, ...],
        *,
        stop: bool,
    ) -> None:
        self._host = host
        self._name = name
        self._pins = pins
        self._unset = unset
        self._stop = stop
        self._report: Callable[[dict[str, Any]], None] = lambda _: None
        self._work = IDLE | {"what": "applying"}
        self._reported = 0.0
        self._cancel = CancelToken()

    def start(self, report: Callable[[dict[str, Any]], None], ended: Ended) -> None:
        """Begin; returns at once.

        Args:
            report: called with what goes on, as in :data:`IDLE`.
            ended: called with how it ended, as in :data:`NO_OUTCOME`, and whether it was applied.
        """
        self._report = report
        self._report(self._work)
        threading.Thread(
            target=self._run, args=(ended,), name=f"wasinn apply {self._name}", daemon=True
        ).start()

    def cancel(self) -> None:
        """End it soon; the settings stay as they were."""
        self._cancel.cancel()
        self._work = self._work | {"cancelling": True}
        self._report(self._work)

    def _run(self, ended: Ended) -> None:
        applied = False
        try:
            before = self._host.registry.describe(self._name)
            record = self._host.reconfigure(
                self._name,
                self._pins,
                unset=self._unset,
                stop=self._stop,
                progress=self._progress,
                cancel=self._cancel,
            )
            outcome, applied = _success(before, record, self._pins, self._unset), True
        except Cancelled:
            outcome = NO_OUTCOME | {"message": f"Cancelled. {self._standing()}"}
        except WasinnError as error:
            hint = f"{error.hint} {self._standing()}".strip()
            outcome = {"ok": False, "message": error.message, "hint": hint}
        except Exception as error:  # noqa: BLE001 - shown where the user looks
            message = f"{type(error).__name__}: {error}"
            hint = "`%wasinn doctor --log` shows what the model libraries have logged."
            outcome = {"ok": False, "message": message, "hint": hint}
        ended(outcome, applied=applied)

    def _progress(self, what: str, fraction: float | None) -> None:
        now = time.monotonic()
        if what == self._work["what"] and now - self._reported < _EVERY:
            return
        self._reported = now
        self._work = self._work | {"what": what, "fraction": fraction}
        self._report(self._work)

    def _standing(self) -> str:
        """In which state a change that was not made has left the model."""
        try:
            state = self._host.registry.describe(self._name).state
        except NotFound:
            return ""
        if state is ModelState.LOADED:
            return "The model is loaded as it was before."
        return "The model is not loaded; its settings are as they were."


def _success(
    before: ModelRecord, after: ModelRecord, pins: Mapping[str, Value], unset: tuple[str, ...]
) -> dict[str, Any]:
    if after.loads > before.loads:
        measured = f", {format_bytes(after.measured)} of memory measured" if after.measured else ""
        message = f"Loaded again in {duration(after.load_seconds)}{measured}."
    else:
        parts = [f"pinned {', '.join(pins)}"] if pins else []
        parts += [f"unpinned {', '.join(unset)}"] if unset else []
        message = f"Applied: {'; '.join(parts)}." if parts else "Applied."
    return {"ok": True, "message": message, "hint": ""}
