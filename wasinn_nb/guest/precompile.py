"""Machine code for a component that a cell may need: made by a process that yields to all others.

The code is put where the next one who wants it looks first (:mod:`.modules`).
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from wasinn_nb.guest import octets
from wasinn_nb.guest.build import process
from wasinn_nb.guest.build.cache import ArtifactCache
from wasinn_nb.guest.modules import NATIVE, digest, native_key, packed_key
from wasinn_nb.nn.cancel import CancelToken
from wasinn_nb.nn.errors import WasinnError


def is_precompiled(wasm: bytes, artifacts: ArtifactCache) -> bool:
    """Whether the code is there."""
    key = digest(wasm)
    if artifacts.has(NATIVE, packed_key(key)):
        return True
    return artifacts.has(NATIVE, native_key(key)) and octets.find(wasm) is None


def precompile(wasm: bytes, artifacts: ArtifactCache, cancel: CancelToken | None) -> None:
    """Make the code, unless it is there.

    Raises:
        WasinnError: it could not be made.
        Cancelled: through ``cancel``; the process has been killed.
    """
    if is_precompiled(wasm, artifacts):
        return
    with tempfile.TemporaryDirectory(prefix="wasinn-") as folder:
        file = Path(folder) / "guest.wasm"
        file.write_bytes(wasm)
        command = [sys.executable, "-m", __name__, str(file), str(artifacts.root)]
        done = process.run(
            [*command, str(artifacts.limit)],
            cwd=Path(__file__).resolve().parents[2],  # where this package is found
            env=os.environ,
            cancel=cancel,
            background=True,
        )
    if done.returncode:
        last = done.output.strip().rsplit("\n", 1)[-1]
        raise WasinnError(f"A component could not be compiled ahead of its use: {last}")


def _main(file: str, root: str, limit: str) -> None:
    from wasinn_nb.guest.engine import Engine
    from wasinn_nb.guest.modules import ModuleCache

    ModuleCache(Engine(), ArtifactCache(Path(root), int(limit))).get(Path(file).read_bytes())


if __name__ == "__main__":
    _main(*sys.argv[1:])
