"""Rust's standard library without its debug information, and the guest SDK, made once.

A target's library comes with the debug information of all of it: six megabytes in every guest, and
nothing in them is about the cell. rustc is therefore given a sysroot of ours: the same archives
with these sections empty, and links to everything else. Code, metadata and identities stay.
"""

from __future__ import annotations

import hashlib
import shutil
import struct
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from wasinn_nb.guest.build import relabel
from wasinn_nb.guest.build.process import Finished, run
from wasinn_nb.guest.languages import rustc
from wasinn_nb.guest.languages.base import CompileFailed, Workspace
from wasinn_nb.nn.cancel import CancelToken
from wasinn_nb.nn.locks import file_lock

CRATE = "wasi_nn"
"""What the SDK's crate is called."""

_RECORD = "compiler"
_ARCHIVE = b"!<arch>\n"
_HEADER = 60
_SIZE = slice(48, 58)
_WASM = b"\0asm\x01\0\0\0"

Tick = Callable[[float], None] | None


def folder(toolchain: rustc.Rust, toolchains: Path) -> Path:
    """Where everything is kept that is built once for this compiler."""
    return toolchains / toolchain.identity


def ready(toolchain: rustc.Rust, workdir_sdk: Path, toolchains: Path) -> bool:
    """Whether there is nothing left to build once."""
    place = folder(toolchain, toolchains)
    return (place / "sysroot").is_dir() and _sdk_file(place, workdir_sdk).is_file()


def prepare(
    toolchain: rustc.Rust,
    workdir: Workspace,
    *,
    waiting: Tick = None,
    cancel: CancelToken | None = None,
) -> tuple[Path, Path]:
    """The sysroot to compile with, and the SDK's library; made now if they are not there.

    Raises:
        CompileFailed: the SDK does not compile.
        Cancelled: through ``cancel``.
    """
    place = folder(toolchain, workdir.toolchains)
    sdk = _sdk_file(place, workdir.sdk)
    if (place / "sysroot").is_dir() and sdk.is_file():
        return place / "sysroot", sdk
    with file_lock(place / "building.lock", cancel=cancel, on_wait=waiting):
        _forget_removed(workdir.toolchains)
        (place / _RECORD).write_text(str(toolchain.path), encoding="utf-8")
        sysroot = _sysroot(toolchain, place)
        if not sdk.is_file():
            _build_sdk(toolchain, workdir, sysroot, sdk, waiting, cancel)
    return sysroot, sdk


def flags(toolchain: rustc.Rust, sysroot: Path, workdir: Workspace) -> list[str]:
    """What every compilation is told: with what, and what to call this machine's directories."""
    remapped = [
        (toolchain.sysroot / "lib" / "rustlib" / "src" / "rust", "/rust"),
        (sysroot.parent, "/toolchain"),
        (workdir.sdk / "rust", CRATE),
        (workdir.path, relabel.DIRECTORY),
    ]
    return [
        f"--sysroot={sysroot}",
        *rustc.link_flags(toolchain, workdir.path),
        *(f"--remap-path-prefix={path}={name}" for path, name in remapped),
    ]


def _sdk_file(place: Path, sdk: Path) -> Path:
    digest = hashlib.sha256()
    for path in sorted((sdk / "rust").glob("*.rs")):
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return place / f"sdk-{digest.hexdigest()[:16]}" / f"lib{CRATE}.rlib"


def _build_sdk(
    toolchain: rustc.Rust,
    workdir: Workspace,
    sysroot: Path,
    target: Path,
    tick: Tick,
    cancel: CancelToken | None,
) -> None:
    made = workdir.path / target.name
    finished = compiler(
        toolchain,
        workdir,
        [
            *("--edition=2021", "--crate-type=rlib", f"--crate-name={CRATE}"),
            *("--target", toolchain.target, "-Copt-level=2", "-Cdebuginfo=0", "-Ccodegen-units=1"),
            *flags(toolchain, sysroot, workdir),
            *("-Awarnings", "-o", str(made), str(workdir.sdk / "rust" / "lib.rs")),
        ],
        tick=tick,
        cancel=cancel,
    )
    if finished.returncode != 0:
        log = workdir.scrub(finished.output, toolchain)
        raise CompileFailed(f"{log}\nerror: this rustc does not compile the guest SDK\n")
    for old in target.parent.parent.glob("sdk-*"):
        shutil.rmtree(old, ignore_errors=True)
    target.parent.mkdir(parents=True, exist_ok=True)
    # whole or not at all: others look without the lock
    partial = target.with_suffix(".partial")
    shutil.copyfile(made, partial)
    partial.replace(target)


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
    """Remove what was made for compilers that are no longer there."""
    for record in toolchains.glob(f"rustc-*/{_RECORD}"):
        with suppress(OSError):
            if not Path(record.read_text(encoding="utf-8")).exists():
                shutil.rmtree(record.parent, ignore_errors=True)


def _sysroot(toolchain: rustc.Rust, place: Path) -> Path:
    """Our sysroot; the compiler's own where none can be made."""
    made = place / "sysroot"
    if made.is_dir():
        return made
    try:
        partial = Path(tempfile.mkdtemp(prefix="sysroot-", dir=place))
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
        partial.rename(made)
    except (OSError, ValueError, struct.error):  # no links on this system, or another archive
        with suppress(OSError, UnboundLocalError):
            shutil.rmtree(partial)
        return toolchain.sysroot
    return made


def without_debug(archive: bytes) -> bytes:
    """An archive of WebAssembly objects whose debug information is empty.

    Raises:
        ValueError: this is no such archive.
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
        elif content.startswith(_WASM):
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
    made = [_WASM]
    for start, payload, end in _sections(module):
        if module[start] == 0:
            length, name_at = _leb(module, payload)
            name = module[name_at : name_at + length]
            if name.startswith(b"reloc..debug_"):
                continue
            if name.startswith(b".debug_"):
                kept = module[payload : name_at + length]
                made.append(b"\0" + _to_leb(len(kept)) + kept)
                continue
        made.append(module[start:end])
    return b"".join(made)


def _sections(module: bytes) -> Iterator[tuple[int, int, int]]:
    """Where each section starts, where its content does, and where it ends."""
    at = len(_WASM)
    while at < len(module):
        size, payload = _leb(module, at + 1)
        yield at, payload, payload + size
        at = payload + size


def _leb(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at


def _to_leb(value: int) -> bytes:
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes((*out, value))
