"""What a guest author includes: C and C++ headers and a Zig module over the wasi-nn imports.

The files are plain sources with no build step. A guest made with them imports nothing but module
``wasi_ephemeral_nn`` (and WASI), so it also runs on other wasi-nn runtimes.
"""

from __future__ import annotations

from pathlib import Path

__all__ = ["include_dir", "zig_module"]

_HERE = Path(__file__).resolve().parent


def include_dir() -> Path:
    """The directory for the C and C++ compiler's ``-I``: ``wasi_nn.h`` and its companions."""
    return _HERE / "include"


def zig_module() -> Path:
    """The root file of the Zig module, for ``--dep wasi_nn -Mwasi_nn=...``."""
    return _HERE / "zig" / "wasi_nn.zig"
