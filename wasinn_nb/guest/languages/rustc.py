"""The Rust compiler: one that has a WebAssembly target, whoever installed it.

A `rustc` may be rustup's proxy, a distribution's, or one that somebody built. rustc tells the
directory of a target's library even when nothing is in it, so what counts is that ``libcore`` is
there; and a target is of use only with a linker that reads its library, so one is tried.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from wasinn_nb.guest.languages import ziglang
from wasinn_nb.guest.languages.base import Toolchain

# The first is the name since 1.78, the second the name until 1.83.
TARGETS = ("wasm32-wasip1", "wasm32-wasi")

_EXE = ".exe" if sys.platform == "win32" else ""
_DEBIAN = "apt install rustc cargo libstd-rust-dev-wasm32 lld"
_RUSTUP = "install Rust from https://rustup.rs, then: rustup target add wasm32-wasip1"
_SAMPLE = 'fn main() {\n    println!("{}", std::env::args().count());\n}\n'
_USUAL = ("/usr/local/bin", "/usr/bin", "/opt/homebrew/bin")
_LLD_RELEASES = range(14, 31)
_PROBE_SECONDS = 60
# After a search that found nothing, the next one may come.
_AGAIN_SECONDS = 3.0
# Settings of cargo, rustc and rustup that are the user's for their own work, not for a cell.
_DROPPED = ("CARGO_BUILD_", "CARGO_ENCODED_RUSTFLAGS", "CARGO_TARGET_DIR", "RUSTFLAGS")
_DROPPED_WHOLE = ("RUSTC_WRAPPER", "RUSTC_WORKSPACE_WRAPPER", "RUSTC_LOG", "RUST_LOG")


@dataclass(frozen=True, slots=True)
class Rust(Toolchain):
    """A Rust compiler that builds for WASI.

    Attributes:
        host: what it runs on: ``x86_64-unknown-linux-gnu``.
        target: what it builds for: one of :data:`TARGETS`.
        sysroot: where its libraries are.
        library: the directory of the target's.
        linker: the command of the linker, without its arguments.
        cargo: the cargo that belongs to it, if there is one.
        digest: tells one compiler, library and linker from another.
    """

    host: str = ""
    target: str = ""
    sysroot: Path = Path()
    library: Path = Path()
    linker: tuple[str, ...] = ()
    cargo: Path | None = None
    digest: str = ""

    @property
    def identity(self) -> str:
        """What a build depends on."""
        return f"{self.name}-{self.version}-{self.digest}"


@dataclass(slots=True)
class _Search:
    """What the last search found, and why it found nothing."""

    key: tuple[str | None, ...] = ()
    found: Rust | None = None
    stamp: tuple[int, ...] = ()
    until: float = 0.0
    install: str = _RUSTUP


_last = _Search()
_searching = threading.Lock()


def detect() -> Rust | None:
    """``$RUSTC`` if it is set, else the first that can build for WASI: PATH, rustup, the usual."""
    key = tuple(os.environ.get(name) for name in ("RUSTC", "PATH", "RUSTUP_TOOLCHAIN", "HOME"))
    with _searching:
        found = _last.found
        if _last.key == key:
            if found is not None and _stamp(found) == _last.stamp:
                return found
            if found is None and time.monotonic() < _last.until:
                return None
        _last.found, _last.install = _search()
        _last.key = key
        _last.stamp = _stamp(_last.found) if _last.found else ()
        _last.until = time.monotonic() + _AGAIN_SECONDS
        return _last.found


def install() -> str:
    """What to install, after :func:`detect` found nothing."""
    return _last.install


def _stamp(found: Rust) -> tuple[int, ...]:
    """Changes when the compiler or the target's library is another one."""
    stamps = []
    for path in (found.path, found.library, Path(found.linker[0])):
        try:
            stamps.append(path.stat().st_mtime_ns if path else 0)
        except OSError:
            stamps.append(-1)
    return tuple(stamps)


