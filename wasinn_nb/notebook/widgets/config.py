"""A model's settings as a form that shows what each would cost before it is applied."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from traitlets import Dict, List, Unicode

from wasinn_nb.notebook.widgets.answers import Handler
from wasinn_nb.notebook.widgets.form import content
from wasinn_nb.notebook.widgets.form.form import Form
from wasinn_nb.notebook.widgets.placed import PlacedWidget

if TYPE_CHECKING:
    from wasinn_nb.api import Host

# a view that the table did not replace says so within a second
_PATIENCE = 3.0

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
    fields: List[Any] = List(help="The settings; see form.content.Field.").tag(sync=True)
    model = Dict(help="The model as it is, and its settings without the draft.").tag(sync=True)
    prospect = Dict(help="The draft, and what it would come to.").tag(sync=True)
    work = Dict(help="What an Apply is doing.").tag(sync=True)
    outcome = Dict(help="How the last Apply ended.").tag(sync=True)

    def __init__(self, name: str, host: Host | None = None) -> None:
        from wasinn_nb.api import host as this_host

        self._form = Form(name, host or this_host(), self._show)
        self._ending = threading.Lock()
        self._closing: threading.Timer | None = None
        super().__init__(name=name, **self._form.state)
        self.reference = self.model_id
        self._form.watch()

    def end(self) -> None:
        """Put a table of the settings in place of the form wherever it is shown, and close it."""
        with self._ending:
            if self.ended or self.comm is None:
                return
            self._form.close()
            self.leave_table()
            self._closing = threading.Timer(_PATIENCE, self.close)
            self._closing.daemon = True
            self._closing.start()

    def close(self) -> None:
        """Close the form; what it applies goes on."""
        if self.comm is None:  # ipywidgets also closes what was never made
            return
        self._form.close()
        super().close()

    def handlers(self) -> dict[str, Handler]:
        """What views may ask, by kind."""
        return {
            **self._form.handlers(),
            "close": lambda _: self.end(),
            "remains": lambda _: self._remain(),
        }

    def table(self) -> dict[str, Any]:
        """The settings that matter, as they are now."""
        return content.table(self._form.prospect())

    def _show(self, news: dict[str, Any]) -> None:
        for key, value in news.items():
            setattr(self, key, value)

    def _remain(self) -> None:
        """A page's output is still this widget, so its state is needed."""
        if (closing := self._closing) is not None:
            closing.cancel()


def in_cell(name: str, host: Host) -> ModelConfig:
    """The form that ``%wasinn config NAME`` shows: the one of an earlier cell becomes a table."""
    form = ModelConfig(name, host)
    if (earlier := _in_cells.pop(name, None)) is not None:
        earlier.end()
    _in_cells[name] = form
    return form
