"""Rust's standard library without its debug information, and the guest SDK, made once.

A target's library comes with the debug information of all of it: six megabytes in every guest, and
nothing in them is about the cell. rustc is therefore given a sysroot of ours: the same archives
with these sections empty, and links to everything else. Code, metadata and identities stay.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import struct
import tempfile
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

from wasinn_nb.guest.build import relabel
from wasinn_nb.guest.build.model import InvalidWasm
from wasinn_nb.guest.build.process import Finished, run
from wasinn_nb.guest.componentize.binary import CORE_HEADER, section
from wasinn_nb.guest.languages import rustc
from wasinn_nb.guest.languages.base import CompileFailed, Workspace
from wasinn_nb.guest.wat.reader import Reader
from wasinn_nb.guest.wat.sections import CUSTOM
from wasinn_nb.nn.cancel import CancelToken
from wasinn_nb.nn.locks import file_lock

CRATES: dict[str, tuple[str, ...]] = {"wasi_nn": (), "wasmedge_wasi_nn": ("--cfg=wasmedge",)}
"""What the SDK's crate is called, and compiled with: as itself, and as either of the published."""

_RECORD = "compiler"
_NO_SYSROOT = "no-sysroot"
_MONTH_SECONDS = 30 * 86400
_ARCHIVE = b"!<arch>\n"
_HEADER = 60
_SIZE = slice(48, 58)

Tick = Callable[[float], None] | None


def folder(toolchain: rustc.Rust, toolchains: Path) -> Path:
    """Where everything is kept that is built once for this compiler."""
    return toolchains / toolchain.identity


def ready(toolchain: rustc.Rust, sdk: Path, toolchains: Path) -> bool:
    """Whether there is nothing left to build once for the SDK in ``sdk``."""
    place = folder(toolchain, toolchains)
    return _made(toolchain, place) is not None and _crates(place, sdk).is_dir()


def prepare(
    toolchain: rustc.Rust,
    workdir: Workspace,
    *,
    waiting: Tick = None,
    cancel: CancelToken | None = None,
) -> tuple[Path, dict[str, Path]]:
    """The sysroot to compile with, and the SDK's crates by name; made now if they are not there.

    Raises:
        CompileFailed: the SDK does not compile.
        Cancelled: through ``cancel``.
    """
    place = folder(toolchain, workdir.toolchains)
    crates = _crates(place, workdir.sdk)
    sysroot = _made(toolchain, place)
    if sysroot is None or not crates.is_dir():
        with file_lock(place / "building.lock", cancel=cancel, on_wait=waiting):
            _forget_removed(workdir.toolchains)
            (place / _RECORD).write_text(str(toolchain.path), encoding="utf-8")
            sysroot = _sysroot(toolchain, place)
            if not crates.is_dir():
                _build_crates(toolchain, workdir, sysroot, crates, waiting, cancel)
    for used in (place / _RECORD, crates):
        with suppress(OSError):
            os.utime(used)
    return sysroot, {name: crates / f"lib{name}.rlib" for name in CRATES}


def flags(toolchain: rustc.Rust, sysroot: Path, workdir: Workspace) -> list[str]:
    """What every compilation is told: with what, and what to call this machine's directories."""
    remapped = [
        (toolchain.sysroot / "lib" / "rustlib" / "src" / "rust", "/rust"),
        (sysroot.parent, "/toolchain"),
        (workdir.sdk / "rust", "wasi_nn"),
        (workdir.path, relabel.DIRECTORY),
    ]
    return [
        f"--sysroot={sysroot}",
        *rustc.link_flags(toolchain, workdir.path),
        *(f"--remap-path-prefix={path}={name}" for path, name in remapped),
    ]


def _crates(place: Path, sdk: Path) -> Path:
    """Where the SDK's crates are, compiled from these sources."""
    digest = hashlib.sha256()
    for path in sorted((sdk / "rust").glob("*.rs")):
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return place / f"sdk-{digest.hexdigest()[:16]}"


def _build_crates(
    toolchain: rustc.Rust,
    workdir: Workspace,
    sysroot: Path,
    target: Path,
    tick: Tick,
    cancel: CancelToken | None,
) -> None:
    forget_unused(target.parent.glob("sdk-*"))
    partial = Path(tempfile.mkdtemp(prefix="partial-", dir=target.parent))
    for name, options in CRATES.items():
        finished = compiler(
            toolchain,
            workdir,
            [
                *("--edition=2021", "--crate-type=rlib", f"--crate-name={name}", *options),
                *("--target", toolchain.target, "-Copt-level=2", "-Ccodegen-units=1"),
                *flags(toolchain, sysroot, workdir),
                *("-Awarnings", f"--out-dir={partial}", str(workdir.sdk / "rust" / "lib.rs")),
            ],
            tick=tick,
            cancel=cancel,
        )
        if finished.returncode != 0:
            shutil.rmtree(partial, ignore_errors=True)
            log = workdir.scrub(finished.output, toolchain)
            raise CompileFailed(f"{log}\nerror: this rustc does not compile the guest SDK\n")
    partial.rename(target)  # whole or not at all: others look without the lock