def environment(private: Path) -> dict[str, str]:
    """The environment of a compiler that keeps its temporary files in ``private``."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(_DROPPED) and name not in _DROPPED_WHOLE
    }
    # rustup downloads nothing on its own
    kept |= {"LC_ALL": "C", "RUSTUP_AUTO_INSTALL": "0", "TMPDIR": str(private)}
    if sys.platform == "win32":
        kept |= {"TEMP": str(private), "TMP": str(private)}
    return kept


def link_flags(toolchain: Rust, directory: Path) -> list[str]:
    """The flags that choose the linker; a script goes into ``directory`` where one is needed."""
    return _link_flags(toolchain.linker, directory)


def _link_flags(linker: Sequence[str], directory: Path) -> list[str]:
    if len(linker) == 1:
        return ["-C", f"linker={linker[0]}"]
    # rustc takes one program, and tells LLD's own driver first which linker to be
    script = directory / "wasm-ld"
    script.write_text(
        '#!/bin/sh\n[ "$1" = -flavor ] && shift 2\n'
        f'HOME="${{HOME:-{directory}}}" exec "{linker[0]}" {linker[1]} "$@"\n',
        encoding="utf-8",
    )
    script.chmod(0o700)
    return ["-C", f"linker={script}"]


def _search() -> tuple[Rust | None, str]:
    install = _RUSTUP
    seen: set[Path] = set()
    for command in _commands():
        path = _compiler(command)
        if path is None or path in seen:
            continue
        seen.add(path)
        found, missing = _examine(path)
        if found is not None:
            return found, ""
        if install is _RUSTUP and missing:
            install = missing
    return None, install


def _commands() -> Iterator[Path]:
    """Where a compiler may be, best first."""
    if named := os.environ.get("RUSTC"):
        found = shutil.which(named)
        yield Path(found) if found else Path(named)
        return
    name = f"rustc{_EXE}"
    home = Path.home()
    places = [Path(one) for one in os.environ.get("PATH", "").split(os.pathsep) if one]
    # a kernel started from a desktop's menu has no login shell's PATH
    places.append(Path(os.environ.get("CARGO_HOME") or home / ".cargo") / "bin")
    rustup = Path(os.environ.get("RUSTUP_HOME") or home / ".rustup")
    with suppress(OSError):
        places += sorted(one / "bin" for one in (rustup / "toolchains").iterdir())[::-1]
    places += [Path(one) for one in _USUAL]
    for place in places:
        if (place / name).is_file():
            yield place / name


def _compiler(command: Path) -> Path | None:
    """The compiler itself, where ``command`` is rustup's proxy; None if it does not run."""
    asked = _ask(command, "--print", "sysroot")
    if asked is None:
        return None
    itself = Path(asked) / "bin" / f"rustc{_EXE}"
    is_proxy = (command.parent / f"rustup{_EXE}").exists() and not os.environ.get("RUSTC")
    return itself if is_proxy and itself.is_file() else command.absolute()


def _examine(path: Path) -> tuple[Rust | None, str]:
    """The toolchain of a compiler, or what it lacks."""
    described = _ask(path, "-vV")
    sysroot = _ask(path, "--print", "sysroot")
    if described is None or sysroot is None:
        return None, ""
    facts = dict(re.findall(r"^([\w -]+): (.*)$", described, re.MULTILINE))
    version, host = facts.get("release", "unknown"), facts.get("host", "")
    library = _library(path)
    if library is None:
        return None, _no_target(path, version)
    target, place = library
    linker = _linker(path, target, Path(sysroot), host, facts.get("LLVM version", ""))
    if linker is None:
        release = facts.get("LLVM version", "").partition(".")[0]
        what = f"lld-{release}" if release else "lld"
        return None, f"a linker for {path}: apt install {what} (or pip install ziglang)"
    names = sorted(one.name for one in place.glob("*.rlib"))
    told = [described, target, *linker, *names, str(_size(linker[0]))]
    return Rust(
        "rustc",
        version,
        path,
        (Path(sysroot) / "lib" / "rustlib" / "src" / "rust", Path(sysroot) / "lib" / "rustlib"),
        host=host,
        target=target,
        sysroot=Path(sysroot),
        library=place,
        linker=linker,
        cargo=_cargo(path, Path(sysroot)),
        digest=hashlib.sha256("\0".join(told).encode()).hexdigest()[:8],
    ), ""


