"""Go. The package ``wasinn/nn`` of the SDK is there to be imported.

The source is written below as many empty lines as the cell has above it, so the compiler's lines
and columns are the user's.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from wasinn_nb.guest.build import relabel
from wasinn_nb.guest.build.model import Diagnostic, Source
from wasinn_nb.guest.languages import go_diagnostics, go_modules, golang
from wasinn_nb.guest.languages.base import (
    Compiled,
    CompileFailed,
    Progress,
    Toolchain,
    Workspace,
)
from wasinn_nb.nn.cancel import CancelToken

_FILE = f"{relabel.STEM}.go"
# With these there is no module, or it is elsewhere.
_FOREIGN = ("-o", "-C", "-n")
# All errors, not the first ten; and, to debug, what is written rather than what it comes to.
_ERRORS = "-gcflags=-e"
_CHECKED = "-gcflags=-e -N -l"
# A cell that exports functions and whose main does nothing is a library of them.
_EXPORTS = re.compile(r"^//go:wasmexport\s+\S", re.MULTILINE)
_MAIN = re.compile(r"^func\s+main\s*\(\s*\)\s*\{(?P<empty>\s*\})?", re.MULTILINE)
_LIBRARY = "-buildmode=c-shared"
_EMPTY_MAIN = "package main\n\nfunc main() {}\n"
_SAMPLE = 'package main\n\nimport (\n\t"fmt"\n\t_ "wasinn/nn"\n)\n\nfunc main() { fmt.Println() }\n'


class Go:
    """The Go language."""

    name = "go"
    aliases = ("golang",)
    install = golang.INSTALL
    sample = _SAMPLE

    def detect(self) -> Toolchain | None:
        """The package's Go, or the machine's."""
        return golang.detect()

    def ready(self, toolchain: Toolchain, toolchains: Path) -> bool:
        """Whether the standard library has been built."""
        return golang.ready(toolchain, toolchains)

    def build(
        self,
        source: Source,
        workdir: Workspace,
        toolchain: Toolchain,
        *,
        progress: Progress | None,
        cancel: CancelToken | None,
    ) -> Compiled:
        """Compile and link; see :class:`~wasinn_nb.guest.languages.base.Language`."""
        for flag in source.flags:
            if flag.split("=")[0] in _FOREIGN:
                raise CompileFailed(f"error: {flag} cannot be used here: a cell becomes a module\n")
        text = source.text.removeprefix("\ufeff")
        library, has_main = _is_library(text)
        files = {_FILE: "\n" * (source.first_line - 1) + text}
        if library and not has_main:
            files["main.go"] = _EMPTY_MAIN
        output = workdir.path / "cell.wasm"
        goroot = toolchain.own_files[0]
        place = go_modules.place(files, workdir, goroot, golang.language(toolchain))
        own = any(flag.startswith("-gcflags") for flag in source.flags)
        finished = golang.go(
            toolchain,
            workdir,
            (
                *("build", "-trimpath", "-buildvcs=false"),
                *((_LIBRARY,) if library else ()),
                *(() if own else (_CHECKED if source.debug else _ERRORS,)),
                *place.flags,
                *source.flags,
                *("-o", str(output), place.package),
            ),
            cwd=place.directory,
            environment=place.environment,
            progress=progress,
            cancel=cancel,
        )
        said = finished.output.replace(f"{place.directory}{os.sep}", "")
        log = workdir.scrub(said.replace(str(place.directory), "."), toolchain)
        if finished.returncode != 0:
            raise CompileFailed(log)
        wasm = output.read_bytes() if output.is_file() else b""
        if not wasm.startswith(b"\0asm"):
            raise CompileFailed(f"{log}\n{_why_no_module(source)}\n")
        return Compiled(wasm, log, _dependencies(place, workdir, toolchain, cancel))

    def explain(self, stderr: str, source: Source) -> list[Diagnostic]:
        """Diagnostics at the cell's lines."""
        return go_diagnostics.explain(stderr, source, _FILE)


def _is_library(text: str) -> tuple[bool, bool]:
    """Whether a cell is there to be called, and whether it has a main."""
    main = _MAIN.search(text)
    exports = _EXPORTS.search(text) is not None
    return exports and (main is None or main["empty"] is not None), main is not None


def _why_no_module(source: Source) -> str:
    """Go makes an archive of a package that is no program."""
    for number, line in enumerate(source.text.split("\n"), source.first_line):
        if (found := re.match(r"\s*package\s+(\w+)", line)) and found[1] != "main":
            at = f"{_FILE}:{number}:{found.start(1) + 1}"
            return f"{at}: the package {found[1]} is no program; call it main"
    return "error: the flags given make no WebAssembly module"


def _dependencies(
    place: go_modules.Place, workdir: Workspace, toolchain: Toolchain, cancel: CancelToken | None
) -> tuple[Path, ...]:
    """The user's own files that went in."""
    if not place.listed:
        return ()
    listed = golang.go(
        toolchain,
        workdir,
        place.listed,
        cwd=place.directory,
        environment=place.environment,
        cancel=cancel,
    )
    named = (Path(line) for line in listed.output.splitlines())
    return (*place.files, *(path for path in named if path.is_file()))


LANGUAGE = Go()
