"""Write constraints.txt: the exact version of everything that every extra installs.

Nothing is installed: pip resolves the newest releases that pyproject.toml allows for the oldest
Python that we support, and reports them.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

from scripts.setup import llama
from scripts.setup.environment import CONSTRAINTS, LOG, ROOT

OLDEST_PYTHON = "3.11.0"  # patch releases count: some packages ask for 3.11.5
HEADER = """\
# Exact versions of everything that set-up installs, pip and the build backends included.
# Written by `make constraints`; every change to it is a change of what is tested.
"""


def requirements() -> list[str]:
    """What pyproject.toml asks for, all extras and groups together."""
    everything = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    project = everything["project"]
    more = {**project["optional-dependencies"], **everything["dependency-groups"]}
    wanted = [*project["dependencies"], *(line for lines in more.values() for line in lines)]
    return ["pip", *(line for line in wanted if not line.startswith(project["name"]))]


def resolve(wanted: list[str]) -> dict[str, str]:
    """Names (normalised) and versions of the whole dependency tree of `wanted`."""
    [release] = [line.partition("==")[2] for line in wanted if line.startswith(llama.PACKAGE)]
    wheel = llama.wheel(llama.Build(release), Path(sys.executable), LOG)
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "report.json")
        subprocess.run(
            [
                *(sys.executable, "-m", "pip", "install", "--quiet", "--dry-run"),
                *("--ignore-installed", "--report", str(report), "--target", folder),
                *("--python-version", OLDEST_PYTHON, "--only-binary", ":all:"),
                *("--find-links", str(wheel.parent), *wanted),
            ],
            check=True,
        )
        items = json.loads(report.read_text(encoding="utf-8"))["install"]
    found = {item["metadata"]["name"]: item["metadata"]["version"] for item in items}
    return {re.sub(r"[-_.]+", "-", name).lower(): version for name, version in found.items()}


def main() -> None:
    """Write the file."""
    lines = [f"{name}=={version}" for name, version in sorted(resolve(requirements()).items())]
    CONSTRAINTS.write_text(HEADER + "\n".join(lines) + "\n", encoding="utf-8")
    print(f"{CONSTRAINTS.name}: {len(lines)} packages")


if __name__ == "__main__":
    main()
