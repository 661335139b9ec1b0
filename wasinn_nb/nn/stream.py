"""The token stream of one execution context: written by a backend, drained by whoever shows it.

The backend's hot path is one ``deque.append``. Everything else (decoding, rates, painting) happens
in the reader's thread at the reader's pace, so a slow reader never slows a model.
"""

from __future__ import annotations

import codecs
import time
from collections import deque
from dataclasses import dataclass
from enum import StrEnum


class StreamState(StrEnum):
    """Where a generation stands."""

    IDLE = "idle"
    PROMPT = "prompt"
    GENERATING = "generating"
    FINISHED = "finished"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class StreamFigures:
    """What a reader shows beside the text. Times are seconds; ``None`` until known."""

    state: StreamState
    finish_reason: str
    prompt_done: int
    prompt_total: int
    prompt_cached: int
    tokens: int
    time_to_first_token: float | None
    tokens_per_second: float | None


class TokenStream:
    """Pieces of text as raw bytes, in order, with the figures of the generation they belong to.

    One writer (the thread that computes), one reader. A generation begins with
    :meth:`begin_prompt`; a context that generates several times begins anew each time.

    Args:
        limit: pieces kept for a reader that does not come; older ones are dropped from the display
            (never from the context's own output).
    """

    def __init__(self, label: str = "", *, limit: int = 1_000_000) -> None:
        self.label = label
        self.state = StreamState.IDLE
        self.finish_reason = ""
        self.prompt_done = 0
        self.prompt_total = 0
        self.prompt_cached = 0
        self.generation = 0
        self.tokens = 0
        self.predict_limit = -1
        self._pieces: deque[bytes] = deque(maxlen=limit)
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._began = 0.0
        self._first = 0.0
        self._last = 0.0

    def begin_prompt(self, total: int, cached: int = 0, predict_limit: int = -1) -> None:
        """A generation starts: ``total`` prompt tokens, of which ``cached`` need no evaluation."""
        self.generation += 1
        self.state = StreamState.PROMPT
        self.finish_reason = ""
        self.prompt_done = cached
        self.prompt_total = total
        self.prompt_cached = cached
        self.predict_limit = predict_limit
        self.tokens = 0
        self._began = time.perf_counter()
        self._first = self._last = 0.0

    def prompt_progress(self, done: int) -> None:
        """``done`` prompt tokens are in the context now."""
        self.prompt_done = done

    def push(self, piece: bytes) -> None:
        """One token was generated; ``piece`` may be an incomplete UTF-8 sequence or empty."""
        now = time.perf_counter()
        if not self.tokens:
            self._first = now
            self.state = StreamState.GENERATING
        self._last = now
        self.tokens += 1
        self._pieces.append(piece)

    def finish(self, reason: str, *, failed: bool = False) -> None:
        """The generation ended: ``stop``, ``length``, ``context_full``, ``cancelled``, ..."""
        self.state = StreamState.FAILED if failed else StreamState.FINISHED
        self.finish_reason = reason

    def drain(self, *, final: bool = False) -> str:
        """Text since the last call, whole characters only; ``final`` flushes a broken tail."""
        return "".join(self.drain_tokens(final=final))

    def drain_tokens(self, *, final: bool = False) -> list[str]:
        """As :meth:`drain`, one string a token; a split character joins its last token."""
        texts = []
        while self._pieces:
            text = self._decoder.decode(self._pieces.popleft())
            if text:
                texts.append(text)
        if final and (tail := self._decoder.decode(b"", final=True)):
            texts.append(tail)
            self._decoder.reset()
        return texts

    def figures(self) -> StreamFigures:
        """A consistent-enough snapshot for display."""
        first, last, tokens = self._first, self._last, self.tokens
        rate = (tokens - 1) / (last - first) if tokens > 1 and last > first else None
        return StreamFigures(
            self.state,
            self.finish_reason,
            self.prompt_done,
            self.prompt_total,
            self.prompt_cached,
            tokens,
            first - self._began if first else None,
            rate,
        )
