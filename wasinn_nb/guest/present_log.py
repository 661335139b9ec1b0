"""The call log of an instance that is linked once and lives for several runs."""

from __future__ import annotations

from collections.abc import Callable

from wasinn_nb.abi.core.host import CallLog


class PresentLog:
    """The call log of whichever run goes on; what is called between two runs is in none.

    Attributes:
        present: the log of that run.
    """

    limit = 0

    def __init__(self) -> None:
        self.present: CallLog | None = None
        self.record: Callable[[tuple[str, float, float, int]], None] = self._record
        self.length: Callable[[], int] = self._length

    def _record(self, call: tuple[str, float, float, int]) -> None:
        if self.present is not None:
            self.present.record(call)

    def _length(self) -> int:
        """How far the log is from being long; 0 and more if it is."""
        return -1 if self.present is None else self.present.length() - self.present.limit

    def fold(self) -> None:
        """See :class:`CallLog`."""
        if self.present is not None:
            self.present.fold()
