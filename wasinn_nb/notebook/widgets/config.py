"""A model's settings as a form that shows what each would cost before it is applied."""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from traitlets import Dict, List, Unicode

from wasinn_nb.nn.errors import Busy, InvalidArgument, NotFound, WasinnError
from wasinn_nb.nn.events import Event, EventKind, Subscription
from wasinn_nb.notebook.widgets import config_form
from wasinn_nb.notebook.widgets.base import Handler
from wasinn_nb.notebook.widgets.config_apply import IDLE, NO_OUTCOME, Application
from wasinn_nb.notebook.widgets.config_draft import Draft
from wasinn_nb.notebook.widgets.placed import PlacedWidget

if TYPE_CHECKING:
    from wasinn_nb.api import Host
    from wasinn_nb.notebook.widgets.requests import Request

# at most twenty looks a second, however fast somebody drags or events come
_EVERY = 0.05
# a view that the table did not replace says so within a second
_PATIENCE = 3.0
# events of other models: how much memory is free has changed
_MEMORY = {EventKind.MODEL_LOADED, EventKind.MODEL_UNLOADED, EventKind.MODEL_MEMORY}

_in_cells: dict[str, ModelConfig] = {}


class ModelConfig(PlacedWidget):
    """A form over a model's settings, built from what its backend says of them.

    What is changed in the form is a draft: its cost is shown at once, and nothing else happens
    before *Apply*, which loads the model again only if a load-time setting changed. The form
    follows when pins are changed or the model is loaded elsewhere. All views of it show the same.

    Args:
        name: a registered model.
        host: whose; by default this process's host.

    Raises:
        NotFound: there is no such model.
    """

    frontend = "config"

    name = Unicode(help="The model's name.").tag(sync=True)
    reference = Unicode(help="By which outputs refer to this widget.").tag(sync=True)
    fields: List[Any] = List(help="The settings; see config_form.Field.").tag(sync=True)
    model = Dict(help="The model as it is, and its settings without the draft.").tag(sync=True)
    prospect = Dict(help="The draft, and what it would come to.").tag(sync=True)
    work = Dict(IDLE, help="What an Apply is doing.").tag(sync=True)
    outcome = Dict(NO_OUTCOME, help="How the last Apply ended.").tag(sync=True)

    def __init__(self, name: str, host: Host | None = None) -> None:
        from wasinn_nb.api import host as this_host

        # the traits are for views; what is done follows from these
        self._host = host or this_host()
        self._name = name
        self._draft = Draft()
        self._application: Application | None = None
        self._subscription: Subscription | None = None
        self._lock = threading.RLock()
        self._look_lock = threading.Lock()
        self._ended = threading.Event()
        self._closed = threading.Event()
        self._remains = threading.Event()
        super().__init__(name=name, **self._look(self._draft))
        self.reference = self.model_id
        self._subscription = self._host.bus.subscribe()
        watcher = threading.Thread(
            target=self._watch,
            args=(self._subscription,),
            name=f"wasinn config {name}",
            daemon=True,
        )
        watcher.start()
        self._wake()  # what happened since it looked has not been heard

    def end(self) -> None:
        """Put a table of the settings in place of the form wherever it is shown, and close it."""
        with self._lock:
            if self._ended.is_set() or self._closed.is_set():
                return
            self._ended.set()
            self.leave_table()
        self._wake()

    def close(self) -> None:
        """Close the form; what it applies goes on."""
        if self._subscription is None:  # ipywidgets also closes what was never made
            return
        self._closed.set()
        self._wake()
        super().close()

    # -- what views ask ------------------------------------------------------------------------

    def handlers(self) -> dict[str, Handler]:
        """What views may ask, by kind."""
        return {
            "draft": self._take,
            "apply": self._apply,
            "cancel": self._cancel,
            "close": lambda _: self.end(),
            "remains": lambda _: self._remains.set(),
        }

    def _take(self, request: Request) -> None:
        draft = Draft.read(request)
        with self._lock:
            self._draft = draft
            if self._application is None:
                self.outcome = NO_OUTCOME
        self._wake()

    def _apply(self, request: Request) -> None:
        stop = request.flag("stop")
        with self._lock:
            if self._application is not None:
                raise Busy("Settings are being applied already.")
            draft = self._draft
            values, errors = draft.checked(self._host.registry.schema(self._name))
            if errors:
                raise InvalidArgument(" ".join(errors.values()))

            def ended(outcome: dict[str, Any], *, applied: bool) -> None:
                self._applied(outcome, draft if applied else None)

            self.outcome = NO_OUTCOME
            self._application = Application(self._host, self._name, values, draft.unset, stop=stop)
            self._application.start(self._report, ended)

    def _cancel(self, _request: Request) -> None:
        if (application := self._application) is not None:
            application.cancel()

    # -- what an Apply tells -------------------------------------------------------------------

    def _report(self, work: dict[str, Any]) -> None:
        with self._lock:
            self.work = work

    def _applied(self, outcome: dict[str, Any], draft: Draft | None) -> None:
        with self._lock:
            if draft is not None:
                self._draft = self._draft.without(draft)
        self._refresh()
        with self._lock:
            self._application = None
            self.outcome = outcome
            self.work = IDLE

    # -- what is shown -------------------------------------------------------------------------

    def _wake(self) -> None:
        if (subscription := self._subscription) is not None:
            subscription.put(Event(EventKind.NOTICE, self._name))

    def _watch(self, subscription: Subscription) -> None:
        while not (self._closed.is_set() or self._ended.is_set()):
            subscription.wait()
            events = subscription.drain()
            if any(e.subject == self._name or e.kind in _MEMORY for e in events):
                self._refresh()
            self._ended.wait(_EVERY)
        self._host.bus.unsubscribe(subscription)
        if not (self._closed.is_set() or self._remains.wait(_PATIENCE)):
            self.close()

    def _refresh(self) -> None:
        with self._look_lock:  # who looked last tells last
            with self._lock:
                draft = self._draft
            try:
                traits = self._look(draft)
            except NotFound:
                traits = {"model": {**self.model, **_FORGOTTEN}}
            except Exception as error:  # noqa: BLE001 - the form has to go on
                problem = {"message": str(error) or type(error).__name__, "hint": ""}
                traits = {"prospect": {**self.prospect, "problem": problem}}
            with self._lock:
                if not (self._ended.is_set() or self._closed.is_set()):
                    for key, value in traits.items():
                        setattr(self, key, value)

    def _look(self, draft: Draft) -> dict[str, Any]:
        """The traits that say how things stand with a draft."""
        record = self._host.registry.describe(self._name)
        now = then = self._host.prospect(self._name)
        draft = draft.differing(now.pins)
        values, errors = draft.checked(now.schema)
        problem = None
        try:
            if values or draft.unset:
                then = self._host.prospect(self._name, values, unset=draft.unset)
        except NotFound:
            raise
        except WasinnError as error:
            problem = {"message": error.message, "hint": error.hint}
        ahead = config_form.ahead(now, then, draft)
        self._now = now
        return {
            "fields": config_form.fields(now.schema),
            "model": config_form.model(record, now),
            "prospect": ahead | {"errors": errors, "problem": problem},
        }

    def table(self) -> dict[str, Any]:
        """The settings that matter, as they are now."""
        with suppress(WasinnError):  # what there was last, of a model that is no more
            self._now = self._host.prospect(self._name)
        return config_form.table(self._now)


_FORGOTTEN = {
    "detail": "forgotten",
    "gone": "The model was forgotten. When it is registered again, this form goes on.",
    "loaded": False,
    "users": [],
}


def in_cell(name: str, host: Host) -> ModelConfig:
    """The form that ``%wasinn config NAME`` shows: the one of an earlier cell becomes a table."""
    form = ModelConfig(name, host)
    if (earlier := _in_cells.pop(name, None)) is not None:
        earlier.end()
    _in_cells[name] = form
    return form
