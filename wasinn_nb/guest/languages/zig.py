"""Zig. The module ``wasi_nn`` of the SDK is on the path: ``@import("wasi_nn")``.

Zig has no ``#line``: the source is written below as many empty lines as the cell has above it, so
its own numbers are the user's.
"""

from __future__ import annotations

import os
import re
from dataclasses import replace
from pathlib import Path

from wasinn_nb.guest.build import relabel
from wasinn_nb.guest.build.model import Diagnostic, Source
from wasinn_nb.guest.languages import diagnostics, ziglang
from wasinn_nb.guest.languages.base import (
    Compiled,
    CompileFailed,
    Progress,
    Toolchain,
    Workspace,
)
from wasinn_nb.guest.languages.flags import absolute
from wasinn_nb.nn.cancel import CancelToken

_FILE = f"{relabel.STEM}.zig"
_UNDECLARED = re.compile(r"use of undeclared identifier '(?P<name>\w+)'")
_UNUSED = re.compile(r"unused (?:local constant|local variable|function parameter)")
# How Zig writes a set of errors that it infers: a type !T of a function, in the cell's own words.
_INFERRED = re.compile(
    r"@typeInfo\(@typeInfo\(@TypeOf\([^()]*\)\)\.@\"fn\"\.return_type\.\?\)\.error_union\.error_set!"
)
_IMPORTS = {name: f'const {name} = @import("{name}");' for name in ("builtin", "std", "wasi_nn")}
_TARGET = ("-target", "wasm32-wasi")
# Bounds and overflow stay checked; Debug compiles no faster and runs several times slower.
_OPTIMISED = "-OReleaseSafe"
_CHECKED = "-ODebug"
_COMMAND = "build-exe"
# So that an error inside the standard library names the cell's line that led there.
_TRACE = "-freference-trace=64"
# Names that tempfile gives the builder's directories.
_WORKSPACE = rb"wasinn-[a-z0-9_]{8}"


class Zig:
    """The Zig language."""

    name = "zig"
    aliases = ()
    install = ziglang.INSTALL
    sample = "pub fn main() void {}\n"

    def detect(self) -> Toolchain | None:
        """The toolchain of the ``ziglang`` package."""
        return ziglang.detect()

    def ready(self, toolchain: Toolchain, toolchains: Path) -> bool:
        """Whether Zig's run-time library of the default mode is there."""
        return ziglang.ready(toolchain, toolchains, _COMMAND, (*_TARGET, _OPTIMISED))

    def build(
        self,
        source: Source,
        workdir: Workspace,
        toolchain: Toolchain,
        *,
        progress: Progress | None,
        cancel: CancelToken | None,
    ) -> Compiled:
        """Compile; see :class:`~wasinn_nb.guest.languages.base.Language`."""
        cell = workdir.path / _FILE
        padding = "\n" * (source.first_line - 1)
        cell.write_text(padding + source.text, encoding="utf-8", errors="replace", newline="\n")
        output = workdir.path / "cell.wasm"
        module = workdir.sdk / "zig" / "wasi_nn.zig"
        has_module = module.is_file()
        level = _CHECKED if source.debug else _OPTIMISED
        mode = (*_TARGET, level, *absolute(source.flags, workdir.cwd))
        finished = ziglang.zig(
            toolchain,
            workdir,
            _COMMAND,
            (
                *mode,
                _TRACE,
                f"-femit-bin={output}",
                *(("--dep", "wasi_nn") if has_module else ()),
                f"-Mroot={cell}",
                *((f"-Mwasi_nn={module}",) if has_module else ()),
            ),
            mode=mode,
            once="building Zig's run-time library once",
            progress=progress,
            cancel=cancel,
        )
        log = workdir.scrub(finished.output, toolchain)
        if finished.returncode != 0:
            raise CompileFailed(log)
        wasm = output.read_bytes() if output.is_file() else b""
        if not wasm.startswith(b"\0asm"):
            raise CompileFailed(f"{log}\nerror: the flags given make no WebAssembly module\n")
        return Compiled(_stable_paths(wasm, workdir.path), log)

    def explain(self, stderr: str, source: Source) -> list[Diagnostic]:
        """Diagnostics at the cell's lines."""
        return [_with_hint(one) for one in diagnostics.explain(stderr, source, _FILE)]


def _with_hint(found: Diagnostic) -> Diagnostic:
    """A diagnostic with what to do, where a beginner's first cell has it."""
    message = _INFERRED.sub("!", found.message)
    hint = ""
    if match := _UNDECLARED.fullmatch(message):
        hint = _IMPORTS.get(match["name"], "")
    elif message == "expected ',' after field":
        hint = "statements stand in a function: pub fn main() !void { ... }"
    elif match := _UNUSED.fullmatch(message):
        hint = f"leave it out, or say that it is not used: _ = {_name(found)};"
    notes = (*found.notes, f"hint: {hint}") if hint else found.notes
    return replace(found, message=message, notes=notes)


def _name(found: Diagnostic) -> str:
    """The name that a diagnostic stands at."""
    at = (found.column or 1) - 1
    match = re.match(r"\w+", (found.source_line or "")[at:])
    return match[0] if match else "name"


def _stable_paths(wasm: bytes, directory: Path) -> bytes:
    """``wasm`` with the directories of builds renamed in its debug information.

    Zig has no option for it. Offsets depend on the length, so the new name is as long: slashes.
    Where Zig itself is installed near the directory it names it relatively: that would be looked up
    from a path of this machine. Its run-time library names the directory of the build that made it.
    """
    parent, sep = (re.escape(os.fsencode(name)) for name in (directory.parent, os.sep))
    up = rb"\.\.(?:%(s)s\.\.)*(?:%(s)s[^%(s)s\0]+)*?" % {b"s": sep}
    of_a_build = rb"(?:%s|%s)?%s%s" % (parent, up, sep, _WORKSPACE)
    return re.sub(
        of_a_build, lambda found: relabel.DIRECTORY.encode().ljust(len(found[0]), b"/"), wasm
    )


LANGUAGE = Zig()
