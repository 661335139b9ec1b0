"""What the component exports: ``wasinn:script/cells``."""

from __future__ import annotations

import ast
import builtins
import inspect
import linecache
import os
import random
import sys
import warnings
from collections import OrderedDict
from types import CodeType

from wasi_nn import _models
from wit_world.imports import host, types

import __main__
from interpreter import archive, console, helpers, reports, stopping, waiting

_MOST_SOURCES = 256
_CODES = 256
# what a text can be refused with besides a syntax error
_REFUSALS = (SyntaxError, ValueError, OverflowError, RecursionError, MemoryError)

__main__.__dict__.clear()
__main__.__dict__.update(__name__="__main__", __builtins__=builtins, __doc__=None)
archive.forget_disk()
waiting.install()
helpers.install()


class Cells:
    """The world's ``cells``."""

    def check(self, cell: types.Cell) -> types.Problem | None:
        """What keeps a cell from being run at all. Runs nothing of it."""
        try:
            _compile(cell)
        except _REFUSALS as error:
            return reports.problem(error, cell)
        return None

    def run(self, cell: types.Cell) -> types.Outcome:
        """Run a cell to its end."""
        _begin(cell)
        try:
            return _run(cell)
        finally:
            console.end()

    def step(self) -> types.Outcome:
        """A cell leaves nothing to be done later."""
        return types.Outcome_Done()


def _run(cell: types.Cell) -> types.Outcome:
    code = None
    try:
        try:
            code, remarks = _compile(cell)
        except _REFUSALS as error:
            return types.Outcome_Syntax(reports.problem(error, cell))
        for one in remarks:
            warnings.warn_explicit(one.message, one.category, one.filename, one.lineno)
        if host.keeps():
            stopping.watch(code)
        stopping.begin()
        value = eval(code, __main__.__dict__)
        if code.co_flags & inspect.CO_COROUTINE:
            waiting.run(value)
    except SystemExit as error:
        return _exit(error.code)
    except BaseException as error:  # noqa: BLE001 - it is told
        return types.Outcome_Raised(reports.uncaught(error, code))
    return types.Outcome_Done()


def _exit(code: object) -> types.Outcome:
    """The end that ``sys.exit`` asks for."""
    if code is None:
        return types.Outcome_Exit(0)
    if isinstance(code, int):
        return types.Outcome_Exit(code & 0xFF)
    print(code, file=sys.stderr)
    return types.Outcome_Exit(1)


_sources: OrderedDict[str, None] = OrderedDict()
_Compiled = tuple[CodeType, list[warnings.WarningMessage]]
_compiled: OrderedDict[tuple[str, int, str], _Compiled] = OrderedDict()
_is_new = True


def _compile(cell: types.Cell) -> _Compiled:
    """A cell as code whose lines are the notebook's, which may await at its top; and warnings."""
    key = (cell.label, cell.first_line, cell.source)
    if key in _compiled:
        return _compiled[key]
    text = "\n" * (cell.first_line - 1) + cell.source
    _show_lines(cell.label, text)
    with warnings.catch_warnings(record=True) as remarks:
        warnings.simplefilter("always")
        flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
        code = compile(text, cell.label, "exec", flags, dont_inherit=True)
    _compiled[key] = code, remarks
    while len(_compiled) > _CODES:
        _compiled.popitem(last=False)
    return code, remarks


def _show_lines(label: str, text: str) -> None:
    """Let tracebacks, warnings and :mod:`inspect` find the cell's text."""
    linecache.cache[label] = (len(text), None, text.splitlines(keepends=True), label)
    _sources[label] = None
    _sources.move_to_end(label)
    while len(_sources) > _MOST_SOURCES:
        linecache.cache.pop(_sources.popitem(last=False)[0], None)


def _begin(cell: types.Cell) -> None:
    """The world is that of another run."""
    global _is_new  # noqa: PLW0603 - of the instance
    if _is_new:  # the component's state has one seed for all
        random.seed()
        _is_new = False
    console.begin()
    _models.begin()
    sys.argv = [cell.label, *cell.args]
    __main__.__file__ = cell.label
    os.environ.clear()
    os.environ.update(cell.env)
