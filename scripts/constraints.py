"""Write constraints.txt: the exact version of everything that every extra installs.

Nothing is installed: pip resolves the newest releases that pyproject.toml allows and reports them.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "constraints.txt"
HEADER = """\
# Exact versions of everything that set-up installs, pip and the build backends included.
# Written by `make constraints`; every change to it is a change of what is tested.
"""


def resolve() -> dict[str, str]:
    """Names (normalised) and versions of the whole dependency tree of all extras."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "report.json")
        subprocess.run(
            [
                *(sys.executable, "-m", "pip", "install", "--quiet", "--dry-run"),
                *("--ignore-installed", "--report", report, "pip", f"{ROOT}[all,dev]"),
            ],
            check=True,
        )
        items = json.loads(report.read_text(encoding="utf-8"))["install"]
    found = {item["metadata"]["name"]: item["metadata"]["version"] for item in items}
    return {
        name.lower().replace("_", "-").replace(".", "-"): version
        for name, version in found.items()
        if name != "wasinn-nb"
    }


def main() -> None:
    """Write the file."""
    lines = [f"{name}=={version}" for name, version in sorted(resolve().items())]
    TARGET.write_text(HEADER + "\n".join(lines) + "\n", encoding="utf-8")
    print(f"{TARGET.name}: {len(lines)} packages")


if __name__ == "__main__":
    main()
