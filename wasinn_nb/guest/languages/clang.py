"""A system clang with wasi-libc, as Debian packages it: used for C and C++ where Zig is absent.

It has no C library to build first, and no C++ exceptions.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path

from wasinn_nb.guest.build.process import Finished, run
from wasinn_nb.guest.languages.base import Progress, Toolchain, Workspace, throttled
from wasinn_nb.nn.cancel import CancelToken

INSTALL = (
    "apt install clang-19 lld-19 wasi-libc libclang-rt-19-dev-wasm32 "
    "libc++-19-dev-wasm32 libc++abi-19-dev-wasm32"
)

_RELEASES = range(25, 15, -1)
_SAMPLES = {
    "cc": ("c", '#include <stdio.h>\nint main(void) { return puts("") < 0; }\n'),
    "c++": ("c++", "#include <vector>\nint main() { return std::vector<int>(1).front(); }\n"),
}
_PROBE_SECONDS = 30


def detect(command: str) -> Toolchain | None:
    """A clang on PATH that links a program for WASI; looked for again while there is none.

    Args:
        command: ``cc`` or ``c++``.
    """
    found = _found(command)
    if found is None:
        _found.cache_clear()
    return found


@cache
def _found(command: str) -> Toolchain | None:
    stem = "clang++" if command == "c++" else "clang"
    for name in (stem, *(f"{stem}-{release}" for release in _RELEASES)):
        path = shutil.which(name)
        if path is not None and _links(path, command):
            return Toolchain("clang", _version(path), Path(path), (Path("/usr/include"),))
    return None


def _links(path: str, command: str) -> bool:
    language, text = _SAMPLES[command]
    with tempfile.TemporaryDirectory(prefix="wasinn-") as directory:
        try:
            done = subprocess.run(
                [path, *target(command), "-x", language, "-", "-o", f"{directory}/a.wasm"],
                input=text.encode(),
                capture_output=True,
                timeout=_PROBE_SECONDS,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired):
            return False
    return done.returncode == 0


def _version(path: str) -> str:
    text = subprocess.run([path, "--version"], capture_output=True, text=True, check=False).stdout
    match = re.search(r"version (\S+)", text)
    return match[1] if match else "unknown"


def target(command: str) -> tuple[str, ...]:
    """The flags that say what to build for."""
    flags = ("--target=wasm32-wasi", "-g", "-fno-color-diagnostics")
    return (*flags, "-fno-exceptions") if command == "c++" else flags


def clang(
    toolchain: Toolchain,
    workspace: Workspace,
    arguments: tuple[str, ...],
    *,
    progress: Progress | None = None,
    cancel: CancelToken | None = None,
) -> Finished:
    """Run the compiler with ``arguments``."""
    return run(
        [str(toolchain.path), *arguments],
        cwd=workspace.path,
        env={"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TMPDIR": str(workspace.path)},
        cancel=cancel,
        on_tick=throttled(progress, "compiling"),
        background=workspace.background,
    )