def forget_unused(places: Iterable[Path]) -> None:
    """Remove those folders that nothing has used for a month."""
    for place in places:
        with suppress(OSError):
            if time.time() - place.stat().st_mtime > _MONTH_SECONDS:
                shutil.rmtree(place, ignore_errors=True)


def compiler(
    toolchain: rustc.Rust,
    workdir: Workspace,
    arguments: list[str],
    *,
    tick: Tick = None,
    cancel: CancelToken | None = None,
) -> Finished:
    """Run rustc in the build's directory."""
    return run(
        [str(toolchain.path), *arguments],
        cwd=workdir.path,
        env=rustc.environment(workdir.path),
        cancel=cancel,
        on_tick=tick,
        background=workdir.background,
    )


def _forget_removed(toolchains: Path) -> None:
    """Remove what was made for compilers that are no longer there, or no longer used."""
    for record in toolchains.glob(f"rustc-*/{_RECORD}"):
        with suppress(OSError):
            unused = time.time() - record.stat().st_mtime > _MONTH_SECONDS
            if unused or not Path(record.read_text(encoding="utf-8")).exists():
                shutil.rmtree(record.parent, ignore_errors=True)


def _made(toolchain: rustc.Rust, place: Path) -> Path | None:
    """The sysroot to use, if that has been settled."""
    if (place / "sysroot").is_dir():
        return place / "sysroot"
    return toolchain.sysroot if (place / _NO_SYSROOT).exists() else None


def _sysroot(toolchain: rustc.Rust, place: Path) -> Path:
    """Our sysroot; the compiler's own where none can be made."""
    if (made := _made(toolchain, place)) is not None:
        return made
    partial = Path(tempfile.mkdtemp(prefix="partial-", dir=place))
    try:
        own = toolchain.sysroot / "lib" / "rustlib"
        libraries = partial / "lib" / "rustlib"
        (libraries / toolchain.target / "lib").mkdir(parents=True)
        for path in own.iterdir():
            if path.name != toolchain.target:
                (libraries / path.name).symlink_to(path, target_is_directory=path.is_dir())
        for path in toolchain.library.iterdir():
            copy = libraries / toolchain.target / "lib" / path.name
            if path.suffix == ".rlib":
                copy.write_bytes(without_debug(path.read_bytes()))
            else:
                copy.symlink_to(path, target_is_directory=path.is_dir())
        partial.rename(place / "sysroot")
    except (OSError, ValueError, InvalidWasm, struct.error):  # no links here, or other archives
        shutil.rmtree(partial, ignore_errors=True)
        (place / _NO_SYSROOT).touch()
        return toolchain.sysroot
    return place / "sysroot"


def without_debug(archive: bytes) -> bytes:
    """An archive of WebAssembly objects whose debug information is empty.

    Raises:
        ValueError, InvalidWasm, struct.error: this is no such archive.
    """
    if not archive.startswith(_ARCHIVE):
        raise ValueError("not an archive")
    made = [_ARCHIVE]
    places: dict[int, int] = {}
    index: int | None = None
    at, size = len(_ARCHIVE), len(_ARCHIVE)
    while at + _HEADER <= len(archive):
        header = archive[at : at + _HEADER]
        length = int(header[_SIZE])
        content = archive[at + _HEADER : at + _HEADER + length]
        places[at] = size
        if header[:16].rstrip() == b"/":
            index = len(made)
        elif content.startswith(CORE_HEADER):
            content = _object(content)
            header = header[:48] + str(len(content)).encode().ljust(10) + header[58:]
        member = header + content + b"\n" * (len(content) % 2)
        made.append(member)
        size += len(member)
        at += _HEADER + length + length % 2
    if index is not None:
        made[index] = _index(made[index], places)
    return b"".join(made)


def _index(member: bytes, places: dict[int, int]) -> bytes:
    """The archive's table of symbols, with the new places of its members."""
    (count,) = struct.unpack_from(">I", member, _HEADER)
    end = _HEADER + 4 + 4 * count
    offsets = struct.unpack_from(f">{count}I", member, _HEADER + 4)
    moved = struct.pack(f">{count}I", *(places.get(one, one) for one in offsets))
    return member[: _HEADER + 4] + moved + member[end:]


def _object(module: bytes) -> bytes:
    """An object whose debug sections have a name and nothing in it.

    Their number stays as it was, for others are known by theirs. What relocates them comes last.
    """
    made = [CORE_HEADER]
    rest = Reader(module, len(CORE_HEADER))
    while rest:
        start = rest.at
        kind, content = rest.byte(), rest.part()
        if kind == CUSTOM:
            named = content.at
            called = content.name()
            if called.startswith("reloc..debug_"):
                continue
            if called.startswith(".debug_"):
                made.append(section(CUSTOM, module[named : content.at]))
                continue
        made.append(module[start : rest.at])
    return b"".join(made)
