"""The token streams of a run."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import NamedTuple

from wasinn_nb.nn.stream import TokenStream


class _Begin(bytes):
    """Between the pieces of two generations; no text."""


_BEGIN = _Begin()


class RunStream(TokenStream):
    """A context's stream that counts over all its generations and can echo to standard output."""

    def __init__(self, label: str = "") -> None:
        super().__init__(label)
        self._earlier = 0
        self._taken = 0

    @property
    def began(self) -> float:
        """When its generation began, by ``time.perf_counter()``; 0 before the first."""
        return self._began

    @property
    def total_tokens(self) -> int:
        """Tokens of all generations of this context."""
        return self._earlier + self.tokens

    def begin_prompt(self, total: int, cached: int = 0, predict_limit: int = -1) -> None:
        """A generation starts; the tokens of the one before still count."""
        self._earlier += self.tokens
        self._pieces.append(_BEGIN)
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

    def take(self, *, each: bool = False, final: bool = False) -> Iterator[Segment]:
        """The text that came since the last call, generation by generation, in whole characters.

        Args:
            each: one segment a token, and not one for all that came.
            final: no more will come; the bytes of a broken character come too.
        """
        popleft = self._pieces.popleft
        batch: list[bytes] = []
        for _ in range(len(self._pieces)):
            piece = popleft()
            if piece is _BEGIN:
                yield from self._decoded(batch, each=each, final=True)
                self._taken += 1
                batch = []
            else:
                batch.append(piece)
        yield from self._decoded(batch, each=each, final=final)

    def _decoded(self, pieces: list[bytes], *, each: bool, final: bool) -> Iterator[Segment]:
        decode = self._decoder.decode
        if each:
            texts = [*map(decode, pieces), decode(b"", final)]
        else:
            texts = [decode(b"".join(pieces), final)]
        for text in texts:
            if text:
                yield Segment(self, self._taken, text)


class Segment(NamedTuple):
    """Text of one stream, whole characters only.

    Attributes:
        stream: whose it is.
        generation: the number of the context's generation, from 1.
        text: not empty.
    """

    stream: RunStream
    generation: int
    text: str


class Transcript:
    """The text of all streams of a run, in the order it came. Any thread may read.

    Args:
        each: keep tokens apart, for a reader that wants each by itself.
    """

    def __init__(self, *, each: bool = False) -> None:
        self.streams: list[RunStream] = []
        self._each = each
        self._lock = threading.Lock()
        self._segments: list[Segment] = []

    def add(self, stream: RunStream) -> None:
        """One more stream."""
        self.streams.append(stream)

    def forget(self, stream: RunStream) -> None:
        """Its context is gone: without a generation there is nothing to remember it for."""
        if not stream.generation and stream in self.streams:
            self.streams.remove(stream)

    @property
    def active(self) -> list[RunStream]:
        """The streams that are this run's."""
        return list(self.streams)

    @property
    def text(self) -> str:
        """Everything so far, whole characters only."""
        return "".join(segment.text for segment in self.since(0))

    @property
    def tokens(self) -> int:
        """Tokens of all streams."""
        return sum(stream.total_tokens for stream in self.streams)

    def since(self, number: int, *, final: bool = False) -> list[Segment]:
        """The segments from ``number`` on.

        Args:
            number: how many of them the caller has seen.
            final: no more will come; the bytes of a broken character come too.
        """
        with self._lock:
            for stream in tuple(self.streams):
                self._segments += stream.take(each=self._each, final=final)
            return self._segments[number:]
