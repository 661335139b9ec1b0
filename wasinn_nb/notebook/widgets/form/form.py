"""A form: a draft of pins over a model that others use, and what it would come to."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from wasinn_nb.nn.errors import Busy, InvalidArgument, NotFound, WasinnError
from wasinn_nb.nn.events import Event, EventKind, Subscription
from wasinn_nb.notebook.widgets.answers import Handler
from wasinn_nb.notebook.widgets.form import content
from wasinn_nb.notebook.widgets.form.application import IDLE, NO_OUTCOME, Application
from wasinn_nb.notebook.widgets.form.draft import Draft

if TYPE_CHECKING:
    from wasinn_nb.api import Host
    from wasinn_nb.nn.prospect import Prospect
    from wasinn_nb.notebook.widgets.requests import Request

State = dict[str, Any]

# at most twenty looks a second, however fast somebody drags or events come
_EVERY = 0.05
# events of other models: how much memory is free has changed
_MEMORY = {EventKind.MODEL_LOADED, EventKind.MODEL_UNLOADED, EventKind.MODEL_MEMORY}

_FORGOTTEN = {
    "detail": "forgotten",
    "gone": "The model was forgotten. When it is registered again, this form goes on.",
    "loaded": False,
    "users": [],
}


class Form:
    """The kernel's side of one form, whatever carries its messages.

    What it shows is a mapping: ``fields`` (the settings, :class:`content.Field`), ``model`` (how it
    is, and its settings without the draft), ``prospect`` (the draft, and what it would come to),
    ``work`` (what an Apply is doing) and ``outcome`` (how the last one ended). It follows the model
    from :meth:`watch` on.

    Args:
        name: a registered model.
        changed: told the values that have become others, one call after the other, from any thread.
        draft: what somebody has changed already.

    Attributes:
        name: the model's.

    Raises:
        NotFound: there is no such model.
    """

    def __init__(
        self,
        name: str,
        host: Host,
        changed: Callable[[State], None],
        draft: Draft | None = None,
    ) -> None:
        self.name = name
        self._host = host
        self._changed = changed
        self._draft = draft or Draft()
        self._application: Application | None = None
        self._subscription: Subscription | None = None
        self._lock = threading.RLock()
        self._look_lock = threading.Lock()
        self._closed = threading.Event()
        self._now: Prospect
        self._state: State = {**self._look(self._draft), "work": IDLE, "outcome": NO_OUTCOME}

    @property
    def state(self) -> State:
        """Everything that it shows."""
        with self._lock:
            return dict(self._state)

    @property
    def draft(self) -> Draft:
        """What is changed in it and not applied."""
        with self._lock:
            return self._draft

    def handlers(self) -> dict[str, Handler]:
        """What views may ask, by kind."""
        return {"draft": self._take, "apply": self._apply, "cancel": self._cancel}

    def prospect(self) -> Prospect:
        """The model's settings as they are now, or as they were last of a model that is no more."""
        with suppress(WasinnError):
            self._now = self._host.prospect(self.name)
        return self._now

    def watch(self) -> None:
        """Follow the model in a thread until it is closed."""
        self._subscription = self._host.bus.subscribe()
        watcher = threading.Thread(
            target=self._watch,
            args=(self._subscription,),
            name=f"wasinn config {self.name}",
            daemon=True,
        )
        watcher.start()
        self._wake()  # what happened since it looked has not been heard

    def repeat(self) -> None:
        """Tell everything that it shows as if it had just become so."""
        with self._lock:
            if not self._closed.is_set():
                self._changed(self.state)

    def close(self) -> None:
        """Tell no more, once this returns; what it applies goes on."""
        with self._lock:
            self._closed.set()
        self._wake()

    # -- what views ask ------------------------------------------------------------------------

    def _take(self, request: Request) -> None:
        draft = Draft.read(request)
        with self._lock:
            self._draft = draft
            if self._application is None:
                self._set(outcome=NO_OUTCOME)
        self._wake()

    def _apply(self, request: Request) -> None:
        stop = request.flag("stop")
        with self._lock:
            if self._application is not None:
                raise Busy("Settings are being applied already.")
            draft = self._draft
            values, errors = draft.checked(self._host.registry.schema(self.name))
            if errors:
                raise InvalidArgument(" ".join(errors.values()))

            def ended(outcome: State, *, applied: bool) -> None:
                self._applied(outcome, draft if applied else None)

            self._set(outcome=NO_OUTCOME)
            self._application = Application(self._host, self.name, values, draft.unset, stop=stop)
            self._application.start(lambda work: self._set(work=work), ended)

    def _cancel(self, _request: Request) -> None:
        if (application := self._application) is not None:
            application.cancel()

    def _applied(self, outcome: State, draft: Draft | None) -> None:
        with self._lock:
            if draft is not None:
                self._draft = self._draft.without(draft)
        self._refresh()
        with self._lock:
            self._application = None
            self._set(outcome=outcome, work=IDLE)

    # -- what is shown -------------------------------------------------------------------------

    def _set(self, **values: Any) -> None:
        with self._lock:
            news = {key: value for key, value in values.items() if self._state[key] != value}
            self._state |= news
            if news and not self._closed.is_set():
                self._changed(news)

    def _wake(self) -> None:
        if (subscription := self._subscription) is not None:
            subscription.put(Event(EventKind.NOTICE, self.name))

    def _watch(self, subscription: Subscription) -> None:
        while not self._closed.is_set():
            subscription.wait()
            events = subscription.drain()
            if any(e.subject == self.name or e.kind in _MEMORY for e in events):
                self._refresh()
            self._closed.wait(_EVERY)
        self._host.bus.unsubscribe(subscription)

    def _refresh(self) -> None:
        with self._look_lock:  # who looked last tells last
            with self._lock:
                draft, state = self._draft, self._state
            try:
                news = self._look(draft)
            except NotFound:
                news = {"model": {**state["model"], **_FORGOTTEN}}
            except Exception as error:  # noqa: BLE001 - the form has to go on
                problem = {"message": str(error) or type(error).__name__, "hint": ""}
                news = {"prospect": {**state["prospect"], "problem": problem}}
            self._set(**news)

    def _look(self, draft: Draft) -> State:
        """How things stand with a draft."""
        record = self._host.registry.describe(self.name)
        now = then = self._host.prospect(self.name)
        draft = draft.differing(now.pins)
        values, errors = draft.checked(now.schema)
        problem = None
        try:
            if values or draft.unset:
                then = self._host.prospect(self.name, values, unset=draft.unset)
        except NotFound:
            raise
        except WasinnError as error:
            problem = {"message": error.message, "hint": error.hint}
        ahead = content.ahead(now, then, draft)
        self._now = now
        return {
            "fields": content.fields(now.schema),
            "model": content.model(record, now),
            "prospect": ahead | {"errors": errors, "problem": problem},
        }
