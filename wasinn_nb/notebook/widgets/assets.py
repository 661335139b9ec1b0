"""The built front end of the widgets: an ES module and a style sheet for each."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from wasinn_nb.nn.errors import UnsupportedOperation


@dataclass(frozen=True, slots=True)
class Module:
    """A widget's code and style sheet, as text."""

    code: str
    style: str

    @property
    def digest(self) -> str:
        """Tells it from other versions of it, and from other modules."""
        return hashlib.sha256(f"{self.code}\0{self.style}".encode()).hexdigest()[:16]


@cache
def load(name: str) -> Module:
    """The front end called ``name``.

    Raises:
        UnsupportedOperation: this is a source checkout whose front end was not built.
    """
    return Module(_read(f"{name}.js"), _read(f"{name}.css"))


@cache
def loader() -> str:
    """The code that every widget carries, which loads the widget's own; see ``library``.

    Raises:
        UnsupportedOperation: the front end was not built.
    """
    return _read("loader.js")


def _read(name: str) -> str:
    file = files("wasinn_nb.notebook.widgets") / "static" / name
    try:
        return file.read_text(encoding="utf-8")
    except OSError:
        raise UnsupportedOperation(
            f"The front end of the widgets is not built in this checkout: {name} is missing.",
            hint="Build it with `make setup`.",
        ) from None
