"""The model manager as a widget: every registered model, live, with what can be done with it."""

from __future__ import annotations

import atexit
import os
from functools import cache
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from traitlets import Any as AnyTrait

from wasinn_nb.notebook import views
from wasinn_nb.notebook.widgets.base import Handler, LiveWidget
from wasinn_nb.notebook.widgets.manager.session import Session

if TYPE_CHECKING:
    from wasinn_nb.api import Host
    from wasinn_nb.notebook.widgets.requests import Request

# pages that were reloaded leave forms and displays behind
_FORMS = 8
_DISPLAYS = 50

_panels: WeakSet[ModelPanel] = WeakSet()
_shared: list[ModelPanel] = []


def _overview(_value: object, panel: ModelPanel) -> dict[str, Any]:
    return panel.session.look()


class ModelPanel(LiveWidget):
    """A table of all models of this process, with their states, devices, memory and users.

    Changes show within a fifth of a second wherever they come from: code, guests, other views.
    Nothing is watched while no view is open. Display it, put it into an ``HBox``, or type
    ``%wasinn panel``.

    Args:
        host: whose models; by default this process's host.
    """

    frontend = "panel"

    overview = AnyTrait(help="What a view draws before the kernel has answered it.").tag(
        sync=True, to_json=_overview
    )

    def __init__(self, host: Host | None = None) -> None:
        from wasinn_nb.api import host as this_host

        self._host = host or this_host()
        self._forms: list[LiveWidget] = []
        self._displays: list[Any] = []
        self.session = Session(self._host, self.post)
        super().__init__()
        _panels.add(self)
        _end_at_exit()

    def handlers(self) -> dict[str, Handler]:
        """What views may ask, by kind."""
        return {**self.session.handlers(), "configure": self._configure, "configured": self._drop}

    def snapshot(self) -> dict[str, Any]:
        """Everything that is to be shown."""
        return self.session.snapshot()

    def end(self) -> None:
        """Put a table of the models in place of the panel wherever it is shown, and close it."""
        table = self._table()
        for display in self._displays:
            display.update(table, raw=True)
        self.close()

    def close(self) -> None:
        """Close the panel, and the forms that were opened in it; what was begun goes on."""
        self.session.close()
        while self._forms:
            self._forms.pop().close()
        super().close()

    def _configure(self, request: Request) -> dict[str, Any]:
        """Make a form for a model; views show it by its reference."""
        from wasinn_nb.notebook.widgets.config import ModelConfig

        form = ModelConfig(request.text("name"), self._host)
        self._forms.append(form)
        while len(self._forms) > _FORMS:
            self._forms.pop(0).close()
        return {"form": form.model_id}

    def _drop(self, request: Request) -> None:
        wanted = request.text("form")
        for form in [form for form in self._forms if form.model_id == wanted]:
            self._forms.remove(form)
            form.close()

    def _table(self) -> dict[str, str]:
        table = views.models(self._host.models())
        return {"text/plain": repr(table), "text/html": table._repr_html_()}

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
        # for where there is no kernel, or no widgets: the table as it was
        return {**data, **self._table()}, metadata


def shared_panel(host: Host) -> ModelPanel:
    """The one panel that all cells with ``%wasinn panel`` show: views cost no messages."""
    if not _shared or _shared[0].comm is None:
        _shared[:] = [ModelPanel(host)]
    return _shared[0]


def end_all() -> None:
    """Put tables in place of all panels, because the kernel or the extension ends."""
    _shared.clear()
    for panel in list(_panels):
        panel.end()


@cache
def _end_at_exit() -> None:
    process = os.getpid()
    atexit.register(lambda: end_all() if os.getpid() == process else None)
