"""One generation, token by token: what a ``token-stream`` of ``wasinn:llm`` stands for.

A backend makes tokens and knows when the model has ended. Limits and stop texts are kept here, so
that they mean the same with every backend: a token that may be the beginning of a stop text waits
for the next one.
"""

from __future__ import annotations

import codecs
import json
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from wasinn_nb.abi.core.contexts import METADATA
from wasinn_nb.abi.wit.codec import Case, Err
from wasinn_nb.nn.backend import LanguageContext
from wasinn_nb.nn.errors import ContextFull, EndOfSequence, InvalidArgument, WasinnError

END_OF_SEQUENCE = Err(Case("end-of-sequence"))
CANCELLED = Err(Case("cancelled"))

_MOST_STOPS, _LONGEST_STOP = 64, 4096
_U32 = 0xFFFF_FFFF


@dataclass(frozen=True, slots=True)
class Options:
    """What a guest wants of one generation.

    Attributes:
        limit: at most so many tokens; -1 for no limit.
        stops: texts that end it.
        log_probabilities: of every token.
    """

    limit: int = -1
    stops: tuple[bytes, ...] = ()
    log_probabilities: bool = False

    @classmethod
    def checked(cls, given: dict[str, Any], default_limit: int) -> Options:
        """From a record; a limit of 0 is the default one.

        Raises:
            InvalidArgument: a stop text is empty or long, or there are many.
        """
        stops: list[str] = given["stop"]
        if len(stops) > _MOST_STOPS:
            raise InvalidArgument(f"There are {len(stops)} stop texts; the most is {_MOST_STOPS}.")
        texts = tuple(dict.fromkeys(text.encode() for text in stops))
        if b"" in texts:
            raise InvalidArgument("A stop text is empty, and would end every text at once.")
        longest = max(map(len, texts), default=0)
        if longest > _LONGEST_STOP:
            raise InvalidArgument(
                f"A stop text has {longest:,} bytes; the most is {_LONGEST_STOP:,}."
            )
        return cls(given["max-tokens"] or max(default_limit, -1), texts, given["log-probabilities"])


