"""Compile the adapters that make components of core guests.

`python -m scripts.adapters` writes `wasinn_nb/guest/adapters/*.wasm` from the sources beside them.
They are committed: the same sources and the same Zig give the same bytes, which a test checks.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path

import wasmtime

from wasinn_nb.guest.languages import ziglang

FOLDER = Path(__file__).resolve().parents[1] / "wasinn_nb" / "guest" / "adapters"
SHARED = ("memory", "process", "files", "paths", "listings", "nn_tables")
BRIDGES = ("peek", "bridge")
VARIANTS = ("core", "standard")
FLAGS = (
    *("-target", "wasm32-freestanding", "-mcpu=generic+bulk_memory"),
    *("-std=c11", "-Oz", "-ffreestanding", "-nostdlib", "-Wall", "-Wextra", "-Werror"),
)
LINKING = (
    *("--no-entry", "--gc-sections", "--strip-all", "-z", "stack-size=16384"),
    "--import-memory=wasinn:bridge,memory",
)


def compiled() -> dict[str, bytes]:
    """All adapters, by the names of their files."""
    found = ziglang.detect()
    if found is None or found.path is None:
        raise SystemExit(f"There is no Zig: {ziglang.INSTALL}.")
    zig = found.path
    source = FOLDER / "src"
    with tempfile.TemporaryDirectory(prefix="wasinn-") as directory:
        work = Path(directory)
        environment = os.environ | {
            "ZIG_GLOBAL_CACHE_DIR": str(work / "global"),
            "ZIG_LOCAL_CACHE_DIR": str(work / "local"),
        }

        def run(*arguments: str) -> None:
            subprocess.run([zig, *arguments], check=True, cwd=source, env=environment)

        own = {variant: (f"nn_{variant}", f"exit_{variant}") for variant in VARIANTS}
        for name in (*SHARED, *(one for names in own.values() for one in names)):
            run("cc", *FLAGS, "-c", f"{name}.c", "-o", str(work / f"{name}.o"))
        made = {
            name: bytes(wasmtime.wat2wasm((source / f"{name}.wat").read_text("utf-8")))
            for name in BRIDGES
        }
        for variant, names in own.items():
            objects = [str(work / f"{name}.o") for name in (*SHARED, *names)]
            output = work / f"{variant}.wasm"
            run("wasm-ld", *LINKING, *objects, "-o", str(output))
            made[variant] = output.read_bytes()
    return made


if __name__ == "__main__":
    for name, data in compiled().items():
        (FOLDER / f"{name}.wasm").write_bytes(data)
        print(f"{name}.wasm: {len(data):,} bytes")
