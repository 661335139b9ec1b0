"""What panels begin with models: each in a thread of its own, one at a time for a model."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wasinn_nb.nn.cancel import CancelToken
from wasinn_nb.nn.errors import Busy, Cancelled, InvalidArgument, WasinnError

if TYPE_CHECKING:
    from wasinn_nb.api import Host

LOAD, UNLOAD, FORGET = "load", "unload", "forget"

_DOING = {LOAD: "loaded", UNLOAD: "unloaded", FORGET: "forgotten"}


@dataclass(frozen=True, slots=True)
class Work:
    """What goes on with a model: one of the words above, and how to end it early."""

    kind: str
    cancel: CancelToken


@dataclass(frozen=True, slots=True)
class Problem:
    """How a work failed, and when (seconds since the epoch)."""

    message: str
    hint: str
    time: float


class Actions:
    """Loads, unloads and forgets models of a host. All methods return at once; thread-safe.

    Args:
        changed: called, from any thread, when a work begins or ends.
    """

    def __init__(self, host: Host, changed: Callable[[], None]) -> None:
        self._host = host
        self._changed = changed
        self._lock = threading.Lock()
        self._works: dict[str, Work] = {}
        self._problems: dict[str, Problem] = {}

    def work(self, name: str) -> str:
        """What goes on with a model; empty if nothing that was begun here."""
        work = self._works.get(name)
        return work.kind if work else ""

    def problem(self, name: str) -> tuple[str, str] | None:
        """How the last work failed: the message, and what to do about it."""
        problem = self._problems.get(name)
        return (problem.message, problem.hint) if problem else None

    def dismiss(self, name: str) -> None:
        """Forget the problem: the user has read of it."""
        if self._problems.pop(name, None) is not None:
            self._changed()

    def settled(self, name: str, when: float) -> None:
        """A model was loaded or unloaded: a problem from before is no more."""
        problem = self._problems.get(name)
        if problem is not None and problem.time < when:
            self._problems.pop(name, None)

    def load(self, name: str) -> None:
        """Load a registered model.

        Raises:
            Busy: something goes on with it already.
        """
        self._begin(LOAD, [name], lambda one, cancel: self._host.registry.load(one, cancel=cancel))

    def cancel(self, name: str) -> None:
        """End a load that was begun here.

        Raises:
            InvalidArgument: there is none.
        """
        work = self._works.get(name)
        if work is None or work.kind != LOAD:
            raise InvalidArgument(
                f"No panel is loading {name!r}.",
                hint="Interrupt the kernel to stop a cell that loads a model.",
            )
        work.cancel.cancel()

    def unload(self, names: Sequence[str], *, stop: Collection[str] = ()) -> None:
        """Unload models one after the other.

        Args:
            stop: the models whose users are stopped.

        Raises:
            Busy: something goes on with one of them already.
        """

        def work(name: str, _cancel: CancelToken) -> None:
            self._host.unload(name, stop=name in stop)

        self._begin(UNLOAD, names, work)

    def forget(self, name: str, *, stop: bool) -> None:
        """Unload a model and drop its name.

        Raises:
            Busy: something goes on with it already.
        """

        def work(one: str, _cancel: CancelToken) -> None:
            self._host.forget(one, stop=stop)

        self._begin(FORGET, [name], work)

    def _begin(
        self, kind: str, names: Sequence[str], work: Callable[[str, CancelToken], object]
    ) -> None:
        cancel = CancelToken()
        with self._lock:
            for name in names:
                if (known := self._works.get(name)) is not None:
                    raise Busy(
                        f"Model {name!r} is being {_DOING[known.kind]} already.",
                        hint="Wait for that to end, or cancel it.",
                    )
            for name in names:
                self._works[name] = Work(kind, cancel)
                self._problems.pop(name, None)
        thread = threading.Thread(
            target=self._run, args=(names, work, cancel), name=f"wasinn {kind}", daemon=True
        )
        thread.start()
        self._changed()

    def _run(
        self, names: Sequence[str], work: Callable[[str, CancelToken], object], cancel: CancelToken
    ) -> None:
        for name in names:
            try:
                work(name, cancel)
            except Cancelled:
                pass
            except WasinnError as error:
                self._problems[name] = Problem(error.message, error.hint, time.time())
            except Exception as error:  # noqa: BLE001 - shown where the user looks
                hint = "`%wasinn doctor --log` shows what the model libraries have logged."
                message = f"{type(error).__name__}: {error}"
                self._problems[name] = Problem(message, hint, time.time())
            finally:
                with self._lock:
                    self._works.pop(name, None)
                self._changed()
