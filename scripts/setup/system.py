"""What must come from the operating system: checked, installed when we may, else named."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from scripts.setup.progress import SetupError, run, say


@dataclass(frozen=True)
class Need:
    """One thing that no Python package brings.

    Attributes:
        what: Its name in a sentence.
        debian: The Debian packages that bring it, with spaces between them.
        present: Whether it is there.
    """

    what: str
    debian: str
    present: Callable[[], bool]


def _any_on_path(*names: str) -> Callable[[], bool]:
    return lambda: any(shutil.which(name) for name in names)


def _mac_app(name: str) -> bool:
    return Path("/Applications", f"{name}.app").exists()


VENV = Need(
    "Python's venv module",
    "python3-venv",
    # Debian ships `venv` without `ensurepip`, which it needs, in a package of its own
    lambda: all(importlib.util.find_spec(name) for name in ("venv", "ensurepip")),
)
COMPILER = Need("a C++ compiler", "g++", _any_on_path(os.environ.get("CXX", "c++"), "g++"))
BROWSER = Need(
    "Chromium",
    "chromium",
    lambda: (
        _any_on_path("chromium", "chromium-browser", "google-chrome")() or _mac_app("Google Chrome")
    ),
)


def require(needs: Sequence[Need], log: Path) -> None:
    """Make sure that everything in `needs` is there.

    Args:
        needs: What to check.
        log: Where the package manager's output goes.

    Raises:
        SetupError: Something is missing and we may not or cannot install it.
    """
    missing = [need for need in needs if not need.present()]
    if not missing:
        return
    packages = [package for need in missing for package in need.debian.split()]
    if not shutil.which("apt-get"):
        names = " and ".join(need.what for need in missing)
        raise SetupError(f"{names} is missing: install it with your system's package manager.")
    if os.geteuid() != 0:
        raise SetupError(f"missing: run  sudo apt-get install -y {' '.join(packages)}  and repeat.")
    say(f"installing {', '.join(packages)} with apt-get")
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    advice = f"Install by hand and repeat: {' '.join(packages)}"
    run(["apt-get", "update"], title="apt-get update", log=log, advice=advice, env=env)
    run(
        ["apt-get", "install", "-y", "--no-install-recommends", *packages],
        title="apt-get install",
        log=log,
        advice=advice,
        env=env,
    )
    importlib.invalidate_caches()
    sys.path_importer_cache.clear()
    still = [need.debian for need in missing if not need.present()]
    if still:
        raise SetupError(f"apt-get installed {' '.join(still)}, but it is still not found.")
