"""Makes the component that runs Python cells: CPython with the sources beside this file.

    python interpreters/python/build.py [FILE.wasm | FILE.wasm.xz]

It needs componentize-py.
"""

from __future__ import annotations

import lzma
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
WIT = HERE.parents[1] / "wasinn_nb" / "wit"
PRODUCT = HERE.parents[1] / "wasinn_nb" / "guest" / "languages" / "python.wasm.xz"
PACKAGES = {"nn": "wasi-nn-0.2.0-rc-2024-10-28.wit", "llm": "wasinn-llm.wit"}
# which another world of the same file imports
RANDOM = """package wasi:random@0.2.0;
interface random {
  get-random-bytes: func(len: u64) -> list<u8>;
}
"""
# in a third of the time that the default takes, for a seventh more bytes
FILTERS = [
    {
        "id": lzma.FILTER_LZMA2,
        "preset": 6,
        "dict_size": 1 << 25,
        "mf": lzma.MF_HC4,
        "mode": lzma.MODE_FAST,
    }
]
COMMAND = "import sys, componentize_py; sys.exit(componentize_py.script())"


def build(target: Path) -> None:
    """Write the component to ``target``."""
    with tempfile.TemporaryDirectory(prefix="wasinn-python-") as folder:
        wit = Path(folder, "wit")
        for name, file in PACKAGES.items():
            place = wit / "deps" / name
            place.mkdir(parents=True)
            (place / file).write_bytes((WIT / file).read_bytes())
        (wit / "deps" / "random").mkdir()
        (wit / "deps" / "random" / "random.wit").write_text(RANDOM, encoding="utf-8")
        (wit / "script.wit").write_bytes((WIT / "wasinn-script.wit").read_bytes())
        # it takes in whatever this Python has installed unless it is shown another place
        empty = Path(folder, "environment", "lib", "python3", "site-packages")
        empty.mkdir(parents=True)
        # it leaves its own caches beside the sources
        sources = Path(folder, "src")
        shutil.copytree(HERE / "src", sources, ignore=shutil.ignore_patterns("__pycache__"))
        component = Path(folder, "python.wasm")
        words = ["-d", wit, "-w", "script", "componentize", "-p", sources, "interpreter"]
        subprocess.run(
            [sys.executable, "-c", COMMAND, "--quiet", *words, "-o", component],
            check=True,
            cwd=folder,
            env={**os.environ, "VIRTUAL_ENV": str(Path(folder, "environment"))},
        )
        data = component.read_bytes()
        if target.suffix == ".xz":
            data = lzma.compress(data, filters=FILTERS)
        # whole or not at all: others may look for it meanwhile
        unfinished = target.with_name(f"{target.name}.{os.getpid()}.tmp")
        unfinished.write_bytes(data)
        unfinished.replace(target)


if __name__ == "__main__":
    build(Path(sys.argv[1]) if len(sys.argv) > 1 else PRODUCT)