class Generation:
    """Tokens of one context, for as long as nothing else is asked of it.

    Args:
        context: has taken its input.
        options: of this generation.
        ended: told why it ended (``stop``, ``length``, ...) if the model did not end it.
        figures: told the context's figures, as it gives them.

    Attributes:
        finish: why it ended, in words of the WIT; ``unfinished`` while it goes on.
    """

    def __init__(
        self,
        context: LanguageContext,
        options: Options,
        ended: Callable[[str], None],
        figures: Callable[[Any], None],
    ) -> None:
        self.finish = "unfinished"
        self._context = context
        self._options = options
        self._on_end = ended
        self._on_figures = figures
        self._step = context.compute_single
        self._last = context.get_output_single
        self._decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        self._ready: deque[dict[str, Any]] = deque()
        self._held: deque[tuple[int, bytes, float | None]] = deque()
        self._tail = b""  # the bytes of what is held
        self._count = 0
        self._error: WasinnError | None = None
        self._usage: dict[str, Any] | None = None

    # -- for the guest -------------------------------------------------------------------------

    def begin(self) -> None:
        """Evaluate the input and make the first token, which waits for :meth:`next`.

        Raises:
            WasinnError: of the input; whatever comes later is said by :meth:`next`.
        """
        if self._options.limit == 0:
            self._end("length")
            return
        self._advance()
        if self.finish == "failed" and self._error is not None:
            raise self._error

    def next(self) -> dict[str, Any] | Err:
        """The next token, or why there is none."""
        ready = self._ready
        while not ready:
            if self.finish != "unfinished":
                return self._why_none()
            self._advance()
        return ready.popleft()

    def cancel(self) -> None:
        """Compute no further, and give out nothing that was held."""
        self._ready.clear()
        self._end("cancelled")

    def usage(self) -> dict[str, Any]:
        """How it goes, or went."""
        if self._usage is not None:
            return self._usage
        return self._read_usage()

    def close(self) -> None:
        """Something else is asked of the context, or nobody pulls any more."""
        self._ready.clear()
        self._end("cancelled")

    # -- steps ---------------------------------------------------------------------------------

    def _advance(self) -> None:
        """Make one token; it is ready, or held, or the end."""
        full: ContextFull | None = None
        try:
            self._step()
        except EndOfSequence:
            self._end("end")
            return
        except ContextFull as error:
            full = error
        except WasinnError as error:
            self._error = error
            self._end("failed")
            return
        self._count += 1
        piece = bytes(self._last(0))
        options, context = self._options, self._context
        probability = context.log_probability() if options.log_probabilities else None
        token = context.token, piece, probability
        if not options.stops:
            self._give(token)
        elif self._stops(token):
            self._end("stop")
            return
        if full is not None:
            self._error = full
            self._end("context-full")
        elif self._count == options.limit:
            self._end("length")

    def _stops(self, token: tuple[int, bytes, float | None]) -> bool:
        """Hold a token, give out what is certain; whether a stop text is complete."""
        stops = self._options.stops
        self._held.append(token)
        self._tail += token[1]
        places = [place for stop in stops if (place := self._tail.find(stop)) >= 0]
        if places:
            self._give_held(min(places), cut=True)
            self._held.clear()
            self._tail = b""
            return True
        self._give_held(len(self._tail) - _longest_beginning(self._tail, stops))
        return False

    def _give_held(self, certain: int, *, cut: bool = False) -> None:
        """Give out the held tokens that lie within the first bytes.

        Args:
            certain: how many bytes.
            cut: also the part of a token that does.
        """
        held = self._held
        while held:
            number, piece, probability = held[0]
            if len(piece) > certain:
                if cut and certain:
                    self._give((number, piece[:certain], probability))
                return
            held.popleft()
            self._tail = self._tail[len(piece) :]
            certain -= len(piece)
            self._give((number, piece, probability))

    def _give(self, token: tuple[int, bytes, float | None]) -> None:
        number, piece, probability = token
        self._ready.append(
            {
                "id": number,
                "bytes": piece,
                "text": self._decode(piece),
                "log-probability": probability,
            }
        )

    # -- the end -------------------------------------------------------------------------------

    def _end(self, finish: str) -> None:
        if self.finish != "unfinished":
            return
        self.finish = finish
        if finish != "cancelled":
            self._give_held(len(self._tail))
        self._usage = self._read_usage()
        if finish in ("stop", "length", "cancelled"):
            self._on_end(finish)

    def _why_none(self) -> Err:
        if self.finish == "cancelled":
            return CANCELLED
        if self._error is not None:
            # again and again, without what was added to its traceback the last time
            raise self._error.with_traceback(None)
        return END_OF_SEQUENCE

    def _read_usage(self) -> dict[str, Any]:
        data = self._context.get_output_single(METADATA)
        self._on_figures(data)
        try:
            figures = json.loads(bytes(data))
        except ValueError:
            figures = {}
        milliseconds = figures.get("time_to_first_token_ms")
        return {
            "prompt-tokens": min(int(figures.get("input_tokens", 0)), _U32),
            "cached-tokens": min(int(figures.get("prompt_tokens_cached", 0)), _U32),
            "generated-tokens": self._count,
            "time-to-first-token": None if milliseconds is None else milliseconds / 1000,
            "tokens-per-second": figures.get("tokens_per_second"),
            "finish": self.finish,
        }


def _longest_beginning(data: bytes, stops: Sequence[bytes]) -> int:
    """How many of the last bytes may be the beginning of a stop text."""
    for length in range(min(len(data), max(map(len, stops)) - 1), 0, -1):
        end = data[-length:]
        if any(stop.startswith(end) for stop in stops):
            return length
    return 0
