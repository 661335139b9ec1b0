"""Building what users install, and installing it where the checkout is not to be seen."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.setup import clean, environment, llama


def build(folder: Path, kind: str, out: Path, path: str | None = None) -> Path:
    """Build a wheel or a source distribution.

    Args:
        folder: What it is built from.
        kind: ``wheel`` or ``sdist``.
        out: Where it goes.
        path: What PATH is to be; by default ours.
    """
    env = os.environ if path is None else {**os.environ, "PATH": path}
    done = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", kind, "-d", str(out)],
        cwd=folder,
        env=env,
        check=False,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise RuntimeError(done.stdout + done.stderr)
    [built] = out.glob("*.whl" if kind == "wheel" else "*.tar.gz")
    return built


def replicate(folder: Path, place: Path) -> None:
    """Make a copy of a folder whose files are replaced, never written to."""

    def one(source: str, target: str) -> None:
        try:
            os.link(source, target)
        except OSError:  # another file system
            shutil.copy2(source, target)

    shutil.copytree(folder, place, symlinks=True, dirs_exist_ok=True, copy_function=one)


@contextlib.contextmanager
def installed(wheel: Path) -> Iterator[Path]:
    """An environment of its own with ``wheel``, JupyterLab and Notebook 7; its interpreter."""
    facts = environment.remembered()
    if not facts:
        pytest.skip("needs the environment that `make setup` makes")
    version = environment.pinned(llama.PACKAGE)
    build = llama.Build(version, facts["ggml"], facts["cmake_args"])
    # beside the one that it is a copy of, so that links will do
    place = Path(tempfile.mkdtemp(prefix="session-", dir=clean.PLACE.parent))
    try:
        with clean.environment(build) as base:
            replicate(base, place)
        python = place / "bin" / "python"
        environment.pip("--no-deps", "--no-index", wheel, python=python, title="installing it")
        yield python
    finally:
        shutil.rmtree(place, ignore_errors=True)
