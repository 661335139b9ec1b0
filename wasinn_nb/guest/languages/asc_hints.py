"""What AssemblyScript's messages mean to somebody who knows TypeScript, and what to do."""

from __future__ import annotations

import re
from dataclasses import replace

from wasinn_nb.guest.build.model import Diagnostic

# How the compiler writes the names of the standard library's types.
_INTERNAL = re.compile(r"~lib/(?:[\w]+/)*(?P<name>\w+)")
_KNOWN = {"String": "string"}

# What declares variables in other languages.
_DECLARING = ("auto", "def")
_DECLARED = re.compile(r"\b(?:auto|def)\s+(\w+)")
_NO_SUCH = {
    **dict.fromkeys(_DECLARING, "a variable is declared with let or const"),
    **dict.fromkeys(("print", "printf", "println"), "a text is shown with console.log(text)"),
    **dict.fromkeys(("double", "float"), "there are f32 and f64"),
    **dict.fromkeys(("char", "int", "long", "uint"), "there are i32, i64, u8, u32 and others"),
    "any": "every value has a type here; a function for several takes a parameter: f<T>(value: T)",
    "fetch": "a guest has no network",
    "number": "there are i32, f64 and others",
    "require": 'import { Model } from "wasi_nn"',
    "setInterval": "a guest has no event loop",
    "setTimeout": "a guest has no event loop",
    "undefined": "there is null, for types written T | null",
    "wasi_nn": 'import { Model } from "wasi_nn"',
    **{
        name: f'import {{ {name} }} from "wasi_nn"'
        for name in ("Chat", "Config", "Finish", "Model", "Options", "Session", "Style")
    },
}
_MISSING = re.compile(r"Cannot find name '(?P<name>\w+)'")
_NOT_TEXT = re.compile(r"Type '(?P<type>[^']+)' is not assignable to type 'string'")
_NULL = re.compile(r"Type '(?P<type>[^'|]+) \| null' is not assignable to type '(?P=type)'")
_CLOSURE = re.compile(r"[Cc]losures?\b")
_EXCEPTIONS = re.compile(r"Not implemented: (?:Exceptions|Try|try)|[Ee]xception handling")
_ASYNC = re.compile(r"\basync\b|\bawait\b")
_NO_TYPE = "Type expected."
_UNENDED = "Unterminated string literal."
_NO_FILE = re.compile(r"File '(?P<file>[^']+)' not found")


def with_hints(found: list[Diagnostic]) -> list[Diagnostic]:
    """Diagnostics for the user, without those that follow from another."""
    undeclared: set[str] = set()
    kept: list[Diagnostic] = []
    for one in found:
        missing = _MISSING.search(one.message)
        if missing and missing["name"] in _DECLARING and one.source_line:
            undeclared.update(_DECLARED.findall(one.source_line))
        if missing and missing["name"] in undeclared:
            continue
        # what is expected after a text without an end follows from it
        if kept and kept[-1].message.startswith(_UNENDED) and "expected" in one.message:
            continue
        kept.append(_with_hint(one))
    return kept


def _with_hint(found: Diagnostic) -> Diagnostic:
    """A diagnostic with types as the user writes them, and with what to do, where that is known."""
    message = _INTERNAL.sub(lambda it: _KNOWN.get(it["name"], it["name"]), found.message)
    hint = _hint(message, found.source_line or "")
    notes = (*found.notes, f"hint: {hint}") if hint else found.notes
    return replace(found, message=message, notes=notes)


def _hint(message: str, line: str) -> str:  # noqa: PLR0911 - one for each message
    if message.startswith(_NO_TYPE):
        return "parameters and results have types here: function add(a: i32, b: i32): i32"
    if match := _MISSING.search(message):
        if _ASYNC.search(line):
            return "there is no async here: calls of the host return when they are done"
        return _NO_SUCH.get(match["name"], "")
    if _NULL.search(message):
        return (
            "it may be null: compare it with null in a function's own variable, or write it with !"
        )
    if match := _NOT_TEXT.search(message):
        if "null" in match["type"]:
            return ""
        return "a text is wanted: value.toString(), or a template: `${value}`"
    if _CLOSURE.search(message):
        return "functions inside functions see only their own variables: pass it, or make it global"
    if _EXCEPTIONS.search(message):
        return (
            "what throws ends the program; calls of wasi_nn that may fail have a try...() as well"
        )
    if match := _NO_FILE.search(message):
        if match["file"].startswith("~lib/"):
            return "packages are found in node_modules of the notebook's directory"
        return "files are found from the notebook's directory"
    return ""
