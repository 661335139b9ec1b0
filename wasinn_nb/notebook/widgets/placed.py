"""Widgets that a person asks for, and that leave a table where they were shown."""

from __future__ import annotations

import atexit
import os
from contextlib import suppress
from functools import cache
from typing import Any
from weakref import WeakSet

from traitlets import Bool

from wasinn_nb.notebook.widgets.base import LiveWidget

# pages that were loaded again leave displays behind
_DISPLAYS = 50

_placed: WeakSet[PlacedWidget] = WeakSet()


class PlacedWidget(LiveWidget):
    """A widget with a table beside it, for where there is no kernel and for when it ends."""

    ended = Bool(help="It has ended, and stays as a table.").tag(sync=True)

    def __init__(self, **traits: Any) -> None:
        self._displays: list[Any] = []
        super().__init__(**traits)
        _placed.add(self)
        _end_at_exit()

    def table(self) -> dict[str, Any]:
        """What it shows now, by MIME type, for readers without widgets."""
        raise NotImplementedError

    def end(self) -> None:
        """Put the table in place of the widget wherever it is shown, and close it."""
        self.leave_table()
        self.close()

    def leave_table(self) -> None:
        """Put the table in place of the widget wherever it is shown."""
        table = self.table()
        for display in self._displays:
            display.update(table, raw=True)
        # an output of a page that was loaded again cannot be replaced: there a view is the table
        self.ended = True

    def _ipython_display_(self, **_options: Any) -> None:
        from IPython.display import DisplayHandle

        data, metadata = self._repr_mimebundle_() or ({}, {})
        handle = DisplayHandle()
        handle.display(data, raw=True, metadata=metadata)
        self._displays = [*self._displays, handle][-_DISPLAYS:]

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict[str, Any], dict[str, Any]] | None:
        bundle = super()._repr_mimebundle_(**kwargs)
        if bundle is None:
            return None
        data, metadata = bundle
        return {**data, **self.table()}, metadata


def end_all() -> None:
    """Leave tables in place of all of them, because the kernel or the extension ends."""
    for widget in list(_placed):
        with suppress(Exception):  # one that fails must not keep the others from ending
            if widget.ended:  # and had remained where its output could not be replaced
                widget.close()
            else:
                widget.end()


@cache
def _end_at_exit() -> None:
    process = os.getpid()
    atexit.register(lambda: end_all() if os.getpid() == process else None)
