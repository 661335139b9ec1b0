"""A Rust compiler with a WebAssembly target: what the tests of Rust cells need.

Debian's is quickest: its packages install in ten seconds, and nothing is compiled. Any other that
Rust cells would use does as well, such as rustup's after `rustup target add wasm32-wasip1`.
"""

from __future__ import annotations

import subprocess

from scripts.setup.environment import PYTHON, ROOT
from scripts.setup.system import Need

_DETECT = "from wasinn_nb.guest.languages import rustc; raise SystemExit(not rustc.detect())"


def _present() -> bool:
    check = subprocess.run([PYTHON, "-c", _DETECT], cwd=ROOT, capture_output=True, check=False)
    return check.returncode == 0


RUST = Need(
    "Rust with the target wasm32-wasip1 (`rustup target add wasm32-wasip1`)",
    "rustc cargo libstd-rust-dev-wasm32 lld",
    _present,
)
