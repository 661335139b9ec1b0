"""The forms of the host's objects in a shell's formatters.

The objects belong to floors that know no Jupyter, so their forms are registered by the names of
their classes. That imports neither the classes nor their forms before one is displayed.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

_FORMS = {
    "wasinn_nb.nn.record.ModelRecord": ("describing", "model"),
    "wasinn_nb.notebook.describing.Description": ("describing", "description"),
    "wasinn_nb.nn.record.UnloadReport": ("views", "unload"),
    "wasinn_nb.guest.guest.Guest": ("views", "guest"),
    "wasinn_nb.guest.run.Run": ("run_views", "run"),
    "wasinn_nb.guest.tensors.Tensors": ("run_views", "tensors"),
    "wasinn_nb.guest.timeline.Timeline": ("run_views", "timeline"),
}
"""By class: the module of this package with its form, and what the form's functions begin with."""


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


def _function(form: tuple[str, str], suffix: str) -> Callable[[Any], str]:
    module, name = form
    function: Callable[[Any], str] = getattr(
        importlib.import_module(f"wasinn_nb.notebook.{module}"), f"{name}_{suffix}"
    )
    return function


def _pretty(form: tuple[str, str]) -> Callable[..., None]:
    def pretty(thing: Any, printer: Any, _cycle: object) -> None:
        printer.text(_function(form, "text")(thing))

    return pretty


def _html(form: tuple[str, str]) -> Callable[[Any], str]:
    def html(thing: Any) -> str:
        return _function(form, "html")(thing)

    return html
