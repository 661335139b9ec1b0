"""What rustc says, placed at the cell's own lines.

rustc writes one JSON object for each remark (rustc book, "JSON output"): a message, where it is,
labels at other places, and children that say what to do. cargo wraps each in an object of its own.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from pathlib import PurePath
from typing import Any

from wasinn_nb.guest.build.model import Diagnostic, Severity, Source

_SUMMARY = re.compile(
    r"aborting due to|\d+ warnings? emitted|Some errors have detailed|For more information about|"
    r"could not compile|build failed"
)
_PLAIN = re.compile(r"(?P<severity>error|warning)(?:\[E\d+\])?: (?P<message>.+)")
_MISSING_CRATE = re.compile(
    r"(?:undeclared crate or module|unresolved module or unlinked crate|missing crate"
    r"|can't find crate for|unresolved extern crate) `(?P<name>[a-z_][a-z0-9_]*)`"
)
_OWN_CRATES = ("core", "std", "alloc", "crate", "self", "super", "proc_macro", "test")
_LINKING = re.compile(r"linking with `[^`]*` failed")
_LINKER = re.compile(r"(?:rust-lld|wasm-ld[\w.-]*|lld[\w.-]*): error: (?P<message>.+)")
_UNDEFINED = re.compile(r"(?:.*: )?undefined symbol: (?P<symbol>\S+)")
# rustc's advice for people with a project around their file.
_FOR_PROJECTS = re.compile(r"cargo add|missing a crate named|Cargo\.toml|extern crate")
_NO_MAIN = (
    "hint: a cell is a whole program: put statements into fn main() { ... }, "
    'or define #[no_mangle] pub extern "C" functions for a guest that is a library'
)
# What a statement is taken for where items are expected.
_STATEMENT = re.compile(
    r"expected item, found keyword `(?:let|if|for|while|loop|match|return)`"
    r"|macro expansion ignores "
)
_NOTES = 4
_LONGEST_CODE = 80

Remark = dict[str, Any]


def remarks(output: str) -> Iterator[Remark]:
    """The remarks of rustc in its output, or in cargo's."""
    for line in output.splitlines():
        if not line.startswith("{"):
            continue
        try:
            found = json.loads(line)
        except ValueError:
            continue
        if not isinstance(found, dict):
            continue
        if found.get("reason") == "compiler-message":
            found = found.get("message")
        if isinstance(found, dict) and isinstance(found.get("message"), str):
            yield found


def rendered(output: str) -> str:
    """The output as rustc shows it to people."""
    shown = []
    for line in output.splitlines():
        found = next(remarks(line), None)
        if found is not None:
            shown.append(str(found.get("rendered") or found["message"]).rstrip())
        elif not line.startswith('{"'):
            shown.append(line)
    return "\n".join(shown)


def explain(output: str, source: Source, file: str) -> list[Diagnostic]:
    """Everything in ``output`` as diagnostics in the user's line numbers.

    Args:
        output: of rustc or cargo, without this machine's directories.
        source: what was compiled.
        file: the name of the source in the output.
    """
    found: list[Diagnostic] = []
    for remark in remarks(output):
        one = _diagnostic(remark, source, file)
        if one is None or one in found:
            continue
        if one.notes == (_NO_MAIN,) and any(_NO_MAIN in other.notes for other in found):
            continue  # what should be in it stands outside
        found.append(one)
    if found:
        return found
    for line in output.splitlines():
        match = _PLAIN.fullmatch(line)
        if match and not _SUMMARY.search(match["message"]):
            severity: Severity = "warning" if match["severity"] == "warning" else "error"
            found.append(Diagnostic(severity, match["message"]))
    return found


def _diagnostic(remark: Remark, source: Source, file: str) -> Diagnostic | None:
    level, message = remark.get("level"), remark["message"].strip()
    if level not in ("error", "warning", "error: internal compiler error"):
        return None
    if _SUMMARY.match(message):
        return None
    severity: Severity = "warning" if level == "warning" else "error"
    if _LINKING.search(message):
        return _linking(remark, source)
    # the places that it is about, then others: where the cell uses a macro of the library
    spans = sorted(_list(remark.get("spans")), key=lambda one: not one.get("is_primary"))
    span = next((here for one in spans if (here := _in_cell(one, file))), None)
    line, column = _place(span)
    if span is None and spans:
        where = PurePath(str(spans[0].get("file_name")).replace("\\", "/"))
        message = f"in {where.name}, line {spans[0].get('line_start')}: {message}"
        line = _brought_in(where, source)
    code = found.get("code") if isinstance(found := remark.get("code"), dict) else ""
    if code == "E0601":
        return Diagnostic("error", "there is no main function", notes=(_NO_MAIN,))
    if span is not None and line is not None and _STATEMENT.match(message):
        message = "a statement outside of a function"
        return Diagnostic("error", message, line, column, source.line(line), (_NO_MAIN,))
    label = span.get("label") if span else None
    if isinstance(label, str) and _adds(label, message):
        message = f"{message}: {label}"
    if severity == "error" and str(code).startswith("E"):
        message = f"{message} [{code}]"
    if line is not None and source.line(line) is None:
        line, column = None, None
    return Diagnostic(
        severity,
        message,
        line,
        column,
        source.line(line) if line is not None else None,
        tuple(_notes(remark, source, file, span)),
    )


