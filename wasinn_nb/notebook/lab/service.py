"""What the pages of a kernel may ask, and what they are told while one of them is there."""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from wasinn_nb import __version__
from wasinn_nb.nn.configs import KEEP_LOADED
from wasinn_nb.nn.errors import InvalidArgument
from wasinn_nb.nn.settings import Schema
from wasinn_nb.notebook import verbs
from wasinn_nb.notebook.lab import reference
from wasinn_nb.notebook.lab.forms import Forms
from wasinn_nb.notebook.lab.generating import Generating
from wasinn_nb.notebook.lab.guests import Guests
from wasinn_nb.notebook.preferences import FASTEST, SLOWEST
from wasinn_nb.notebook.progress import CLICK
from wasinn_nb.notebook.widgets.answers import Handler, answer
from wasinn_nb.notebook.widgets.manager.session import Session

if TYPE_CHECKING:
    from wasinn_nb.api import Host
    from wasinn_nb.notebook.lab.cells import Cells
    from wasinn_nb.notebook.preferences import Preferences
    from wasinn_nb.notebook.widgets.answers import Post
    from wasinn_nb.notebook.widgets.requests import Request

LEASE = 150.0
"""Seconds that a greeting counts; a page that is there repeats it in time."""

# seconds that other pages get to say that they are there
_ANYONE = 10.0


class Service:
    """Answers pages. Which of them asked is not known: all hear all answers.

    Args:
        host: the kernel's.
        preferences: the extension's settings.
        cells: what is known of the notebooks' cells.
        post: sends a message to all pages.
    """

    def __init__(self, host: Host, preferences: Preferences, cells: Cells, post: Post) -> None:
        self._host = host
        self._preferences = preferences
        self._cells = cells
        self._post = post
        self._session = Session(host, post)
        self._generating = Generating(host, post)
        self._forms = Forms(host, post)
        self._guests = Guests(host, cells)
        self._lock = threading.Lock()
        self._lease: threading.Timer | None = None
        self._closed = False
        self._handlers: dict[str, Handler] = {
            **self._session.handlers(),
            **self._forms.handlers(),
            **self._guests.handlers(),
            "hello": self._hello,
            "bye": self._bye,
            "stop": self._stop,
            "prefer": self._prefer,
        }
        self._slow: dict[str, Handler] = {**self._guests.slow_handlers(), "help": self._help}

    def received(self, content: object) -> None:
        """A page has sent a message."""
        kind = content.get("kind") if isinstance(content, Mapping) else None
        if isinstance(kind, str) and kind in self._slow:
            # others must not wait: all pages may share one thread
            thread = threading.Thread(
                target=contextvars.copy_context().run,
                args=(answer, content, self._slow, self._post),
                name=f"wasinn {kind}",
                daemon=True,
            )
            thread.start()
        else:
            answer(content, self._handlers, self._post)

    def close(self) -> None:
        """Answer and watch no more; what was begun goes on."""
        with self._lock:
            self._closed = True
            self._renew(None)
        self._generating.leave()
        self._session.leave()
        self._forms.end()
        self._session.close()

    # -- who is there --------------------------------------------------------------------------

    def _hello(self, _request: Request) -> None:
        with self._lock:
            if self._closed:
                return
            self._renew(LEASE)
            generating = self._generating.watch()
            welcome = self._session.snapshot()
        self._post(
            "welcome",
            **welcome,
            version=__version__,
            languages=list(verbs.languages()),
            generating=generating,
            marks=self._cells.marks(),
        )
        self._forms.wake()

    def _bye(self, _request: Request) -> None:
        """A page has gone; if others are there, they say hello."""
        with self._lock:
            self._renew(None if self._closed else _ANYONE)
        self._post("anyone")

    def _renew(self, seconds: float | None) -> None:
        """Watch for so long; None for no longer."""
        if self._lease is not None:
            self._lease.cancel()
        self._lease = None
        if seconds is not None:
            self._lease = threading.Timer(seconds, self._expire)
            self._lease.daemon = True
            self._lease.start()

    def _expire(self) -> None:
        with self._lock:
            if self._lease is threading.current_thread():
                self._lease = None
                self._generating.leave()
                self._session.leave()
                self._forms.rest()

    # -- what is asked -------------------------------------------------------------------------

    def _stop(self, _request: Request) -> dict[str, Any]:
        """As the Stop of every cell would: guests that run, and those that are being built."""
        building = self._host.cancel_builds(CLICK)
        runs = self._host.runs
        for run in runs:
            run.cancel()
        return {"stopped": [*building, *(run.name for run in runs)]}

    def _prefer(self, request: Request) -> None:
        """Settings of the page: null withdraws one."""
        wishes: dict[str, Any] = {}
        if "stream" in request:
            wishes["stream"] = None if request.is_null("stream") else request.flag("stream")
        if "frame_rate" in request:
            wishes["frame_rate"] = None if request.is_null("frame_rate") else _paints(request)
        for name, value in wishes.items():
            self._preferences.wish(name, value)

    def _help(self, _request: Request) -> dict[str, Any]:
        backends = self._host.registry.backends()
        schemas = {name: backend.schema() for name, backend in backends.items()}
        return reference.table({**schemas, "host": Schema([KEEP_LOADED])})


def _paints(request: Request) -> float:
    rate = request.number("frame_rate")
    if not SLOWEST <= rate <= FASTEST:
        raise InvalidArgument(f"frame_rate is {rate:g}; it can be {SLOWEST} to {FASTEST}.")
    return rate
