"""An environment without the checkout, in which tests install and run what users install.

It has everything that the package, JupyterLab and Notebook 7 need, and not the package itself.
"""

from __future__ import annotations

import contextlib
import hashlib
import shutil
import tomllib
from collections.abc import Iterator
from pathlib import Path

from scripts.setup import llama
from scripts.setup.environment import ADVICE, CONSTRAINTS, FOLDER, LOG, PYTHON, ROOT, pip
from scripts.setup.lock import locked
from scripts.setup.progress import run, say

PLACE = FOLDER / "lab-clean"
STAMP = PLACE / "wasinn-nb-setup"
COMPILER = PLACE / "compiler"
"""Where Zig is. It builds a C library for each place that it is in, and tests run in copies."""


@contextlib.contextmanager
def environment(build: llama.Build) -> Iterator[Path]:
    """The folder of the environment, made anew if it is out of date. Nobody else makes it then.

    Args:
        build: The llama.cpp to install, from the wheel cache.

    Raises:
        SetupError: A step failed.
    """
    wanted, compilers = requirements()
    texts = [path.read_text(encoding="utf-8") for path in (CONSTRAINTS, FOLDER / "pyvenv.cfg")]
    fingerprint = hashlib.sha256(
        "\0".join([*wanted, *compilers, *texts, build.key]).encode()
    ).hexdigest()
    with locked(PLACE.with_suffix(".lock"), "making the environment of the tests"):
        if not STAMP.exists() or STAMP.read_text(encoding="utf-8") != fingerprint:
            say("making an environment to test what users install in")
            shutil.rmtree(PLACE, ignore_errors=True)
            create: list[str | Path] = [PYTHON, "-m", "venv", "--without-pip", PLACE]
            run(create, title="creating it", log=LOG, advice=ADVICE)
            wheel, python = llama.wheel(build, PYTHON, LOG), PLACE / "bin" / "python"
            pip(wheel, *wanted, python=python, title="installing Python packages")
            pip("--target", COMPILER, *compilers, python=python, title="installing a compiler")
            [packages] = PLACE.glob("lib/python*/site-packages")
            Path(packages, "compiler.pth").write_text(f"{COMPILER}\n", encoding="utf-8")
            STAMP.write_text(fingerprint, encoding="utf-8")
        yield PLACE


def requirements() -> tuple[list[str], list[str]]:
    """What the package asks for with its backends, and the front ends; what its ``c`` asks for."""
    everything = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    project, groups = everything["project"], everything["dependency-groups"]
    extras = project["optional-dependencies"]
    backends = [*extras["ggml"], *extras["openvino"]]
    return [*project["dependencies"], *backends, *groups["front-ends"]], extras["c"]
