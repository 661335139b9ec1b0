"""The Zig toolchain of the ``ziglang`` package: a C, C++ and Zig compiler with its own WASI libc.

Zig builds the C library from source when it is first asked for it (20 to 60 seconds), once for
every target and mode, into its global cache. All our guests are therefore built in one mode, and a
marker beside the result says that the work is done. Objects of single cells go to a cache that is
removed with the build's directory, so nothing of Zig's grows.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

from wasinn_nb.guest.build import turns
from wasinn_nb.guest.build.process import Finished, run
from wasinn_nb.guest.languages.base import Progress, Toolchain, Workspace, throttled
from wasinn_nb.nn.cancel import CancelToken

# Exceptions need the feature, and the C library is built once per set of features: C shares C++'s.
# It changes no byte of a C guest's code.
TARGET = ("-target", "wasm32-wasi", "-mcpu=generic+exception_handling")

INSTALL = 'pip install "wasinn-nb[c]"'

_INSTALLATION = "installation"
# Arguments that select another build of the C library.
_MODE_PREFIXES = ("-O", "-m", "-f", "-s", "-g", "-target", "-stdlib", "-l")


@cache
def _found() -> Toolchain | None:
    spec = find_spec("ziglang")
    if spec is None or not spec.submodule_search_locations:
        return None
    # Zig keeps things by where it really is
    directory = Path(next(iter(spec.submodule_search_locations))).resolve()
    executable = directory / ("zig.exe" if sys.platform == "win32" else "zig")
    if not executable.is_file():
        return None
    try:
        release = version("ziglang")
    except PackageNotFoundError:  # a copy without metadata: its size tells releases apart
        release = f"size{executable.stat().st_size}"
    return Toolchain("zig", release, executable, (directory / "lib",))


def detect() -> Toolchain | None:
    """The installed toolchain; looked for again while there is none."""
    found = _found()
    if found is None:
        _found.cache_clear()
    return found


def library(toolchain: Toolchain) -> Path:
    """Zig's ``lib`` directory, with the sources of libc++ and libunwind."""
    return toolchain.own_files[0]


def global_cache(toolchain: Toolchain, toolchains: Path) -> Path:
    """Where this installation of Zig keeps its C library; one cannot use another's."""
    installation = hashlib.sha256(str(toolchain.path).encode()).hexdigest()[:8]
    return toolchains / f"{toolchain.identity}-{installation}"


def _forget_removed(toolchains: Path) -> None:
    """Remove the C libraries of installations that are no longer there."""
    for record in toolchains.glob(f"zig-*/{_INSTALLATION}"):
        with suppress(OSError):
            if not Path(record.read_text(encoding="utf-8")).exists():
                shutil.rmtree(record.parent, ignore_errors=True)


def _marker(toolchain: Toolchain, toolchains: Path, command: str, mode: tuple[str, ...]) -> Path:
    modes = sorted(flag for flag in mode if flag.startswith(_MODE_PREFIXES))
    name = hashlib.sha256("\0".join((command, *modes)).encode()).hexdigest()[:16]
    return global_cache(toolchain, toolchains) / f"ready-{name}"


def ready(toolchain: Toolchain, toolchains: Path, command: str, mode: tuple[str, ...]) -> bool:
    """Whether the library for this mode has been built."""
    return _marker(toolchain, toolchains, command, mode).exists()


def zig(
    toolchain: Toolchain,
    workspace: Workspace,
    command: str,
    arguments: tuple[str, ...],
    *,
    mode: tuple[str, ...],
    once: str,
    progress: Progress | None = None,
    cancel: CancelToken | None = None,
) -> Finished:
    """Run ``zig COMMAND ARGUMENTS``.

    Args:
        toolchain: from :func:`detect`.
        workspace: the build's.
        command: ``cc``, ``c++`` or ``build-exe``.
        arguments: all of them.
        mode: those that select a build of the C library.
        once: what is being built when this mode has never been built on this machine.
        progress: told about it.
        cancel: kills the compiler.
    """

    def go(message: str, tick: turns.Tick | None = None) -> Finished:
        report = throttled(progress, message)

        def on_tick(elapsed: float) -> None:
            for one in (report, tick):
                if one is not None:
                    one(elapsed)

        return plain(toolchain, workspace, command, arguments, on_tick=on_tick, cancel=cancel)

    marker = _marker(toolchain, workspace.toolchains, command, mode)
    if marker.exists():
        return go("compiling")

    def make(tick: turns.Tick) -> Finished:
        if marker.exists():
            return go("compiling")
        _forget_removed(workspace.toolchains)
        finished = go(once, tick)
        if finished.returncode == 0:
            with suppress(OSError):
                record = marker.with_name(_INSTALLATION)
                record.write_text(str(toolchain.path), encoding="utf-8")
                marker.touch()
        return finished

    # One process builds the library, the others wait for it rather than compile it as well.
    return turns.take(
        marker.parent,
        make,
        background=workspace.background,
        cancel=cancel,
        on_wait=throttled(progress, once),
    )


def plain(
    toolchain: Toolchain,
    workspace: Workspace,
    command: str,
    arguments: tuple[str, ...],
    *,
    on_tick: Callable[[float], None] | None = None,
    cancel: CancelToken | None = None,
) -> Finished:
    """Run ``zig COMMAND ARGUMENTS`` when the C library is there, or none is needed."""
    return run(
        [str(toolchain.path), command, *arguments],
        cwd=library(toolchain).parent,
        env=_environment(global_cache(toolchain, workspace.toolchains), workspace.path),
        cancel=cancel,
        on_tick=on_tick,
        background=workspace.background,
    )


def _environment(global_cache: Path, private: Path) -> dict[str, str]:
    environment = {
        "ZIG_GLOBAL_CACHE_DIR": str(global_cache),
        "ZIG_LOCAL_CACHE_DIR": str(private / "zig-cache"),
        "HOME": str(private),
        "LC_ALL": "C",
        "TMPDIR": str(private),
    }
    if sys.platform == "win32":
        kept = ("SYSTEMROOT", "SYSTEMDRIVE", "LOCALAPPDATA")
        environment |= {name: os.environ[name] for name in kept if name in os.environ}
        environment |= {"TEMP": str(private), "TMP": str(private)}
    return environment
