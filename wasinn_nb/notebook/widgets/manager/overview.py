"""What all panels of a host show, and how it differs from what they were told last."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from wasinn_nb.nn.events import Event, EventKind
from wasinn_nb.nn.record import ModelRecord, ModelState
from wasinn_nb.notebook.widgets.manager import rows
from wasinn_nb.notebook.widgets.manager.rows import Freed, Progress, Row, Totals

if TYPE_CHECKING:
    from wasinn_nb.api import Host
    from wasinn_nb.notebook.widgets.manager.actions import Actions

# memory moves all the time: below this share of the machine's, a figure waits for a better reason
_WORTH_TELLING = 0.01


class Overview:
    """The rows of a host's models, and memory. Used by one thread at a time.

    Attributes:
        revision: counts changes; who knows one revision can take the difference to the next.
    """

    def __init__(self, host: Host, actions: Actions) -> None:
        self.revision = 0
        self._host = host
        self._actions = actions
        self._rows: dict[str, Row] = {}
        self._progress: list[Progress] = []
        self._freed: dict[str, Freed] = {}
        self._totals: Totals | None = None

    def note(self, events: Iterable[Event]) -> None:
        """Take what only events tell: what unloads gave back."""
        for event in events:
            name = event.subject
            if event.kind is EventKind.MODEL_LOADING:
                self._freed.pop(name, None)
            elif event.kind is EventKind.MODEL_UNLOADED:
                freed, seconds = event.data["freed"], event.data["seconds"]
                self._freed[name] = {"bytes": freed, "seconds": seconds, "at": event.time}
            if event.kind in (EventKind.MODEL_LOADED, EventKind.MODEL_UNLOADED):
                self._actions.settled(name, event.time)

    def whole(self) -> dict[str, Any]:
        """Everything, as of the last :meth:`difference`."""
        return {
            "revision": self.revision,
            "now": time.time(),
            "rows": list(self._rows.values()),
            "progress": self._progress,
            "totals": self._totals,
        }

    def difference(self) -> dict[str, Any] | None:
        """Look at the host: what has changed since the last look; None if nothing has."""
        records = self._host.models()
        current = {record.name: self._row(record) for record in records}
        progress = [rows.progress(r) for r in records if r.state is ModelState.LOADING]
        totals = rows.totals(self._host.memory())
        change: dict[str, Any] = {}
        if changed := [row for name, row in current.items() if self._rows.get(name) != row]:
            change["rows"] = changed
        if list(current) != list(self._rows):
            change["order"] = list(current)
        if progress != self._progress:
            change["progress"] = progress
        if (change or _differ(self._totals, totals)) and totals != self._totals:
            change["totals"] = self._totals = totals
        if not change:
            return None
        self._rows, self._progress = current, progress
        self._freed = {name: freed for name, freed in self._freed.items() if name in current}
        self.revision += 1
        return {"revision": self.revision, "now": time.time(), **change}

    def _row(self, record: ModelRecord) -> Row:
        name = record.name
        return rows.row(
            record,
            work=self._actions.work(name),
            problem=self._actions.problem(name),
            freed=self._freed.get(name),
        )


def _differ(told: Totals | None, now: Totals) -> bool:
    """Whether memory has moved by an amount that is worth a message of its own."""
    if told is None:
        return True
    enough = _WORTH_TELLING * now["total"]
    return any(abs(now[key] - told[key]) > enough for key in ("models", "process", "free"))
