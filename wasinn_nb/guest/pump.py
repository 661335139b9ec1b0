"""Delivers a run's output to the caller's functions, in a thread that may be slow."""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Callable

from wasinn_nb.guest.options import RunOptions
from wasinn_nb.guest.stdio import Stdio
from wasinn_nb.guest.tokens import Transcript

_TICK = 0.02
_JOIN_SECONDS = 10.0


class Pump:
    """Calls ``on_token``, ``on_stdout`` and ``on_stderr`` with whole characters.

    The thread runs in a copy of the starter's context, so that what a callback prints or displays
    lands in the cell that started the run.

    Args:
        on_failure: told the exception of a callback that raised; nothing is delivered after it.
    """

    def __init__(
        self,
        options: RunOptions,
        stdio: Stdio,
        transcript: Transcript,
        on_failure: Callable[[BaseException], None],
    ) -> None:
        self._options = options
        self._stdout = stdio.stdout.follow()
        self._stderr = stdio.stderr.follow()
        self._transcript = transcript
        self._on_failure = on_failure
        self._on_token = options.on_token if options.stream else None
        self._tokens_delivered = 0
        self._calls = 0
        self._failed = False
        self._ended = False
        self.wake = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def needed(self) -> bool:
        """Whether there is anybody to deliver to."""
        o = self._options
        return any((self._on_token, o.on_stdout, o.on_stderr))

    def start(self) -> None:
        """Begin to deliver."""
        if self.needed:
            run = contextvars.copy_context().run
            thread = threading.Thread(
                target=run, args=(self._work,), name="wasinn-pump", daemon=True
            )
            thread.start()
            self._thread = thread

    def finish(self) -> None:
        """Deliver the rest and end."""
        self._ended = True
        self.wake.set()
        if self._thread is not None:
            self._join(self._thread)
        else:
            self._transcript.since(0, final=True)
        if self._thread is None or not self._thread.is_alive():
            self._on_failure = _nobody  # the other one refers to the run, which is to go by itself

    def _join(self, thread: threading.Thread) -> None:
        """Wait for as long as callbacks return: one may wait for the very run that waits here."""
        seen = -1
        while thread.is_alive() and self._calls != seen:
            seen = self._calls
            thread.join(_JOIN_SECONDS)

    def _work(self) -> None:
        # token streams have no event to wait for, so that writing to one stays a plain append
        tick = _TICK if self._on_token else None
        while True:
            self.wake.wait(tick)
            self.wake.clear()
            ended = self._ended
            self._deliver(final=ended)
            if ended:
                return

    def _deliver(self, *, final: bool) -> None:
        o = self._options
        # Taken before the tokens and delivered after them: a guest prints a token once it is in its
        # stream, so whoever watches both sees a token before its echo.
        printed = [self._stdout.read(final=final)] if o.on_stdout else []
        complained = [self._stderr.read(final=final)] if o.on_stderr else []
        tokens: list[str] = []
        if self._on_token or final:
            segments = self._transcript.since(self._tokens_delivered, final=final)
            self._tokens_delivered += len(segments)
            tokens = [segment.text for segment in segments]
        batches = [(self._on_token, tokens), (o.on_stdout, printed), (o.on_stderr, complained)]
        for callback, texts in batches:
            for text in texts:
                if callback and text and not self._failed:
                    self._call(callback, text)

    def _call(self, callback: Callable[[str], object], text: str) -> None:
        try:
            callback(text)
            self._calls += 1
        except BaseException as error:  # noqa: BLE001 - it is raised to whoever waits for the run
            self._failed = True
            self._on_failure(error)


def _nobody(error: BaseException) -> None:
    """Who is told of a callback that failed when nothing can be delivered any more."""
