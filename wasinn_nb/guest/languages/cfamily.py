"""What C and C++ share: the command, the prelude, and the files that a build depends on."""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace
from pathlib import Path

from wasinn_nb.guest.build import packaging, relabel
from wasinn_nb.guest.build.model import Diagnostic, Source
from wasinn_nb.guest.build.process import Finished
from wasinn_nb.guest.languages import clang, diagnostics, ziglang
from wasinn_nb.guest.languages.base import (
    Compiled,
    CompileFailed,
    Progress,
    Toolchain,
    Workspace,
)
from wasinn_nb.guest.languages.flags import absolute
from wasinn_nb.nn.cancel import CancelToken

# One level for everybody: Zig builds a C library for each mode, and -O0 shares this one's.
_OPTIMISED = "-O2"
_CHECKED = "-O0"
# Zig defines NDEBUG with the level; a user's -DNDEBUG comes later and wins.
_ASSERT = "-UNDEBUG"
_PRELUDE = Path(__file__).with_name("prelude.c")
# With these there is no C library, no constructor runs, or there need be no main.
_PARTIAL = ("-c", "-S", "-E", "-r", "-o", "-fsyntax-only")
_BARE = ("-nostdlib", "-ffreestanding", "-nostartfiles", "-nodefaultlibs")
_REACTOR = "-mexec-model=reactor"
# Who calls a library's functions has to have memory in it for what it gives them.
_ALLOCATOR = ("-Wl,--export=malloc", "-Wl,--export=free")
# A cell that exports functions and has no main is a library of them.
_EXPORTS = re.compile(r"\bexport_name\b")
_HAS_MAIN = re.compile(r"\bmain\s*\(")
# Where main is missing the linker leaves a stub of this name, which traps, and says nothing.
_NO_MAIN = b"undefined_weak:main"
# What Zig's clang leaves out: the name that was meant, and a missing quote as what it is.
_CLEAR = ("-fspell-checking", "-Werror=invalid-pp-token")
# So that an error inside a template names the cell's line that led there.
_TRACE = ("-ftemplate-backtrace-limit=0", "-fmacro-backtrace-limit=0")
# What a statement outside of functions is taken for.
_STATEMENT = re.compile(r"expected (?:parameter declarator|unqualified-id)")
_LISTED = re.compile(r"(?:[^\s\\]|\\.)+")


class CFamily:
    """A language that clang compiles.

    Args:
        name: canonical name.
        aliases: other names.
        suffix: of its source files.
        command: Zig's name for the driver, ``cc`` or ``c++``.
        once: what is built on a machine's first use, in words.
        sample: a smallest program.
    """

    install = f"{ziglang.INSTALL} (or, on Debian, {clang.INSTALL})"

    def __init__(
        self,
        *,
        name: str,
        aliases: tuple[str, ...],
        suffix: str,
        command: str,
        once: str,
        sample: str,
    ) -> None:
        self.name = name
        self.aliases = aliases
        self.sample = sample
        self.command = command
        self._file = f"{relabel.STEM}{suffix}"
        self._once = once

    def detect(self) -> Toolchain | None:
        """Zig's clang, else a system clang that can link a WASI program in this language."""
        return ziglang.detect() or clang.detect(self.command)

    def ready(self, toolchain: Toolchain, toolchains: Path) -> bool:
        """Whether the C (C++) library of the default mode is there."""
        if toolchain.name != "zig":
            return True
        return ziglang.ready(toolchain, toolchains, self.command, (*ziglang.TARGET, _OPTIMISED))

    def dialect(
        self, workdir: Workspace, toolchain: Toolchain, cancel: CancelToken | None
    ) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """What the language adds: flags, and objects to link."""
        del workdir, toolchain, cancel
        return (), ()

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
        user = absolute(source.flags, workdir.cwd)
        exports = source.wit or _EXPORTS.search(source.text)
        if exports and not _HAS_MAIN.search(source.text):
            user = (*user, _REACTOR)
        for flag in user:
            if flag in _PARTIAL:
                raise CompileFailed(f"error: {flag} cannot be used here: a cell becomes a module\n")
        cell = workdir.path / self._file
        cell.write_text(
            f'#line {source.first_line} "{self._file}"\n{source.text}\n',
            encoding="utf-8",
            errors="replace",
            newline="\n",
        )
        output, listing = workdir.path / "cell.wasm", workdir.path / "cell.d"
        flags, objects = self.dialect(workdir, toolchain, cancel)
        bare = any(flag in _BARE for flag in source.flags)
        if not bare:
            objects = (*objects, self._prelude(workdir, toolchain, cancel))
        level = _CHECKED if source.debug else _OPTIMISED
        finished = self._run(
            toolchain,
            workdir,
            (level, _ASSERT, "-Wall", *_CLEAR, *_TRACE, *_stable_paths(workdir), *flags),
            (
                *user,
                *(_ALLOCATOR if _REACTOR in user and not bare else ()),
                *("-MD", "-MF", str(listing), "-o", str(output)),
                *("-isystem", str(workdir.sdk / "include"), "-iquote", str(workdir.cwd)),
                *_component(source, workdir),
                str(cell),
                *objects,
            ),
            mode=(level, *user),
            progress=progress,
            cancel=cancel,
        )
        log = workdir.scrub(finished.output, toolchain)
        if finished.returncode != 0:
            raise CompileFailed(log)
        wasm = output.read_bytes() if output.is_file() else b""
        if not wasm.startswith(b"\0asm"):
            raise CompileFailed(f"{log}\nerror: the flags given make no WebAssembly module\n")
        if not bare and _REACTOR not in user and _NO_MAIN in wasm:
            raise CompileFailed(f"{log}\nerror: undefined symbol: main\n")
        return Compiled(wasm, log, _dependencies(listing, user, workdir, toolchain))

    def explain(self, stderr: str, source: Source) -> list[Diagnostic]:
        """Diagnostics at the cell's lines."""
        found = diagnostics.explain(stderr, source, self._file)
        return [_with_hint(one, source) for one in found]

    def _run(
        self,
        toolchain: Toolchain,
        workdir: Workspace,
        ours: tuple[str, ...],
        rest: tuple[str, ...],
        *,
        mode: tuple[str, ...],
        progress: Progress | None,
        cancel: CancelToken | None,
    ) -> Finished:
        if toolchain.name != "zig":
            arguments = (*clang.target(self.command), *ours, *rest)
            return clang.clang(toolchain, workdir, arguments, progress=progress, cancel=cancel)
        return ziglang.zig(
            toolchain,
            workdir,
            self.command,
            (*ziglang.TARGET, *ours, *rest),
            mode=(*ziglang.TARGET, *mode),
            once=self._once,
            progress=progress,
            cancel=cancel,
        )

    def _prelude(self, workdir: Workspace, toolchain: Toolchain, cancel: CancelToken | None) -> str:
        return stored_object(workdir, toolchain, "prelude", _PRELUDE, (_OPTIMISED,), cancel=cancel)


