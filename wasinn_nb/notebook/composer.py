"""What a run's output area shows, and when: guest output and token stream, each text once.

Most guests print the tokens they stream; some compute in silence and print everything at the end;
some print nothing. The composer watches both sides and decides: while the guest's stdout carries
the stream, only stdout is shown; when stdout stays silent, the stream is; and what was shown as
stream is not shown again when the guest prints it later. Whatever else the guest prints is shown.

Pure logic: no threads, no clock of its own, no Jupyter. Tokens must be fed before the output that
the guest wrote after receiving them.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import Literal

Channel = Literal["stdout", "stderr"]
Piece = tuple[Channel, str]

HOLD = 0.2
"""Seconds that the first token waits for the guest to print it."""

_SILENCE = 5 * HOLD
_SURE = 4  # characters that two texts must share to be taken for the same


class _View(Enum):
    UNDECIDED = auto()  # tokens wait
    STREAM = auto()  # stdout is silent: tokens are shown as they come
    STDOUT = auto()  # the guest prints what it streams: tokens are not shown


class Composer:
    """Turns events of one run into text to write, in order.

    Args:
        stream: whether there is a token view at all.
    """

    def __init__(self, *, stream: bool = True) -> None:
        self._stream = stream
        self._view = _View.UNDECIDED
        self._tokens = ""  # not shown
        self._tokens_since = 0.0
        self._shown = ""  # tokens that were shown, and that stdout has not brought yet
        self._held = ""  # stdout that may be text already shown
        self._held_since = 0.0
        self._pure = True  # nothing else came with what is held
        self._out: list[Piece] = []

    def token(self, text: str, now: float) -> None:
        """Text of the token stream."""
        if not self._stream or not text:
            return
        if self._view is _View.STREAM:
            self._show(text)
            return
        if not self._tokens:
            self._tokens_since = now
        self._tokens += text
        if self._view is _View.UNDECIDED:
            self._decide()

    def stdout(self, text: str, now: float) -> None:
        """Text that the guest wrote to standard output."""
        if self._view is _View.STDOUT:
            self._tokens = ""
            self._emit("stdout", text)
        elif self._view is _View.UNDECIDED and not self._tokens:
            self._emit("stdout", text)
        else:
            if not self._held:
                self._held_since, self._pure = now, True
            self._held += text
            if self._view is _View.STREAM:
                self._match()
            else:
                self._decide()

    def stderr(self, text: str) -> None:
        """Text that the guest wrote to standard error."""
        self._emit("stderr", text)

    def generation(self) -> None:
        """Another generation begins; how it is shown is decided anew."""
        self._settle()
        self._view, self._tokens, self._shown = _View.UNDECIDED, "", ""

    def tick(self, now: float) -> list[Piece]:
        """What to write now."""
        waited = now - self._tokens_since if self._tokens else 0.0
        if self._view is _View.UNDECIDED and waited >= HOLD:
            self._resolve()
        elif self._view is _View.STDOUT and waited >= _SILENCE:
            self._begin_stream()
        elif self._view is _View.STREAM and self._held and now - self._held_since >= HOLD:
            self._release()
        return self._take()

    def finish(self) -> list[Piece]:
        """What is left when the run is over."""
        self._settle()
        return self._take()

    def _settle(self) -> None:
        if self._view is _View.UNDECIDED:
            self._resolve()
        self._release()

    def _decide(self) -> None:
        """Take stdout for the carrier of the stream as soon as that is certain."""
        printed, streamed = self._held.strip(), self._tokens.strip()
        if printed and streamed:
            contains = len(streamed) >= _SURE and streamed in printed
            same = streamed.startswith(printed) or contains
            if same or _overlap(printed, streamed) >= _SURE:
                self._follow_stdout()

    def _resolve(self) -> None:
        """Choose by what is known so far."""
        if _overlap(self._held.strip(), self._tokens.strip()):
            self._follow_stdout()
        elif self._tokens:
            self._begin_stream()

    def _follow_stdout(self) -> None:
        self._view, self._tokens = _View.STDOUT, ""
        self._emit("stdout", self._held)
        self._held = ""

    def _begin_stream(self) -> None:
        self._view = _View.STREAM
        tokens, self._tokens = self._tokens, ""
        self._show(tokens)
        if self._held:
            self._match()

    def _show(self, text: str) -> None:
        self._emit("stdout", text)
        self._shown += text

    def _match(self) -> None:
        """Take text that was already shown out of what stdout brings; show the rest."""
        shown, body = self._shown.strip(), self._held.strip()
        if not shown:
            self._emit("stdout", self._held)
            self._held = ""
        elif len(shown) >= _SURE and shown in self._held:
            before, _, after = self._held.partition(shown)
            lead, _, tail = self._shown.partition(shown)
            self._emit("stdout", before.removesuffix(lead) + after.removeprefix(tail))
            self._held = self._shown = ""
        elif self._pure and shown.startswith(body):
            if len(body) >= 2 * _SURE:
                self._drop(body)
        else:
            kept = _overlap(self._held, shown)
            cut = len(self._held) - kept
            self._emit("stdout", self._held[:cut])
            self._held, self._pure = self._held[cut:], False
            if kept >= 2 * _SURE:
                self._drop(self._held)

    def _drop(self, text: str) -> None:
        """``text``, which is what is held, was shown before."""
        rest = self._shown.lstrip()[len(text) :]
        tail = self._held[len(self._held.rstrip()) :]
        if tail and rest.startswith(tail):
            rest = rest[len(tail) :]
        elif tail:
            self._emit("stdout", tail)
        self._held, self._shown = "", rest

    def _release(self) -> None:
        """Waiting for more of what is held is over."""
        body = self._held.strip()
        if body and self._pure and self._shown.strip().startswith(body):
            self._drop(body)
        else:
            self._emit("stdout", self._held)
            self._held = ""

    def _emit(self, channel: Channel, text: str) -> None:
        if not text:
            return
        if self._out and self._out[-1][0] == channel:
            self._out[-1] = (channel, self._out[-1][1] + text)
        else:
            self._out.append((channel, text))

    def _take(self) -> list[Piece]:
        out, self._out = self._out, []
        return out


def _overlap(text: str, wanted: str) -> int:
    """Length of the longest end of ``text`` that is a beginning of ``wanted``."""
    for length in range(min(len(text), len(wanted)), 0, -1):
        if wanted.startswith(text[-length:]):
            return length
    return 0
