"""Errors as the person at the notebook reads them: as Python prints them, without our frames."""

from __future__ import annotations

import os
import sys
import traceback
import warnings
from collections.abc import Iterator
from types import CodeType, TracebackType

from wit_world.imports import host, types

from interpreter.archive import LIBRARY

# the program's folders, with what componentize-py adds to them
_OURS = (os.path.dirname(os.path.dirname(__file__)) + "/", "/world/", "/bundled/")
_MOST_CAUSES = 20


def problem(error: BaseException, cell: types.Cell) -> types.Problem:
    """Why a text is no program."""
    if (nul := cell.source.find("\0")) >= 0:
        before = cell.source[:nul].split("\n")
        place = types.Place(cell.first_line + len(before) - 1, len(before[-1]) + 1)
        return types.Problem("there is a null byte", place)
    if not isinstance(error, SyntaxError):
        return types.Problem(f"{type(error).__name__}: {error}", types.Place(0, 0))
    lines = cell.source.split("\n")
    last = cell.first_line + len(lines) - 1
    line, column = error.lineno or 0, max(error.offset or 0, 0)
    if line > last:
        line, column = last, len(lines[-1]) + 1
    message = error.msg or "invalid syntax"
    if line >= cell.first_line and lines[line - cell.first_line].lstrip().startswith(("%", "!")):
        message += "; magics and commands are the notebook's, and this is a guest"
    return types.Problem(message, types.Place(max(line, 0), column))


def uncaught(error: BaseException, code: CodeType | None) -> types.Uncaught:
    """What ended a cell; the host is given all of it, as Python prints it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # carets are found by compiling lines once more
        return _uncaught(error, code)


def _uncaught(error: BaseException, code: CodeType | None) -> types.Uncaught:
    _prune(error, 0)
    told = traceback.TracebackException.from_exception(error, compact=True)
    frames = list(told.stack)
    inside = {id(one) for one in _codes(code)} if code else set()
    at = types.Place(0, 0)
    for (frame, _), summary in zip(traceback.walk_tb(error.__traceback__), frames, strict=False):
        if id(frame.f_code) in inside:
            at = types.Place(summary.lineno or 0, _column(summary))
    message = _message(told)
    note = _note(error)
    if note:
        told.__notes__ = [*(getattr(told, "__notes__", None) or []), note]
    host.report("".join(told.format()).rstrip("\n"))
    trace = [_frame(summary) for summary in reversed(frames)]
    return types.Uncaught(f"{message}\n{note}" if note else message, at, trace)


def _message(told: traceback.TracebackException) -> str:
    """The line with the exception's name, without its notes."""
    told_notes, told.__notes__ = told.__notes__, None
    try:
        return "".join(told.format_exception_only()).rstrip("\n").rsplit("\n  ", 1)[-1].lstrip()
    finally:
        told.__notes__ = told_notes


def _note(error: BaseException) -> str:
    """What to do about errors that have to do with where the cell runs."""
    if isinstance(error, ModuleNotFoundError) and error.name:
        top = error.name.partition(".")[0]
        if top in sys.stdlib_module_names:
            return f"{top} is a part of Python that is of no use in a Python guest."
        return (
            f"{top} is not available in a Python guest, which has Python's own library and wasi_nn."
        )
    if isinstance(error, NameError) and error.name in sys.modules["wasi_nn"].__all__:
        return f"It is in wasi_nn: from wasi_nn import {error.name}"
    if isinstance(error, RuntimeError) and error.args == ("can't start new thread",):
        return "A guest has one thread."
    if _is_of_a_network(error):
        return "A guest has no network."
    return ""


def _is_of_a_network(error: BaseException) -> bool:
    """Whether a socket was wanted; whoever has used its module has loaded it."""
    module = sys.modules.get("socket")
    reason = getattr(error, "reason", error)
    return module is not None and isinstance(reason, module.gaierror)


def _frame(summary: traceback.FrameSummary) -> str:
    column = _column(summary)
    where = f"{summary.filename}:{summary.lineno}" + (f":{column}" if column else "")
    return where if summary.name == "<module>" else f"{summary.name} ({where})"


def _column(summary: traceback.FrameSummary) -> int:
    """Where in its line a frame is, in characters from 1; 0 if that is not known."""
    if summary.colno is None:
        return 0
    text = summary._original_lines.split("\n", 1)[0] if summary._original_lines else ""
    return len(text.encode()[: summary.colno].decode("utf-8", "replace")) + 1


def _codes(code: CodeType) -> Iterator[CodeType]:
    """The code of everything that a cell defines."""
    yield code
    for value in code.co_consts:
        if isinstance(value, CodeType):
            yield from _codes(value)


def _prune(error: BaseException | None, depth: int) -> None:
    """Take our frames out of an exception and out of those that it came from."""
    if error is None or depth > _MOST_CAUSES:
        return
    entries = [(tb, tb.tb_frame.f_code.co_filename) for tb in _entries(error.__traceback__)]
    entries = [(tb, file) for tb, file in entries if not file.startswith(_OURS)]
    # what leads to the cell's own code: asyncio, when it awaits
    first = next(
        (i for i, (_, file) in enumerate(entries) if not file.startswith((LIBRARY, "<frozen"))), 0
    )
    kept = None
    for tb, _ in reversed(entries[first:]):
        kept = TracebackType(kept, tb.tb_frame, tb.tb_lasti, tb.tb_lineno)
    error.__traceback__ = kept
    _prune(error.__cause__, depth + 1)
    _prune(error.__context__, depth + 1)
    for one in error.exceptions if isinstance(error, BaseExceptionGroup) else ():
        _prune(one, depth + 1)


def _entries(tb: TracebackType | None) -> Iterator[TracebackType]:
    while tb is not None:
        yield tb
        tb = tb.tb_next
