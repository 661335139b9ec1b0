"""The languages a cell can be written in: one module each, behind :class:`base.Language`.

One whose cells need no compiler is a :class:`base.ScriptLanguage`.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wasinn_nb.guest.languages.base import Language, ScriptLanguage

# Modules of this package by their language's name, in the order users are told about them. They
# are imported when one of the languages is first used.
_MODULES = {
    "c": "c",
    "cpp": "cpp",
    "zig": "zig",
    "rust": "rust",
    "go": "go",
    "assemblyscript": "assemblyscript",
    "js": "javascript",
    "python": "python",
    "wat": "wat",
}
NAMES = tuple(_MODULES)
"""What the languages are called."""

# What people type who mean one of them.
_MEANT = {
    "clang": "c",
    "gcc": "c",
    "cc": "cpp",
    "clang++": "cpp",
    "g++": "cpp",
    "hpp": "cpp",
    "cargo": "rust",
    "rustc": "rust",
    "tinygo": "go",
    "ts": "assemblyscript",
    "tsc": "assemblyscript",
    "typescript": "assemblyscript",
    "bun": "js",
    "deno": "js",
    "ecmascript": "js",
    "mjs": "js",
    "node": "js",
    "nodejs": "js",
    "quickjs": "js",
    "cpython": "python",
    "ipython": "python",
    "micropython": "python",
    "pyodide": "python",
    "python3": "python",
    "wasm": "wat",
}


@cache
def _all() -> tuple[Language | ScriptLanguage, ...]:
    return tuple(import_module(f"{__name__}.{name}").LANGUAGE for name in _MODULES.values())


def find(name: str) -> Language | ScriptLanguage | None:
    """The language called ``name``, by its name or an alias, in any case."""
    wanted = name.strip().lower()
    return next((one for one in _all() if wanted in (one.name, *one.aliases)), None)


def every() -> Iterator[Language | ScriptLanguage]:
    """All languages, in the order users are told about them."""
    return iter(_all())


def meant(name: str) -> str:
    """The language that somebody means who calls it ``name``; empty if none comes to mind."""
    wanted = name.strip().lower()
    if _MEANT.get(wanted) in NAMES:
        return _MEANT[wanted]
    known = {text: one.name for one in _all() for text in (one.name, *one.aliases) if len(text) > 1}
    near = difflib.get_close_matches(wanted, known, n=1, cutoff=0.6)
    return known[near[0]] if near else ""
