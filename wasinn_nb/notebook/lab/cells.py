"""What is known of the cells of notebooks: the guest that each made last, and its marks."""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    from wasinn_nb.guest.build.errors import BuildError
    from wasinn_nb.guest.guest import Guest
    from wasinn_nb.guest.run import Run
    from wasinn_nb.notebook.cells import Origin
    from wasinn_nb.notebook.lab.marks import Mark
    from wasinn_nb.notebook.widgets.answers import Post

_log = logging.getLogger(__name__)

_MARKED = 100
# a guest is a megabyte, and a notebook is run all day
_MADE = 50


class Cells:
    """The cells that guests come from. Thread-safe.

    Args:
        post: tells pages of marks.
    """

    def __init__(self, post: Post) -> None:
        self._post = post
        self._lock = threading.Lock()
        self._marks: OrderedDict[str, list[Mark]] = OrderedDict()
        self._built: OrderedDict[str, _Build] = OrderedDict()
        self._builds: WeakKeyDictionary[Guest, tuple[str, int]] = WeakKeyDictionary()
        self._count = 0

    def origin(self, cell: str, above: Sequence[str]) -> Origin:
        """What is to be told of a build of a cell.

        Args:
            cell: its id.
            above: its lines above the source.
        """
        return _Build(self, cell, above)

    def marks(self) -> list[dict[str, Any]]:
        """The marks of all cells, as a page is sent them."""
        with self._lock:
            return [{"cell": cell, "marks": marks} for cell, marks in self._marks.items()]

    def guests(self) -> list[Guest]:
        """The last guest of each cell, the newest first."""
        with self._lock:
            built = reversed(self._built.values())
            return [build.guest for build in built if build.guest is not None]

    def of(self, guest: Guest) -> tuple[str | None, int]:
        """The cell that made a guest, and its turn among all of them, from 1; 0 if none did."""
        with self._lock:
            return self._builds.get(guest, (None, 0))

    def ended(self, build: _Build, guest: Guest | None) -> None:
        """A build has ended: it is what the cell holds now."""
        with self._lock:
            before = self._built.pop(build.cell, None)
            self._built[build.cell] = build
            if guest is not None:
                self._count += 1
                self._builds[guest] = (build.cell, self._count)
                build.guest = guest
            elif before is not None:
                build.guest = before.guest
            while len(self._built) > _MADE:
                self._built.popitem(last=False)

    def mark(self, build: _Build, found: list[Mark], *, again: bool = True) -> None:
        """Replace the marks of a cell and tell the pages, unless it was built anew since.

        Args:
            build: what the marks are about.
            again: tell also what they know: they drop marks when somebody types.
        """
        with self._lock:
            if self._built.get(build.cell) is not build:
                return
            before = self._marks.pop(build.cell, [])
            if found:
                self._marks[build.cell] = found
            while len(self._marks) > _MARKED:
                self._marks.popitem(last=False)
            if again or found != before:
                # under the lock, so that pages hear of changes in their order
                self._tell(build.cell, found)

    def _tell(self, cell: str, found: list[Mark]) -> None:
        try:
            self._post("marks", cell=cell, marks=found)
        except Exception:  # noqa: BLE001 - a cell that cannot be marked works all the same
            _log.exception("Pages are not told of marks.")


class _Build:
    """One build of a cell's source, and the runs of what came of it.

    Attributes:
        cell: the cell's id.
        guest: the last one that the cell made, be it before this.
    """

    def __init__(self, cells: Cells, cell: str, above: Sequence[str]) -> None:
        self.cell = cell
        self.guest: Guest | None = None
        self._cells = cells
        self._above = above

    def refused(self, error: BuildError) -> None:
        """The source does not build."""
        from wasinn_nb.notebook.lab import marks

        self._cells.ended(self, None)
        self._cells.mark(self, marks.of_error(error, self._above))

    def built(self, guest: Guest) -> None:
        """It does."""
        from wasinn_nb.notebook.lab import marks

        self._cells.ended(self, guest)
        self._cells.mark(self, marks.of_build(guest))
        guest.on_end(self._ran)

    def _ran(self, guest: Guest, run: Run) -> None:
        """A run has ended, begun by whichever cell; what was stopped says nothing of the source."""
        from wasinn_nb.notebook.lab import marks

        if run.state in ("finished", "failed"):
            found = [*marks.of_run(guest, run), *marks.of_build(guest)][: marks.MOST]
            self._cells.mark(self, found, again=False)
