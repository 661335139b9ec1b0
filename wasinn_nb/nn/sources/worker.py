"""Blocking calls that can be left: cancelling does not wait for a name server or a stalled host."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

from wasinn_nb.nn.cancel import CancelToken

T = TypeVar("T")

_POLL_SECONDS = 0.05
_DEPTH = 8


class Abandoned(Exception):  # noqa: N818 - not an error: nobody is waiting any more
    """Raised in a worker whose caller has left."""


class Worker(Generic[T]):
    """A daemon thread that passes items to its caller through a short queue.

    The caller iterates; when it is cancelled it leaves at once, and the thread ends at its next
    ``give`` (or with the process) without touching anything the caller owns.
    """

    def __init__(self, body: Callable[[Callable[[T], None]], None]) -> None:
        self._queue: queue.Queue[tuple[str, T | BaseException | None]] = queue.Queue(_DEPTH)
        self._left = threading.Event()
        self._body = body
        threading.Thread(target=self._run, name="wasinn-source", daemon=True).start()

    def items(self, cancel: CancelToken | None) -> Iterator[T]:
        """What the body gives, as it comes; its exception, if it raises one.

        Raises:
            Cancelled: soon after ``cancel``.
        """
        try:
            while True:
                if cancel is not None:
                    cancel.raise_if_cancelled()
                try:
                    kind, value = self._queue.get(timeout=_POLL_SECONDS)
                except queue.Empty:
                    continue
                if kind == "end":
                    return
                if kind == "error" and isinstance(value, BaseException):
                    raise value
                yield value  # type: ignore[misc]
        finally:
            self._left.set()

    def _run(self) -> None:
        try:
            self._body(lambda item: self._put("item", item))
        except Abandoned:
            return
        except BaseException as error:  # noqa: BLE001 - raised again where it is waited for
            end: tuple[str, BaseException | None] = ("error", error)
        else:
            end = ("end", None)
        try:
            self._put(*end)
        except Abandoned:
            return

    def _put(self, kind: str, value: T | BaseException | None) -> None:
        while not self._left.is_set():
            try:
                self._queue.put((kind, value), timeout=_POLL_SECONDS)
            except queue.Full:
                continue
            return
        raise Abandoned


def leaving(body: Callable[[], T], cancel: CancelToken | None) -> T:
    """The result of ``body``, run in a thread that is left behind when ``cancel`` comes first."""
    for result in Worker[T](lambda give: give(body())).items(cancel):
        return result
    raise RuntimeError("the worker ended without a result")
