"""Reading a run's output while it grows, at the reader's own pace."""

from __future__ import annotations

from typing import NamedTuple

from wasinn_nb.guest.stdio import Printed
from wasinn_nb.guest.tokens import Segment, Transcript


class Arrived(NamedTuple):
    """What came between two looks.

    Attributes:
        segments: text of token streams, in order.
        stdout, stderr: what the guest printed. What it printed of a token comes with that token or
            later, never before it.
    """

    segments: list[Segment]
    stdout: str
    stderr: str


class RunReader:
    """One reader's place in the output of a run; from the beginning, at any time.

    Nothing is called while a run goes on, so a reader costs the run only when it reads.
    """

    def __init__(self, stdio: Printed, transcript: Transcript) -> None:
        self._stdout = stdio.stdout.follow()
        self._stderr = stdio.stderr.follow()
        self._transcript = transcript
        self._seen = 0

    def read(self, *, final: bool = False) -> Arrived:
        """What came since the last call, whole characters only.

        Args:
            final: the run is done, no more will come; the bytes of a broken character come too.
        """
        # Taken before the tokens: a guest prints a token once it is in its stream.
        stdout, stderr = self._stdout.read(final=final), self._stderr.read(final=final)
        segments = self._transcript.since(self._seen, final=final)
        self._seen += len(segments)
        return Arrived(segments, stdout, stderr)
