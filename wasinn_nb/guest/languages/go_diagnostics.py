"""Reading what ``go build`` prints, and placing it at the cell's own lines.

The compiler writes ``./cell.go:line:column: message``, and what belongs to a message on lines that
begin with a tab. The linker and ``go`` itself know no lines; :mod:`go_hints` has better words for
what they say.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from wasinn_nb.guest.build.model import Diagnostic, Source
from wasinn_nb.guest.build.render import in_characters
from wasinn_nb.guest.languages import go_hints

_PLACE = r"(?:\./)?(?P<file>[^\s:][^:]*\.go):(?P<line>\d{1,9})(?::(?P<column>\d{1,9}))?: "
_LOCATED = re.compile(_PLACE + r"(?P<message>.*)")
_COMMAND = re.compile(r"(?:error|go|link|package \S+): .*|flag provided but not defined.*|-\w+ .*")
_NO_MAIN = re.compile(r"function main is undeclared in the main package")
_NOTES = 3


@dataclass(slots=True)
class _Remark:
    message: str
    file: str = ""
    line: int = 0
    column: int | None = None
    notes: list[str] = field(default_factory=list)


def explain(log: str, source: Source, file: str) -> list[Diagnostic]:
    """Everything in ``log`` as diagnostics in the user's line numbers.

    Args:
        log: the output of ``go build``, without this machine's directories.
        source: what was compiled.
        file: the name of the source in ``log``.
    """
    return [_diagnostic(remark, source, file) for remark in _remarks(log)]


def _remarks(log: str) -> list[_Remark]:
    found: list[_Remark] = []
    for line in log.splitlines():
        if match := _LOCATED.fullmatch(line):
            column = int(match["column"]) if match["column"] else None
            found.append(_Remark(match["message"], match["file"], int(match["line"]), column))
        elif line.startswith(("\t", "  ")):
            if found:
                found[-1].notes.append(line.strip())
        elif _NO_MAIN.search(line):
            found.append(_Remark(go_hints.NO_MAIN))
        elif _COMMAND.fullmatch(line):
            found.append(_Remark(line.removeprefix("error: ")))
            if line.startswith("flag provided"):
                break  # what follows is a page of options
    return found


def _diagnostic(remark: _Remark, source: Source, file: str) -> Diagnostic:
    message, hint = go_hints.explain(remark.message.rstrip(":"), source.text)
    if not remark.line:
        line, column = go_hints.place(remark.message, source)
        text = source.line(line) if line else None
        return Diagnostic("error", message, line, column, text, _notes([], hint))
    if _base(remark.file) != file:
        message = f"in {remark.file}, line {remark.line}: {message}"
        return Diagnostic("error", message, notes=_notes(remark.notes, hint))
    text = source.line(remark.line)
    if text is None:  # an empty cell
        return Diagnostic("error", message, source.first_line, 1, "", _notes(remark.notes, hint))
    column = in_characters(remark.column, text) if remark.column else None
    notes = [_relabelled(note, source, file) for note in remark.notes]
    return Diagnostic("error", message, remark.line, column, text, _notes(notes, hint))


def _relabelled(note: str, source: Source, file: str) -> str:
    match = _LOCATED.fullmatch(note)
    if match is None or _base(match["file"]) != file:
        return note
    return f"note: {source.label}:{match['line']}: {match['message']}"


def _base(file: str) -> str:
    return file.replace("\\", "/").rpartition("/")[2]


def _notes(notes: list[str], hint: str) -> tuple[str, ...]:
    kept = [note for note in notes if not note.startswith("go get ")][:_NOTES]
    return (*kept, f"hint: {hint}") if hint else tuple(kept)
