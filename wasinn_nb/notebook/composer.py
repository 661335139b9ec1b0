"""What a cell shows of a run, and when: what the guest prints and what it streams, each text once.

Most guests print the tokens they stream; some compute in silence and print everything at the end;
some print nothing. The composer watches both sides and decides, for each stream: while the guest's
stdout carries it, only stdout is shown; when stdout stays silent, the stream is; and what was shown
as stream is not shown again when the guest prints it later. Whatever else the guest prints is
shown.

Pure logic: no threads, no clock of its own, no Jupyter. Tokens must be fed before the output that
the guest wrote after receiving them.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from enum import Enum, auto
from typing import Literal, NamedTuple

Channel = Literal["stdout", "stderr", "stream"]

HOLD = 0.2
"""Seconds that the first token waits for the guest to print it."""

_SILENCE = 5 * HOLD
_SURE = 4  # characters that two texts must share to be taken for the same
_MOSTLY = 0.8  # of a stream's words, when a guest prints them among others
_SIDES = 16
_CANDIDATES = 64


class Piece(NamedTuple):
    """Text to show.

    Attributes:
        channel: what it is; on ``stream``, tokens that the guest does not print.
        text: not empty.
        source, generation: of tokens, as they were given.
    """

    channel: Channel
    text: str
    source: Hashable = None
    generation: int = 0


class _View(Enum):
    UNDECIDED = auto()  # tokens wait
    STREAM = auto()  # stdout is silent: tokens are shown as they come
    STDOUT = auto()  # the guest prints what it streams: tokens are not shown


class _Side:
    """One generation of one stream, against what is printed."""

    def __init__(self, source: Hashable, generation: int) -> None:
        self.source = source
        self.generation = generation
        self.view = _View.UNDECIDED
        self.tokens = ""  # not shown
        self.since = 0.0
        self.shown = ""  # tokens that were shown, and that stdout has not brought yet

    @property
    def waits(self) -> bool:
        return self.view is _View.UNDECIDED and bool(self.tokens)


class Composer:
    """Turns events of one run into text to show, in order.

    Args:
        stream: whether tokens are shown at all.
    """

    def __init__(self, *, stream: bool = True) -> None:
        self._stream = stream
        self._sides: dict[Hashable, _Side] = {}
        self._latest = _Side(None, 0)
        self._held = ""  # stdout that may be text already shown
        self._held_since = 0.0
        self._pure = True  # nothing else came with what is held
        self._out: list[Piece] = []

    def token(self, text: str, now: float, source: Hashable = None, generation: int = 0) -> None:
        """Text of a stream; where the guest printed it, the next generation is decided anew."""
        if not self._stream or not text:
            return
        side = self._side(source, generation)
        if side.view is _View.STREAM:
            self._show(side, text)
            return
        if not side.tokens:
            side.since = now
        side.tokens += text
        if self._held:
            self._weigh()

    def stdout(self, text: str, now: float) -> None:
        """Text that the guest wrote to standard output."""
        if not self._held:
            self._held_since, self._pure = now, True
        self._held += text
        self._weigh()

    def stderr(self, text: str) -> None:
        """Text that the guest wrote to standard error."""
        self._emit(Piece("stderr", text))

    def tick(self, now: float) -> list[Piece]:
        """What to show now."""
        for side in self._sides.values():
            waited = now - side.since if side.tokens else 0.0
            if side.waits and waited >= HOLD:
                self._resolve(side)
            elif side.view is _View.STDOUT and waited >= _SILENCE:
                self._begin_stream(side)
        if self._held and not self._waiting() and now - self._held_since >= HOLD:
            self._release()
        return self._take()

    def finish(self) -> list[Piece]:
        """What is left when the run is over."""
        for side in self._sides.values():
            self._settle(side)
        self._release()
        return self._take()

    # -- streams -------------------------------------------------------------------------------

    def _side(self, source: Hashable, generation: int) -> _Side:
        side = self._sides.get(source)
        if side is None or side.generation != generation:
            before = side
            if before is not None:
                self._settle(before)
                self._release()
                del self._sides[source]
            elif len(self._sides) == _SIDES:
                self._settle(self._sides.pop(next(iter(self._sides))))
            side = self._sides[source] = _Side(source, generation)
            if before is not None and before.view is _View.STREAM:
                side.view = _View.STREAM  # no wait: what is printed of it will be known as such
        self._latest = side
        return side

    def _waiting(self) -> bool:
        return any(side.waits for side in self._sides.values())

    def _settle(self, side: _Side) -> None:
        if side.view is _View.UNDECIDED:
            self._resolve(side)

    def _resolve(self, side: _Side) -> None:
        """Choose by what is known so far."""
        streamed = side.tokens.strip()
        if _overlap(self._held.strip(), streamed) or _scattered(self._held, streamed):
            self._follow_stdout(side)
        elif side.tokens:
            self._begin_stream(side)

    def _follow_stdout(self, side: _Side) -> None:
        side.view, side.tokens = _View.STDOUT, ""
        self._release_all()

    def _begin_stream(self, side: _Side) -> None:
        side.view = _View.STREAM
        tokens, side.tokens = side.tokens, ""
        self._show(side, tokens)
        if self._held and not self._waiting():
            self._match()

    def _show(self, side: _Side, text: str) -> None:
        self._emit(Piece("stream", text, side.source, side.generation))
        side.shown += text

    # -- what is printed -----------------------------------------------------------------------

    def _weigh(self) -> None:
        """Decide about what is held, as far as that is certain."""
        for side in self._sides.values():
            if side.waits and _carries(self._held.strip(), side.tokens.strip()):
                self._follow_stdout(side)
                return
        if not self._waiting():
            self._match()

    def _match(self) -> None:
        """Take text that was already shown out of what stdout brings; show the rest."""
        side = self._shown_side()
        shown, body = side.shown.strip(), self._held.strip()
        if not shown:
            self._release_all()
        elif len(shown) >= _SURE and shown in self._held:
            before, _, after = self._held.partition(shown)
            lead, _, tail = side.shown.partition(shown)
            self._print(before.removesuffix(lead) + after.removeprefix(tail))
            self._held = side.shown = ""
        elif self._pure and shown.startswith(body):
            if len(body) >= 2 * _SURE:
                self._drop(side, body)
        else:
            kept = _overlap(self._held, shown)
            cut = len(self._held) - kept
            self._print(self._held[:cut])
            self._held, self._pure = self._held[cut:], False
            if kept >= 2 * _SURE:
                self._drop(side, self._held)

    def _shown_side(self) -> _Side:
        """The stream whose text the guest seems to print, the latest if none."""
        body = self._held.strip()
        for side in (self._latest, *self._sides.values()):
            shown = side.shown.strip()
            if len(shown) >= _SURE and (shown in body or (body and shown.startswith(body))):
                return side
        return self._latest

    def _drop(self, side: _Side, text: str) -> None:
        """``text``, which is what is held, was shown before."""
        rest = side.shown.lstrip()[len(text) :]
        tail = self._held[len(self._held.rstrip()) :]
        if tail and rest.startswith(tail):
            rest = rest[len(tail) :]
        elif tail:
            self._print(tail)
        self._held, side.shown = "", rest

    def _release(self) -> None:
        """Waiting for more of what is held is over."""
        side, body = self._shown_side(), self._held.strip()
        if body and self._pure and side.shown.strip().startswith(body):
            self._drop(side, body)
        else:
            self._release_all()

    def _release_all(self) -> None:
        for side in self._sides.values():
            if side.view is _View.STDOUT:
                side.tokens = ""  # this is them
        self._print(self._held)
        self._held = ""

    def _print(self, text: str) -> None:
        self._emit(Piece("stdout", text))

    def _emit(self, piece: Piece) -> None:
        if not piece.text:
            return
        if self._out and self._out[-1]._replace(text="") == piece._replace(text=""):
            piece = piece._replace(text=self._out.pop().text + piece.text)
        self._out.append(piece)

    def _take(self) -> list[Piece]:
        out, self._out = self._out, []
        return out


def _carries(printed: str, streamed: str) -> bool:
    """Whether what is printed is certainly the stream."""
    if not (printed and streamed):
        return False
    contains = len(streamed) >= _SURE and streamed in printed
    return streamed.startswith(printed) or contains or _overlap(printed, streamed) >= _SURE


def _scattered(printed: str, streamed: str) -> bool:
    """Whether the stream's words are in what is printed, in order, with other text between."""
    words = streamed.split()
    found = at = 0
    for word in words:
        place = printed.find(word, at)
        if place >= 0:
            found, at = found + 1, place + len(word)
    return len(words) > 1 and found >= _MOSTLY * len(words)


def _overlap(text: str, wanted: str) -> int:
    """Length of the longest end of ``text`` that is a beginning of ``wanted``."""
    at = max(0, len(text) - len(wanted))
    # by the first characters of it, because both may be long
    for place in _places(text, wanted[:_SURE], at):
        if wanted.startswith(text[place:]):
            return len(text) - place
    for length in range(min(_SURE, len(text), len(wanted)), 0, -1):
        if wanted.startswith(text[-length:]):
            return length
    return 0


def _places(text: str, head: str, at: int) -> Iterator[int]:
    """Where ``head`` is in ``text`` from ``at`` on: so many that it stays quick."""
    for _ in range(_CANDIDATES):
        place = text.find(head, at) if head else -1
        if place < 0:
            return
        yield place
        at = place + 1
