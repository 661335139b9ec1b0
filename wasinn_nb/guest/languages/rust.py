"""Rust. The SDK is there as the crate ``wasi_nn``, and as ``wasmedge_wasi_nn`` for its sources.

Rust has no ``#line``: the source is written below as many empty lines as the cell has above it, so
its own numbers are the user's. A cell with ``// cargo:`` lines is built by cargo (`rust_crates`).
"""

from __future__ import annotations

import os
import re
from contextlib import suppress
from pathlib import Path

from wasinn_nb.guest.build import relabel
from wasinn_nb.guest.build.model import Diagnostic, Source
from wasinn_nb.guest.languages import rust_crates, rust_library, rust_messages, rustc
from wasinn_nb.guest.languages.base import (
    Compiled,
    CompileFailed,
    Progress,
    Toolchain,
    Workspace,
    throttled,
)
from wasinn_nb.guest.languages.flags import absolute
from wasinn_nb.nn.cancel import CancelToken

_FILE = f"{relabel.STEM}.rs"
_ONCE = "preparing Rust's standard library once"
_EDITION = "2021"
# A cell that exports functions and has no main is a library of them.
_EXPORTS = re.compile(r"#\s*\[\s*(?:unsafe\s*\(\s*)?(?:no_mangle|export_name)\b")
_HAS_MAIN = re.compile(r"\bfn\s+main\s*\(")
# Files beside the notebook that a cell may be made of; those of absolute paths are found anyway.
_BESIDE = re.compile(
    r'\binclude(?:_str|_bytes)?!\s*\(\s*r?"(?P<file>[^"]+)"'
    r'|#\s*\[\s*path\s*=\s*"(?P<path>[^"]+)"'
    r"|^\s*(?:pub(?:\([^)]*\))?\s+)?mod\s+(?P<module>\w+)\s*;",
    re.MULTILINE,
)
# With these rustc makes something else, or nothing.
_NO_MODULE = ("--print", "--emit", "--crate-type", "--target", "--test", "-o", "--out-dir")


class RustLanguage:
    """The Rust language."""

    name = "rust"
    aliases = ("rs",)
    sample = "fn main() {}\n"

    @property
    def install(self) -> str:
        """What is missing, as the last search found it."""
        return rustc.install()

    def detect(self) -> Toolchain | None:
        """A compiler that has a WebAssembly target and a linker for it."""
        return rustc.detect()

    def ready(self, toolchain: Toolchain, toolchains: Path) -> bool:
        """Whether the standard library and the SDK have been prepared for it."""
        from wasinn_nb.sdk import include_dir

        sdk = include_dir().parent
        return isinstance(toolchain, rustc.Rust) and rust_library.ready(toolchain, sdk, toolchains)

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
        assert isinstance(toolchain, rustc.Rust)  # noqa: S101 - detect() made it
        wrong = next((one for one in source.flags if one.partition("=")[0] in _NO_MODULE), None)
        if wrong is not None:
            raise CompileFailed(f"error: {wrong} cannot be used here: a cell becomes a module\n")
        edition, flags = _edition(source.flags)
        crates = rust_crates.named(source, workdir.cwd)
        waiting = throttled(progress, _ONCE)
        sysroot, sdk = rust_library.prepare(toolchain, workdir, waiting=waiting, cancel=cancel)
        job = rust_crates.Job(
            file=_FILE,
            text="\n" * (source.first_line - 1) + source.text,
            is_library=bool(_EXPORTS.search(source.text)) and not _HAS_MAIN.search(source.text),
            edition=edition,
            debug=source.debug,
            common=(
                *rust_library.flags(toolchain, sysroot, workdir),
                f"--remap-path-prefix={workdir.cwd}={relabel.DIRECTORY}",
            ),
            own=(
                *(f"--extern={name}={path}" for name, path in sdk.items() if name not in crates),
                *absolute(flags, workdir.cwd),
            ),
            beside=tuple(_beside(source.text, workdir.cwd)),
        )
        if crates:
            return rust_crates.build(
                job, crates, workdir, toolchain, progress=progress, cancel=cancel
            )
        return _compile(job, workdir, toolchain, progress, cancel)

    def explain(self, stderr: str, source: Source) -> list[Diagnostic]:
        """Diagnostics at the cell's lines."""
        return rust_messages.explain(stderr, source, _FILE)


def _compile(
    job: rust_crates.Job,
    workdir: Workspace,
    toolchain: rustc.Rust,
    progress: Progress | None,
    cancel: CancelToken | None,
) -> Compiled:
    rust_crates.place(job, workdir.path)
    output, listing = workdir.path / "cell.wasm", workdir.path / "cell.d"
    finished = rust_library.compiler(
        toolchain,
        workdir,
        [
            *("--crate-name=cell", f"--crate-type={'cdylib' if job.is_library else 'bin'}"),
            *(f"--edition={job.edition}", "--target", toolchain.target, "--error-format=json"),
            *rust_crates.profile(debug=job.debug),
            *job.common,
            *job.own,
            *(f"--emit=link={output},dep-info={listing}", _FILE),
        ],
        tick=throttled(progress, "compiling"),
        cancel=cancel,
    )
    log = workdir.scrub(finished.output, toolchain)
    if finished.returncode != 0:
        raise CompileFailed(log, shown=rust_messages.rendered(log))
    wasm = output.read_bytes() if output.is_file() else b""
    if not wasm.startswith(b"\0asm"):
        raise CompileFailed(f"{log}\nerror: the flags given make no WebAssembly module\n")
    return Compiled(wasm, log, rust_crates.dependencies(listing, workdir.path, workdir.sdk))


def _edition(flags: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    """The edition that the user asks for, else ours, and the other flags: it is given once only."""
    edition, kept = _EDITION, []
    given = iter(flags)
    for flag in given:
        if flag == "--edition":
            edition = next(given, _EDITION)
        elif flag.startswith("--edition="):
            edition = flag.partition("=")[2]
        else:
            kept.append(flag)
    return edition, tuple(kept)


def _beside(text: str, directory: Path) -> list[Path]:
    """Files and folders of ``directory`` that the cell is made of too."""
    found: dict[Path, None] = {}
    for match in _BESIDE.finditer(text):
        if module := match["module"]:
            names = [f"{module}.rs", module]
        else:
            named = Path(match["file"] or match["path"])
            if named.is_absolute() or named.parts[:1] in ((), ("..",)):
                continue
            names = [named.parts[0]]
        for name in names:
            with suppress(OSError):
                if os.path.lexists(directory / name):
                    found[directory / name] = None
    return list(found)


LANGUAGE = RustLanguage()
