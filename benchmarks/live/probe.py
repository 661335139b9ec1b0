"""What is measured inside the kernel; the notebook that is driven imports it."""

from __future__ import annotations

import codecs
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from wasinn_nb.nn.stream import TokenStream
from wasinn_nb.notebook.shown import SEPARATOR, units

if TYPE_CHECKING:
    from wasinn_nb.guest.run import Run


class Threads:
    """CPU seconds by thread, of those that end meanwhile and of those that stay."""

    def __init__(self) -> None:
        self._ended: dict[str, float] = {}
        self._before: dict[str, float] = {}
        self._process = 0.0
        run, ended = threading.Thread.run, self._ended

        def counted(thread: threading.Thread) -> None:
            try:
                run(thread)
            finally:
                ended[thread.name] = ended.get(thread.name, 0.0) + time.thread_time()

        setattr(threading.Thread, "run", counted)  # noqa: B010 - mypy forbids the assignment

    def begin(self) -> None:
        """Count from now on."""
        self._ended.clear()
        self._before, self._process = _staying(), time.process_time()

    def end(self) -> dict[str, float]:
        """Seconds since :meth:`begin`: of the ``process``, and by thread."""
        process = time.process_time() - self._process
        now = {name: at - self._before.get(name, 0.0) for name, at in _staying().items()}
        return {"process": process, **now, **self._ended}


def _staying() -> dict[str, float]:
    found = {}
    for thread in threading.enumerate():
        if thread.ident is not None:
            clock = time.pthread_getcpuclockid(thread.ident)
            found[thread.name] = time.clock_gettime(clock)
    return found


class Stamps:
    """When each token was handed to its stream."""

    def __init__(self) -> None:
        self._stamps: list[tuple[float, bytes | None]] = []
        self._undo: Callable[[], None] = _nothing

    def begin(self) -> None:
        """Stamp from now on; it costs a token under a microsecond."""
        self.end()
        push, begin_prompt = TokenStream.push, TokenStream.begin_prompt
        stamps: list[tuple[float, bytes | None]] = []
        self._stamps = stamps

        def stamped(stream: TokenStream, piece: bytes) -> None:
            stamps.append((time.time(), piece))
            push(stream, piece)

        def began(stream: TokenStream, *numbers: Any, **named: Any) -> None:
            stamps.append((0.0, None))
            begin_prompt(stream, *numbers, **named)

        def undo() -> None:
            _patch(push, begin_prompt)

        _patch(stamped, began)
        self._undo = undo

    def end(self) -> None:
        """Stamp no more."""
        self._undo()
        self._undo = _nothing

    @property
    def last(self) -> float:
        """When the last token came, in milliseconds."""
        return self._stamps[-1][0] * 1e3

    def offsets(self, *, silent: bool) -> list[tuple[int, float]]:
        """Where the text of each token ends in what is shown, and when it came, in milliseconds.

        Args:
            silent: its texts are shown by a view, which puts separators between them.
        """
        found = []
        decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        end = 0
        for at, piece in self._stamps:
            if piece is not None:
                end += units(decode(piece))
                found.append((end, at * 1e3))
            elif silent and end:
                end += len(SEPARATOR)
        return found


def _patch(push: Any, begin_prompt: Any) -> None:
    setattr(TokenStream, "push", push)  # noqa: B010 - mypy forbids the assignment
    setattr(TokenStream, "begin_prompt", begin_prompt)  # noqa: B010


def rate(run: Run) -> float:
    """Tokens a second, from the first that the guest got to the last."""
    got = [call for call in run.timeline if call.call == "get_output_single"]
    first, last = got[0], got[-1]
    return (len(got) - 1) / (last.start + last.duration - first.start - first.duration)


def _nothing() -> None:
    """Nothing was patched."""
