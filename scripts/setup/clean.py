"""An environment without the checkout, in which tests install and run what users install.

It has everything that the package, JupyterLab and Notebook 7 need, and not the package itself.
"""

from __future__ import annotations

import hashlib
import json
import sys
import tomllib
from pathlib import Path

from scripts.setup import llama
from scripts.setup.environment import ADVICE, CONSTRAINTS, FOLDER, LOG, PYTHON, ROOT, pip
from scripts.setup.progress import run, say

PLACE = FOLDER / "lab-clean"
STAMP = PLACE / "wasinn-nb-setup.json"
EXTRAS = ("ggml", "c")


def make(build: llama.Build) -> Path:
    """Make the environment if it is out of date.

    Args:
        build: The llama.cpp to install, from the wheel cache.

    Returns:
        Its folder.

    Raises:
        SetupError: A step failed.
    """
    wanted = requirements()
    parts = [*wanted, CONSTRAINTS.read_text(encoding="utf-8"), build.key, sys.version]
    fingerprint = hashlib.sha256("\0".join(parts).encode()).hexdigest()
    if STAMP.exists() and json.loads(STAMP.read_text(encoding="utf-8")) == fingerprint:
        return PLACE
    say("making an environment to test what users install in")
    create: list[str | Path] = [PYTHON, "-m", "venv", "--clear", "--without-pip", PLACE]
    run(create, title="creating it", log=LOG, advice=ADVICE)
    wheel = llama.wheel(build, PYTHON, LOG)
    pip(wheel, *wanted, python=PLACE / "bin" / "python", title="installing Python packages")
    STAMP.write_text(json.dumps(fingerprint), encoding="utf-8")
    return PLACE


def requirements() -> list[str]:
    """What the package asks for, with the extras that the tests use, and the front ends."""
    everything = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    project, groups = everything["project"], everything["dependency-groups"]
    extras = [line for name in EXTRAS for line in project["optional-dependencies"][name]]
    return [*project["dependencies"], *extras, *groups["front-ends"]]
