"""Reading what clang, Zig and the linker print, and placing it at the cell's own lines.

clang and Zig write ``file:line:column: severity: message`` (clang manual, "Formatting of
Diagnostics"), followed by excerpts, which are skipped, and by notes. An error inside a header is
placed at the line of the cell that led there: an instantiation, a macro's use, or the ``#include``.
The linker knows no lines; :mod:`linking` finds the symbol in the source.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import PurePath

from wasinn_nb.guest.build.model import Diagnostic, Severity, Source
from wasinn_nb.guest.build.render import in_characters
from wasinn_nb.guest.languages import linking

# Numbers are bounded: int() refuses thousands of digits, and no source has a billion lines.
_LOCATED = re.compile(
    r"(?P<file>[^\s:|][^|]*?):(?P<line>\d{1,9}):(?:(?P<column>\d{1,9}):)? "
    r"(?P<severity>fatal error|error|warning|note|remark): (?P<message>.*)"
)
_INCLUDED = re.compile(
    r"(?:In file included from|\s+from) (?P<file>.+?):(?P<line>\d{1,9})(?::\d{1,9})?[:,]"
)
_REFERENCED = re.compile(r"\s+.*: (?P<file>[^\s:]+):(?P<line>\d{1,9}):(?P<column>\d{1,9})")
_UNLOCATED = re.compile(
    r"(?:(?P<tool>[\w.+-]+): )?(?P<severity>fatal error|error|warning)(?:\(\w+\))?: (?P<message>.*)"
)
# Notes that say what to do, wherever they stand.
_TO_DO = re.compile(
    r"include the header|maybe you meant|did you mean|consider |use '|to discard |to modify "
)
# Notes that say how the cell came to use a header's code.
_LED_HERE = re.compile(r"requested here|in instantiation|expanded from|in call to|while ")
_UNHELPFUL = re.compile(
    r"too many errors emitted|linker command failed|the following command failed"
)
_UNENDED = "missing terminating "
_OPTION = re.compile(r" \[-W[\w=+,-]+\]$")
_NOTES = 3


@dataclass(slots=True)
class _Place:
    file: str
    line: int
    column: int | None = None


@dataclass(slots=True)
class _Remark:
    severity: Severity
    message: str
    place: _Place | None
    included: list[_Place]
    notes: list[tuple[_Place | None, str]] = field(default_factory=list)


def explain(log: str, source: Source, file: str) -> list[Diagnostic]:
    """Everything in ``log`` as diagnostics in the user's line numbers.

    Args:
        log: a compiler's and linker's output, without this machine's directories.
        source: what was compiled.
        file: the name of the source in ``log``.
    """
    found: list[Diagnostic] = []
    placed: set[tuple[int | None, int | None]] = set()
    for remark in _remarks(log):
        one = _diagnostic(remark, source, file)
        if remark.severity == "error":
            # What is expected after a text without an end follows from it.
            if one.message.startswith("expected ") and any(
                other.message.startswith(_UNENDED) for other in found
            ):
                continue
            # One use of a template can fail in twenty places inside it; the first says why.
            inside = remark.place is not None and remark.place.file != file
            if inside and placed and (one.column is None or (one.line, one.column) in placed):
                continue
            if one.column is not None:
                placed.add((one.line, one.column))
        found.append(one)
    return found


def _remarks(log: str) -> list[_Remark]:
    found: list[_Remark] = []
    included: list[_Place] = []
    for line in log.splitlines():
        if match := _INCLUDED.match(line):
            included.append(_Place(match["file"], int(match["line"])))
        elif match := _LOCATED.fullmatch(line):
            column = int(match["column"]) if match["column"] else None
            place = _Place(match["file"], int(match["line"]), column)
            _add(found, match["severity"], match["message"], place, included)
            included = []
        elif match := _UNLOCATED.fullmatch(line):
            _add(found, match["severity"], match["message"], None, [])
        elif found and (match := _REFERENCED.fullmatch(line)):
            place = _Place(match["file"], int(match["line"]), int(match["column"]))
            found[-1].notes.append((place, "requested here"))
    return [remark for remark in found if not _UNHELPFUL.search(remark.message)]


def _add(
    found: list[_Remark], severity: str, message: str, place: _Place | None, included: list[_Place]
) -> None:
    if severity in ("note", "remark"):
        if found:
            found[-1].notes.append((place, message))
        return
    known: Severity = "warning" if severity == "warning" else "error"
    found.append(_Remark(known, message, place, included))


def _diagnostic(remark: _Remark, source: Source, file: str) -> Diagnostic:
    message = remark.message.strip()
    if remark.place is None:
        return linking.explain(message, remark.severity, source)
    place = _in_cell(remark, file)
    if remark.place.file != file:
        message = f"in {_short(remark.place.file)}, line {remark.place.line}: {message}"
    if remark.severity == "error":
        message = _OPTION.sub("", message)
    line = column = text = None
    if place is not None:
        line = place.line
        text = source.line(line)
        column = place.column
        if column is not None and text is not None:
            column = in_characters(column, text)
    return Diagnostic(
        remark.severity, message, line, column, text, _notes(remark, source, file, line)
    )


def _in_cell(remark: _Remark, file: str) -> _Place | None:
    """Where in the cell the remark belongs."""
    if remark.place is not None and remark.place.file == file:
        return remark.place
    for place, message in remark.notes:
        if place is not None and place.file == file and _LED_HERE.search(message):
            return place
    return next((place for place in remark.included if place.file == file), None)


def _notes(remark: _Remark, source: Source, file: str, line: int | None) -> tuple[str, ...]:
    """The notes that say what to do, and those at other lines of the cell, to be looked up."""
    notes = []
    for place, message in remark.notes:
        if _TO_DO.match(message):
            notes.append(f"note: {message.strip()}")
        elif place is not None and place.file == file and place.line != line:
            notes.append(f"note: {source.label}:{place.line}: {message.strip()}")
    return tuple(notes[:_NOTES])


def _short(file: str) -> str:
    """A header as it is included: ``vector``, ``sys/stat.h``, ``mine.h``."""
    parts = PurePath(file.replace("\\", "/")).parts
    for index in range(len(parts) - 1, -1, -1):
        if parts[index] == "include" or parts[index].startswith(("wasm-wasi", "generic-musl")):
            parts = parts[index + 1 :]
            break
    return "/".join(part for part in parts if part != ".") or file
