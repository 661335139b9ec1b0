"""The languages a cell can be written in: one module each, behind :class:`base.Language`.

One whose cells need no compiler is a :class:`base.ScriptLanguage`.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from importlib import import_module

from wasinn_nb.guest.languages.base import Language, ScriptLanguage

# Modules of this package, imported when one of their languages is first used.
_MODULES = ("c", "cpp", "zig", "wat", "javascript")


@cache
def _all() -> tuple[Language | ScriptLanguage, ...]:
    return tuple(import_module(f"{__name__}.{name}").LANGUAGE for name in _MODULES)


def find(name: str) -> Language | ScriptLanguage | None:
    """The language called ``name``, by its name or an alias, in any case."""
    wanted = name.strip().lower()
    return next((one for one in _all() if wanted in (one.name, *one.aliases)), None)


def every() -> Iterator[Language | ScriptLanguage]:
    """All languages, in the order users are told about them."""
    return iter(_all())