def _with_hint(found: Diagnostic, source: Source) -> Diagnostic:
    """A diagnostic with what to do, where a beginner's first cell has it."""
    hint = ""
    if found.message == "use of undeclared identifier 'std'":
        hint = "the library's headers are included by name, as in #include <iostream>"
    elif _STATEMENT.match(found.message) and not _HAS_MAIN.search(source.text):
        hint = "statements stand in a function: int main() { ... }"
    return replace(found, notes=(*found.notes, f"hint: {hint}")) if hint else found


def _component(source: Source, workdir: Workspace) -> tuple[str, ...]:
    """What a component's cell is compiled with: what its world has is declared above it."""
    if source.abi != "component":
        return ()
    told = ("-DWASINN_COMPONENT",)
    if not source.wit:
        return told
    header = workdir.path / "include" / "world.h"
    header.parent.mkdir()
    header.write_text(packaging.header(source), encoding="utf-8", newline="\n")
    return (*told, "-isystem", str(header.parent), "-include", header.name)


def _dependencies(
    listing: Path, user: tuple[str, ...], workdir: Workspace, toolchain: Toolchain
) -> tuple[Path, ...]:
    """The user's own files that went in: headers, and whatever the flags name."""
    try:
        listed = listing.read_text(encoding="utf-8", errors="replace").partition(": ")[2]
    except OSError:
        listed = ""
    names = _LISTED.findall(listed.replace("\\\n", " "))
    names = [re.sub(r"\\(.)", r"\1", name).replace("$$", "$") for name in names]
    ours = (workdir.path, workdir.sdk, *toolchain.own_files)
    found: dict[Path, None] = {}
    for name in (*names, *user):
        # What is listed by a relative name is the toolchain's: the user's names are absolute.
        path = (toolchain.directory or workdir.path) / name
        if path.is_file() and not any(path.is_relative_to(directory) for directory in ours):
            found[path] = None
    return tuple(found)


def stored_object(
    workdir: Workspace,
    toolchain: Toolchain,
    name: str,
    source: Path,
    flags: tuple[str, ...],
    *,
    command: str = "cc",
    cancel: CancelToken | None = None,
) -> str:
    """An object file of our own to link with, compiled once for a toolchain.

    Returns:
        Its path in the build's directory.

    Raises:
        CompileFailed: the toolchain cannot compile it.
        Cancelled: through ``cancel``.
    """
    target = workdir.path / f"{name}.o"
    described = workdir.scrub("\0".join((toolchain.identity, command, *flags)), toolchain)
    key = hashlib.sha256(described.encode() + b"\0" + source.read_bytes()).hexdigest()
    stored = workdir.artifacts.get("object", key)
    if stored is not None:
        target.write_bytes(stored)
        return str(target)
    # Without debug information, which would name this machine's directories in every guest.
    arguments = (*flags, "-w", "-g0", "-c", str(source), "-o", str(target))
    if toolchain.name == "zig":
        arguments = (*ziglang.TARGET, *arguments)
        finished = ziglang.plain(toolchain, workdir, command, arguments, cancel=cancel)
    else:
        arguments = (*clang.target(command), *arguments)
        finished = clang.clang(toolchain, workdir, arguments, cancel=cancel)
    if finished.returncode != 0:
        raise CompileFailed(workdir.scrub(finished.output, toolchain))
    workdir.artifacts.put("object", key, target.read_bytes())
    return str(target)


def _stable_paths(workdir: Workspace) -> tuple[str, ...]:
    """Keep this machine's directories out of debug information: equal text, equal module."""
    maps = [(workdir.cwd, workdir.cwd != Path(workdir.cwd.anchor)), (workdir.path, True)]
    return (
        f"-ffile-compilation-dir={relabel.DIRECTORY}",
        *(f"-ffile-prefix-map={path}={relabel.DIRECTORY}" for path, wanted in maps if wanted),
    )
