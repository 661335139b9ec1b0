"""What all widgets share: how they talk to their views, and how they end.

State goes through traits, where the last value wins; text and answers go as custom messages. A
view says ``hello`` when it is drawn and again when it missed something; the answer, ``welcome``,
carries a snapshot and proves that clicks arrive. Handlers run wherever the kernel handles messages
(the main thread, or one thread for all widgets), so they set a flag or start a thread, and return.
"""

from __future__ import annotations

from typing import Any

from anywidget import AnyWidget
from IPython.core.getipython import get_ipython
from traitlets import Bool, Enum, Float, Int, List, Unicode

from wasinn_nb.notebook.shells import has_audience, in_kernel
from wasinn_nb.notebook.widgets import assets, clicks, library
from wasinn_nb.notebook.widgets.answers import Handler, answer

_VIEW = "application/vnd.jupyter.widget-view+json"
# By which the JupyterLab extension knows our views, and shows what is beside one that has gone.
_OURS = "application/vnd.wasinn-nb.view+json"
_SMALL = (Bool, Enum, Float, Int)


class LiveWidget(AnyWidget):
    """A widget over the host. Subclasses name their front end and what their views may ask.

    Class attributes:
        frontend: the ES module in ``static/``, without its suffix.
    """

    frontend = ""

    _esm = Unicode().tag(sync=True)
    _css = Unicode().tag(sync=True)
    _anywidget_id = Unicode().tag(sync=True)
    _library = Unicode(help="The widget that has the front end's code.").tag(sync=True)
    _digest = Unicode(help="Tells that code from other versions of it.").tag(sync=True)
    _dropped = List(Unicode(), help="State that pages drop when the widget is closed.").tag(
        sync=True
    )
    stop_words = Unicode(help="What works instead of the buttons where clicks do not arrive.").tag(
        sync=True
    )

    def __init__(self, **traits: Any) -> None:
        super().__init__(
            _esm=assets.loader(),
            _anywidget_id=f"wasinn_nb.{self.frontend}",
            _library=library.of(self.frontend),
            _digest=assets.load(self.frontend).digest,
            _dropped=["_esm", *_bulky(type(self))],
            stop_words=clicks.stop_words(),
            **traits,
        )
        self.on_msg(self._received)
        clicks.route(self.comm)

    def add_traits(self, **traits: Any) -> None:
        """Only those that the class lacks: adding one makes a class for this very widget."""
        missing = {name: trait for name, trait in traits.items() if not self.has_trait(name)}
        if missing:
            super().add_traits(**missing)

    def handlers(self) -> dict[str, Handler]:
        """What views may ask: by kind, a function that returns what the answer carries."""
        return {}

    def snapshot(self) -> dict[str, Any]:
        """What a view that was just drawn has to know beside the traits."""
        return {}

    def post(self, kind: str, **data: Any) -> None:
        """Send a message to all views; from any thread; nothing once the widget is closed."""
        comm = self.comm  # another thread may close the widget between a look and the use
        if comm is not None:
            comm.send({"method": "custom", "content": {"kind": kind, **data}}, buffers=[])

    def close(self) -> None:
        """Close the widget and its layout, which ipywidgets leaves alive."""
        layout = self.layout
        super().close()
        self.on_msg(self._received, remove=True)  # it would hold the widget until the next gc
        if layout is not None:
            layout.close()

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict[str, Any], dict[str, Any]] | None:
        bundle = super()._repr_mimebundle_(**kwargs)
        shell = get_ipython()
        if bundle is None:
            return None
        data, metadata = bundle
        if in_kernel(shell) and not has_audience(shell):
            # an export would show a view without a kernel, and not the text that comes with it
            return {kind: form for kind, form in data.items() if kind != _VIEW}, metadata
        return ({**data, _OURS: {}} if _VIEW in data else data), metadata

    def set_state(self, sync_data: dict[str, Any]) -> None:
        """State goes to the views, never comes from one: a view asks for what it wants."""

    def _received(self, _widget: object, content: object, _buffers: object) -> None:
        handlers = {**self.handlers(), "hello": self._hello, "code": self._code}
        answer(content, handlers, self.post)

    def _hello(self, _request: object) -> None:
        clicks.measured()
        self.post("welcome", **self.snapshot())

    def _code(self, _request: object) -> None:
        """For a front end in which widgets do not see each other."""
        module = assets.load(self.frontend)
        self.post("code", code=module.code, style=module.style)


def nothing() -> None:
    """What a button does when what it would end has ended."""


def _bulky(widget: type[LiveWidget]) -> list[str]:
    """The public state of a widget that may be of any size."""
    own = widget.class_traits(sync=True).items() - AnyWidget.class_traits().items()
    return sorted(name for name, trait in own if name[0] != "_" and not isinstance(trait, _SMALL))