def _brought_in(file: PurePath, source: Source) -> int | None:
    """The line of the cell that makes a file beside it a part of it."""
    names = rf"\bmod\s+{re.escape(file.stem)}\s*;|\"[^\"]*{re.escape(file.name)}\""
    match = re.search(names, source.text)
    return source.first_line + source.text.count("\n", 0, match.start()) if match else None


def _adds(label: str, message: str) -> bool:
    """Whether a label says more than the message, which has most of its words otherwise."""
    words = set(label.split())
    return len(words - set(message.split())) > len(words) / 2


def _list(value: object) -> list[Remark]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _place(span: Remark | None) -> tuple[int | None, int | None]:
    if span is None:
        return None, None
    line, column = span.get("line_start"), span.get("column_start")
    if not isinstance(line, int) or line < 1:
        return None, None
    return line, column if isinstance(column, int) and column > 0 else None


def _in_cell(span: Remark, file: str) -> Remark | None:
    """The span if it is in the cell, else where the cell uses the macro that it is in."""
    here: object = span
    for _ in range(64):
        if not isinstance(here, dict):
            return None
        if PurePath(str(here.get("file_name")).replace("\\", "/")).name == file:
            return here
        expansion = here.get("expansion")
        here = expansion.get("span") if isinstance(expansion, dict) else None
    return None


def _notes(remark: Remark, source: Source, file: str, main: Remark | None) -> Iterable[str]:
    notes: list[str] = []
    missing = _missing_crate(remark)
    if missing:
        notes.append(f'hint: a line such as  // cargo: {missing} = "1"  brings a crate')
    for span in _list(remark.get("spans")):
        here = _in_cell(span, file)
        if here is None or here is main or not here.get("label"):
            continue
        line_number, _ = _place(here)
        if line_number is not None and (main is None or line_number != main.get("line_start")):
            notes.append(f"note: {source.label}:{line_number}: {here['label']}")
    for child in _list(remark.get("children")):
        text = " ".join(str(child.get("message", "")).split())
        if not text or (missing and _FOR_PROJECTS.search(text)) or "`#[warn(" in text:
            continue
        notes.append(_child(child, text, source, file, main))
    return notes[:_NOTES]


def _child(child: Remark, text: str, source: Source, file: str, main: Remark | None) -> str:
    level = child.get("level") if child.get("level") in ("help", "hint") else "note"
    spans = [here for one in _list(child.get("spans")) if (here := _in_cell(one, file))]
    codes = [one.get("suggested_replacement") for one in spans]
    code = str(codes[0] or "").strip() if len(codes) == 1 else ""
    if code and "\n" not in code and f"`{code}`" not in text:
        text = f"{text}: `{code[:_LONGEST_CODE]}`"
    line, _ = _place(spans[0]) if spans else (None, None)
    if line is not None and (main is None or line != main.get("line_start")):
        return f"{level}: {source.label}:{line}: {text}"
    return f"{level}: {text}"


def _missing_crate(remark: Remark) -> str:
    """The crate that the cell uses and does not name, if that is what is wrong."""
    texts = [remark["message"], *(str(one.get("label")) for one in _list(remark.get("spans")))]
    texts += [str(one.get("message")) for one in _list(remark.get("children"))]
    match = next((found for one in texts if (found := _MISSING_CRATE.search(one))), None)
    return match["name"] if match and match["name"] not in _OWN_CRATES else ""


def _linking(remark: Remark, source: Source) -> Diagnostic:
    """The linker's own words; rustc shows its whole command."""
    texts = [str(one.get("message")) for one in _list(remark.get("children"))]
    said = [match["message"] for text in texts for match in _LINKER.finditer(text)]
    if not said:
        return Diagnostic("error", "the linker failed", notes=tuple(texts[-1:]))
    match = _UNDEFINED.fullmatch(said[0])
    if match is None:
        return Diagnostic("error", f"the linker: {said[0]}")
    name = match["symbol"]
    message = f"undefined symbol: {name}: declared in the cell, and defined nowhere"
    for number, line in enumerate(source.text.split("\n"), source.first_line):
        if found := re.search(rf"\b{re.escape(name)}\b", line):
            return Diagnostic("error", message, number, found.start() + 1, source.line(number))
    return Diagnostic("error", message)
