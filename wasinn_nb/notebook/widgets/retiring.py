"""Widgets that end as something static in their cell, and stay until every page has that."""

from __future__ import annotations

from collections import deque
from contextlib import suppress
from typing import Any

from traitlets import Unicode

from wasinn_nb.nn.errors import InvalidArgument
from wasinn_nb.notebook.widgets.answers import Handler
from wasinn_nb.notebook.widgets.base import LiveWidget
from wasinn_nb.notebook.widgets.requests import Request

_KEPT = 8

_retired: deque[RetiringWidget] = deque()


class RetiringWidget(LiveWidget):
    """A widget whose output in a cell is replaced when what it shows is over.

    The kernel does not reach a page that was loaded again meanwhile, or is yet to be: there a view
    puts the last form in place, so the widget stays for a while.
    """

    reference = Unicode(help="Its id, by which the outputs of a notebook refer to it.").tag(
        sync=True
    )

    def __init__(self, **traits: Any) -> None:
        self._greeted = self._gone = 0
        self._last: dict[str, str] | None = None
        super().__init__(**traits)
        self.reference = self.model_id

    def handlers(self) -> dict[str, Handler]:
        """``bundle`` asks for the last form; ``bye`` tells that a view has gone."""
        return {"bundle": self._asked_for_last, "bye": self._went}

    def snapshot(self) -> dict[str, Any]:
        """Whether the last form is to be had."""
        self._greeted += 1
        return {"left": self._last is not None}

    def retire(self, last: dict[str, str]) -> None:
        """Close it when no page shows it any more.

        Args:
            last: the forms of the cell's output, by MIME type.
        """
        self._last = last
        _retired.append(self)
        self.post("left")
        self._close_unseen()
        while len(_retired) > _KEPT:
            _retired.popleft().close()

    def _asked_for_last(self, _request: Request) -> dict[str, Any]:
        if self._last is None:
            raise InvalidArgument("This view stays in its cell.")
        return {"data": self._last}

    def _went(self, _request: Request) -> None:
        self._gone += 1
        self._close_unseen()

    def _close_unseen(self) -> None:
        """Close it if it is over, and every view that has greeted has gone."""
        if self._last is not None and self._gone >= self._greeted:
            with suppress(ValueError):  # another thread was faster
                _retired.remove(self)
            self.close()


def close_retired() -> None:
    """Close those that were kept for pages that were loaded again."""
    while _retired:
        _retired.popleft().close()
