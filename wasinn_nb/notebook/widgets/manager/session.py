"""One panel's conversation: what it may ask of the manager, and what is asked of the user first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from wasinn_nb.nn.record import ModelRecord, ModelState
from wasinn_nb.notebook.widgets.manager.manager import manager

if TYPE_CHECKING:
    from wasinn_nb.api import Host
    from wasinn_nb.notebook.widgets.answers import Handler, Post
    from wasinn_nb.notebook.widgets.requests import Request

Answer = dict[str, Any]


class Session:
    """The kernel's side of one panel, whatever carries its messages.

    Answers to ``hello`` come from :meth:`snapshot`, to requests from :meth:`handlers`; messages of
    the kind ``changed`` are posted while a view is there. What would stop a run, or could not be
    taken back, is answered with ``{"confirm": ...}`` and done when the view asks again with what
    its user has agreed to. To a ``careful`` view every unload is such a thing.

    Args:
        post: sends a message to all views of the panel.
    """

    def __init__(self, host: Host, post: Post) -> None:
        self._manager = manager(host)
        self._actions = self._manager.actions
        self._host = host
        self._post = post

    def look(self) -> Answer:
        """Everything that is to be shown, without a view being there."""
        return self._manager.look()

    def snapshot(self) -> Answer:
        """Everything that is to be shown, to a view that is there from now on."""
        return self._manager.watch(self._post)

    def handlers(self) -> dict[str, Handler]:
        """What views may ask, by kind."""
        return {
            "load": self._load,
            "cancel": self._cancel,
            "unload": self._unload,
            "unload_others": self._unload_others,
            "unload_all": self._unload_all,
            "forget": self._forget,
            "dismiss": self._dismiss,
            "bye": self._bye,
        }

    def leave(self) -> None:
        """Watch no more, until a view says hello."""
        self._manager.leave(self._post)

    def close(self) -> None:
        """Watch no more, and say no more; what was begun goes on."""
        self.leave()
        self._post = _nobody  # who posts refers to this

    def _load(self, request: Request) -> None:
        self._actions.load(self._record(request).name)

    def _cancel(self, request: Request) -> Answer | None:
        record = self._record(request)
        if self._actions.work(record.name) or not record.wanted_by:
            self._actions.cancel(record.name)
            return None
        if question := _question([record.wanted_by], request):
            return question
        self._host.runner.cancel([record.wanted_by])
        return None

    def _unload(self, request: Request) -> Answer | None:
        return self._unload_these([self._record(request)], request)

    def _unload_others(self, request: Request) -> Answer | None:
        kept = self._record(request).name
        return self._unload_these([r for r in self._idle() if r.name != kept], request)

    def _unload_all(self, request: Request) -> Answer | None:
        return self._unload_these(self._idle(), request)

    def _unload_these(self, records: Sequence[ModelRecord], request: Request) -> Answer | None:
        careful = bool(records) and "careful" in request and request.flag("careful")
        users = (user for record in records for user in record.users)
        if question := _question(users, request, loaded=careful):
            return question
        self._actions.unload([r.name for r in records], stop=[r.name for r in records if r.users])
        return None

    def _forget(self, request: Request) -> Answer | None:
        record = self._record(request)
        loaded = record.state is ModelState.LOADED
        if question := _question(record.users, request, loaded=loaded, pinned=record.pins):
            return question
        self._actions.forget(record.name, stop=bool(record.users))
        return None

    def _dismiss(self, request: Request) -> None:
        self._actions.dismiss(request.text("name"))

    def _bye(self, _request: Request) -> None:
        """A view has gone; if others are there, they say hello."""
        self.leave()
        self._post("anyone")

    def _record(self, request: Request) -> ModelRecord:
        return self._host.registry.describe(request.text("name"))

    def _idle(self) -> list[ModelRecord]:
        """The loaded models that nothing is done with yet."""
        loaded = [r for r in self._host.models() if r.state is ModelState.LOADED]
        return [r for r in loaded if not self._actions.work(r.name)]


def _nobody(kind: str, **data: Any) -> None:
    """Where there is nobody to post to."""
    del kind, data


def _question(
    users: Iterable[str],
    request: Request,
    *,
    loaded: bool = False,
    pinned: Iterable[str] = (),
) -> Answer | None:
    """What the user has to agree to and has not; ``agree`` is what the view sends back then.

    Args:
        users: runs that would be stopped.
        loaded: memory would be given up that was not asked for by name.
        pinned: settings that would be lost.
    """
    users, pinned = list(dict.fromkeys(users)), list(pinned)
    needed = [f"stop {user}" for user in users]
    needed += ["unload"] * loaded + [f"unpin {key}" for key in pinned]
    if set(needed) <= set(request.names("agreed")):
        return None
    return {"confirm": {"users": users, "loaded": loaded, "pinned": pinned, "agree": needed}}
