"""What Go's messages mean to somebody who writes a cell, and what to do about them."""

from __future__ import annotations

import re

from wasinn_nb.guest.build.model import Source

NO_MAIN = "there is no main function"

_NO_PACKAGE = re.compile(r"expected 'package', found .*")
_NOT_IN_STD = re.compile(r"package (?P<path>\S+) is not in std(?: \(.*\))?")
_NOT_REQUIRED = re.compile(
    r"(?:no required module provides package (?P<path>[^\s;]+)|cannot find module providing package"
    r" (?P<other>[^\s;:]+)).*"
)
_UNDEFINED = re.compile(r"undefined: (?P<name>\w+)")
_STATEMENT = "syntax error: non-declaration statement outside function body"
_NO_BODY = "missing function body"
_OPTION = re.compile(r"flag provided but not defined: (?P<option>\S+)")
_EXCLUDED = re.compile(r"package \S+: build constraints exclude all Go files.*")
_IMPORT_C = re.compile(r'^\s*(?:import\s+)?"C"', re.MULTILINE)
_DISK = re.compile(r"no space left on device")
# Packages by the names that they are used by.
_PACKAGES = {
    **{
        name: name
        for name in (
            *("bufio", "bytes", "cmp", "context", "errors", "flag", "fmt", "io", "iter", "log"),
            *("maps", "math", "os", "reflect", "regexp", "slices", "sort", "strconv", "strings"),
            *("sync", "time", "unicode", "unsafe"),
        )
    },
    "base64": "encoding/base64",
    "binary": "encoding/binary",
    "bits": "math/bits",
    "filepath": "path/filepath",
    "json": "encoding/json",
    "nn": "wasinn/nn",
    "rand": "math/rand",
    "raw": "wasinn/nn/raw",
    "utf8": "unicode/utf8",
}


def explain(message: str, text: str) -> tuple[str, str]:  # noqa: PLR0911 - one for each message
    """The message in plain words, and a hint, which may be empty."""
    if _NO_PACKAGE.fullmatch(message):
        return "the cell has no package clause", "begin it with: package main"
    if message == NO_MAIN:
        return message, "define func main(), or export functions with //go:wasmexport NAME"
    if match := _NOT_IN_STD.fullmatch(message):
        return _no_package(match["path"])
    if match := _NOT_REQUIRED.fullmatch(message):
        path = match["path"] or match["other"]
        hint = f"run in the notebook's directory, once it has a go.mod: go get {path}"
        return f"the module of the package {path} is not there", hint
    if match := _UNDEFINED.fullmatch(message):
        package = _PACKAGES.get(match["name"], "")
        used = re.search(rf"(?<![\w.]){match['name']}\.[A-Z]", text) is not None
        return message, f'import "{package}"' if package and used else ""
    if message == _STATEMENT:
        return message, "statements stand in a function: func main() { ... }"
    if message == _NO_BODY:
        return message, "a function of the host has //go:wasmimport MODULE NAME above it"
    if match := _OPTION.fullmatch(message):
        option = match["option"]
        return f"go build does not know the option {option}", "go help build lists them"
    if _EXCLUDED.fullmatch(message):
        if _IMPORT_C.search(text):
            return "a guest cannot use C (cgo)", "import wasinn/nn, which is all Go"
        return "a build constraint of the cell leaves it out", "guests have GOOS=wasip1"
    if _DISK.search(message):
        return "the disk is full: the compiler could not write its output", ""
    return message, ""


def place(message: str, source: Source) -> tuple[int | None, int | None]:
    """Where in the cell a message belongs that names no place."""
    if _EXCLUDED.fullmatch(message) and (found := _IMPORT_C.search(source.text)):
        at = found.start() + found[0].index('"C"')
        line = source.text.count("\n", 0, at)
        return source.first_line + line, at - source.text.rfind("\n", 0, at)
    return None, None


def _no_package(path: str) -> tuple[str, str]:
    name = path.rpartition("/")[2]
    if name in ("wasi_nn", "wasinn", "wasi-nn", "nn"):
        return f"there is no package {path}", 'the SDK is: import "wasinn/nn"'
    meant = _PACKAGES.get(name)
    if meant and meant != path:
        return f"there is no package {path}", f'import "{meant}"'
    hint = "packages of your own are found through the go.mod of the notebook's directory"
    return f"there is no package {path}", hint
