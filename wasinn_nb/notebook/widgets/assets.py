"""The built front end of the widgets: an ES module and a style sheet for each."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from wasinn_nb.nn.errors import UnsupportedOperation


@dataclass(frozen=True, slots=True)
class Module:
    """A widget's code and style sheet, as text."""

    code: str
    style: str


@cache
def load(name: str) -> Module:
    """The front end called ``name``.

    Raises:
        UnsupportedOperation: this is a source checkout whose front end was not built.
    """
    folder = files("wasinn_nb.notebook.widgets") / "static"
    try:
        code = (folder / f"{name}.js").read_text(encoding="utf-8")
        style = (folder / f"{name}.css").read_text(encoding="utf-8")
    except OSError:
        raise UnsupportedOperation(
            f"The front end of the widget {name!r} is not built in this checkout.",
            hint="Build it with `make setup`.",
        ) from None
    return Module(code, style)
