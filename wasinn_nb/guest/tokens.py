"""The token streams of a run."""

from __future__ import annotations

import threading
from collections.abc import Callable

from wasinn_nb.nn.stream import TokenStream


class RunStream(TokenStream):
    """A context's stream that counts over all its generations and can echo to standard output."""

    def __init__(self, label: str = "") -> None:
        super().__init__(label)
        self._earlier = 0

    @property
    def total_tokens(self) -> int:
        """Tokens of all generations of this context."""
        return self._earlier + self.tokens

    def begin_prompt(self, total: int, cached: int = 0, predict_limit: int = -1) -> None:
        """A generation starts; the tokens of the one before still count."""
        self._earlier += self.tokens
        super().begin_prompt(total, cached, predict_limit)

    def echo_to(self, write: Callable[[bytes], None] | None) -> None:
        """From the next generation on, also pass every piece to ``write``, where it is generated.

        :meth:`push` is replaced for that, so that streams without an echo pay nothing for it.
        """
        if write is None:
            self.__dict__.pop("push", None)
            return
        push = super().push

        def push_and_write(piece: bytes) -> None:
            push(piece)
            write(piece)

        self.__dict__["push"] = push_and_write


class Transcript:
    """The text of all streams of a run, in the order it came. Any thread may read."""

    def __init__(self) -> None:
        self.streams: list[RunStream] = []
        self._lock = threading.Lock()
        self._texts: list[str] = []

    @property
    def text(self) -> str:
        """Everything so far, whole characters only."""
        return "".join(self.since(0))

    @property
    def tokens(self) -> int:
        """Tokens of all streams."""
        return sum(stream.total_tokens for stream in self.streams)

    def since(self, number: int, *, final: bool = False) -> list[str]:
        """The texts from ``number`` on, one a token, whole characters only.

        Args:
            number: how many of them the caller has seen.
            final: no more will come; the bytes of a broken character come too.
        """
        with self._lock:
            for stream in tuple(self.streams):
                self._texts += stream.drain_tokens(final=final)
            return self._texts[number:]
