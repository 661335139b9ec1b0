"""The token streams of a run."""

from __future__ import annotations

from collections.abc import Callable

from wasinn_nb.nn.stream import TokenStream


class RunStream(TokenStream):
    """A context's stream that counts over all its generations and can echo to standard output.

    Attributes:
        echo: when set, every piece is also passed to it, in the thread that computes.
    """

    def __init__(self, label: str = "") -> None:
        super().__init__(label)
        self.echo: Callable[[bytes], None] | None = None
        self._earlier = 0

    @property
    def total_tokens(self) -> int:
        """Tokens of all generations of this context."""
        return self._earlier + self.tokens

    def begin_prompt(self, total: int, cached: int = 0, predict_limit: int = -1) -> None:
        """A generation starts; the tokens of the one before still count."""
        self._earlier += self.tokens
        super().begin_prompt(total, cached, predict_limit)

    def push(self, piece: bytes) -> None:
        """One token was generated."""
        super().push(piece)
        if self.echo is not None:
            self.echo(piece)


class Transcript:
    """The text of all streams of a run, taken from them in the order it came.

    One thread at a time drains.
    """

    def __init__(self) -> None:
        self.streams: list[RunStream] = []
        self._texts: list[str] = []

    @property
    def text(self) -> str:
        """Everything drained so far."""
        return "".join(self._texts)

    @property
    def tokens(self) -> int:
        """Tokens of all streams."""
        return sum(stream.total_tokens for stream in self.streams)

    def drain(self, *, final: bool = False) -> list[str]:
        """Text that came since the last call, one string a token, whole characters only."""
        texts = [t for stream in tuple(self.streams) for t in stream.drain_tokens(final=final)]
        self._texts += texts
        return texts
