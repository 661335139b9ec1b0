"""The one manager of a host: it watches the host for all panels, and acts for them."""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary

from wasinn_nb.nn.events import Event, EventKind, Subscription
from wasinn_nb.notebook.widgets.manager.actions import Actions
from wasinn_nb.notebook.widgets.manager.overview import Overview

if TYPE_CHECKING:
    from wasinn_nb.api import Host
    from wasinn_nb.notebook.widgets.answers import Post

_log = logging.getLogger(__name__)

# at most five messages a second, whatever happens
_EVERY = 0.2
# memory is looked at even if nothing has happened to models
_LOOK = 2.0


class Manager:
    """Rows for panels, told of changes by one thread that lives while a panel is watched.

    Attributes:
        actions: what panels can begin.
    """

    def __init__(self, host: Host) -> None:
        self.host = host
        self.actions = Actions(host, self._wake)
        self._overview = Overview(host, self.actions)
        self._lock = threading.Lock()
        self._posts: list[Post] = []
        self._subscription: Subscription | None = None

    def look(self) -> dict[str, Any]:
        """Everything that a panel shows, as it is now."""
        with self._lock:
            self._tell()
            return self._overview.whole()

    def watch(self, post: Post) -> dict[str, Any]:
        """Everything that a panel shows, and post differences to that from now on."""
        with self._lock:
            self._tell()
            if post not in self._posts:
                self._posts.append(post)
            if self._subscription is None:
                self._subscription = self.host.bus.subscribe()
                threading.Thread(
                    target=self._watch, args=(self._subscription,), name="wasinn panel", daemon=True
                ).start()
            return self._overview.whole()

    def leave(self, post: Post) -> None:
        """Post no more; without posts nothing is watched."""
        with self._lock:
            if post in self._posts:
                self._posts.remove(post)
        self._wake()

    def _wake(self) -> None:
        if (subscription := self._subscription) is not None:
            subscription.put(Event(EventKind.NOTICE))

    def _watch(self, subscription: Subscription) -> None:
        while True:
            subscription.wait(_LOOK)
            with self._lock:
                if not self._posts:
                    self._subscription = None
                    break
                self._tell()
            time.sleep(_EVERY)
        self.host.bus.unsubscribe(subscription)

    def _tell(self) -> None:
        if self._subscription is not None:
            self._overview.note(self._subscription.drain())
        difference = self._overview.difference()
        if difference is None:
            return
        for post in list(self._posts):
            try:
                post("changed", **difference)
            except Exception:  # noqa: BLE001 - one broken channel must not silence the others
                _log.exception("A panel is told nothing any more.")
                self._posts.remove(post)


_lock = threading.Lock()
# by the identity of the host, which a manager keeps alive
_managers: WeakValueDictionary[int, Manager] = WeakValueDictionary()


def manager(host: Host) -> Manager:
    """The manager of a host, for as long as somebody refers to it."""
    with _lock:
        known = _managers.get(id(host))
        if known is None:
            known = _managers[id(host)] = Manager(host)
        return known
