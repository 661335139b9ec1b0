"""The model manager as a widget: every registered model, live, with what can be done with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from traitlets import Any as AnyTrait

from wasinn_nb.notebook import views
from wasinn_nb.notebook.widgets.answers import Handler
from wasinn_nb.notebook.widgets.base import LiveWidget
from wasinn_nb.notebook.widgets.manager.session import Session
from wasinn_nb.notebook.widgets.placed import PlacedWidget

if TYPE_CHECKING:
    from wasinn_nb.api import Host
    from wasinn_nb.notebook.widgets.requests import Request

# pages that were reloaded leave forms behind
_FORMS = 8

_shared: list[ModelPanel] = []


def _overview(_value: object, panel: ModelPanel) -> dict[str, Any]:
    return panel.session.look()


class ModelPanel(PlacedWidget):
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
        self.session = Session(self._host, self.post)
        super().__init__()

    def handlers(self) -> dict[str, Handler]:
        """What views may ask, by kind."""
        return {**self.session.handlers(), "configure": self._configure, "configured": self._drop}

    def snapshot(self) -> dict[str, Any]:
        """Everything that is to be shown."""
        return self.session.snapshot()

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
        form.reference = ""  # it is no cell's output
        self._forms.append(form)
        while len(self._forms) > _FORMS:
            self._forms.pop(0).close()
        return {"form": form.model_id}

    def _drop(self, request: Request) -> None:
        wanted = request.text("form")
        for form in [form for form in self._forms if form.model_id == wanted]:
            self._forms.remove(form)
            form.close()

    def table(self) -> dict[str, Any]:
        """All models, as they are now."""
        table = views.models(self._host.models())
        return {"text/plain": repr(table), "text/html": table._repr_html_()}


def shared_panel(host: Host) -> ModelPanel:
    """The one panel that all cells with ``%wasinn panel`` show: views cost no messages."""
    if not _shared or _shared[0].comm is None:
        _shared[:] = [ModelPanel(host)]
    return _shared[0]
