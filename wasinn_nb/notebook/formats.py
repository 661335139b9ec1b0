"""The forms of the host's objects in a shell's formatters.

The objects belong to floors that know no Jupyter, so their forms are registered by the names of
their classes. That imports neither the classes nor :mod:`.views` before one is displayed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

_FORMS = {
    "wasinn_nb.nn.record.ModelRecord": "model",
    "wasinn_nb.nn.record.UnloadReport": "unload",
    "wasinn_nb.guest.guest.Guest": "guest",
    "wasinn_nb.guest.run.Run": "run",
}


class Formats:
    """Text and rich forms, in one shell."""

    def __init__(self, shell: Any) -> None:
        self._formatters = shell.display_formatter.formatters

    def connect(self) -> None:
        """Register them."""
        for name, form in _FORMS.items():
            module, _, class_name = name.rpartition(".")
            self._formatters["text/plain"].for_type_by_name(module, class_name, _pretty(form))
            self._formatters["text/html"].for_type_by_name(module, class_name, _html(form))

    def disconnect(self) -> None:
        """Undo :meth:`connect`."""
        for name in _FORMS:
            for mime in ("text/plain", "text/html"):
                self._formatters[mime].pop(name, None)


def _pretty(form: str) -> Callable[..., None]:
    def pretty(thing: Any, printer: Any, _cycle: object) -> None:
        from wasinn_nb.notebook import views

        text: Callable[[Any], str] = getattr(views, f"{form}_text")
        printer.text(text(thing))

    return pretty


def _html(form: str) -> Callable[[Any], str]:
    def html(thing: Any) -> str:
        from wasinn_nb.notebook import views

        rich: Callable[[Any], str] = getattr(views, f"{form}_html")
        return rich(thing)

    return html