def _library(path: Path) -> tuple[str, Path] | None:
    """The target that the compiler has a library for, and where that is."""
    for target in TARGETS:
        place = _ask(path, "--print", "target-libdir", "--target", target)
        if place and any(Path(place).glob("libcore-*.rlib")):
            return target, Path(place)
    return None


def _no_target(path: Path, version: str) -> str:
    named = f"RUSTC names {path}, which" if os.environ.get("RUSTC") else f"Rust {version}"
    if shutil.which("rustup") or (path.parent / f"rustup{_EXE}").exists():
        how = "rustup target add wasm32-wasip1"
    elif Path(path).is_relative_to("/usr") and shutil.which("apt-get"):
        how = _DEBIAN
    else:
        how = _RUSTUP
    return f"{how} ({named} has no library for it)"


def _linker(path: Path, target: str, sysroot: Path, host: str, llvm: str) -> tuple[str, ...] | None:
    """The first linker that makes a program of the target."""
    release = llvm.partition(".")[0]
    for linker in _linkers(sysroot, host, release if release.isdecimal() else ""):
        if _links(path, target, linker):
            return linker
    return None


def _linkers(sysroot: Path, host: str, release: str) -> Iterator[tuple[str, ...]]:
    own = sysroot / "lib" / "rustlib" / host / "bin" / f"rust-lld{_EXE}"
    if own.is_file():
        yield (str(own),)
    # one that is older than the compiler may not know what it writes
    newer = [one for one in _LLD_RELEASES if str(one) != release and one >= int(release or 0)]
    older = [one for one in reversed(_LLD_RELEASES) if one < int(release or 0)]
    for name in (f"wasm-ld-{release}", "wasm-ld", *(f"wasm-ld-{one}" for one in newer)):
        if found := shutil.which(name):
            yield (found,)
    zig = ziglang.detect()
    if zig is not None and sys.platform != "win32":
        yield (str(zig.path), "wasm-ld")
    for one in older:
        if found := shutil.which(f"wasm-ld-{one}"):
            yield (found,)


def _links(path: Path, target: str, linker: Sequence[str]) -> bool:
    with tempfile.TemporaryDirectory(prefix="wasinn-", ignore_cleanup_errors=True) as directory:
        place = Path(directory)
        source, output = place / "a.rs", place / "a.wasm"
        source.write_text(_SAMPLE, encoding="utf-8")
        flags = ("--target", target, *_link_flags(linker, place), "-o", str(output))
        done = _run([str(path), *flags, str(source)], place)
        return done is not None and done.returncode == 0 and output.is_file()


def _cargo(path: Path, sysroot: Path) -> Path | None:
    """The cargo beside the compiler: those of other releases ask it for what it has not."""
    if named := os.environ.get("CARGO"):
        found = shutil.which(named)
        return Path(found) if found else None
    for place in (sysroot / "bin", path.parent):
        if (place / f"cargo{_EXE}").is_file():
            return place / f"cargo{_EXE}"
    return None


def _size(path: str) -> int:
    with suppress(OSError):
        return Path(path).stat().st_size
    return 0


def _ask(path: Path, *arguments: str) -> str | None:
    """What the compiler prints; None if it fails."""
    done = _run([str(path), *arguments], None)
    return done.stdout.strip() if done is not None and done.returncode == 0 else None


def _run(command: Sequence[str], place: Path | None) -> subprocess.CompletedProcess[str] | None:
    private = place or Path(tempfile.gettempdir())
    env: Mapping[str, str] = environment(private)
    try:
        return subprocess.run(
            command,
            capture_output=True,
            text=True,
            errors="replace",
            stdin=subprocess.DEVNULL,
            timeout=_PROBE_SECONDS,
            check=False,
            env=env,
            cwd=place,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
