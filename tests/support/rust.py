"""The Rust compiler of this machine, for tests that cannot do without one."""

from __future__ import annotations

import os

import pytest

from wasinn_nb.guest.languages import rustc


def the_rust() -> rustc.Rust:
    """The compiler that cells are built with; without one the test is skipped, or fails in CI."""
    found = rustc.detect()
    if found is not None:
        return found
    problem = f"there is no Rust with a WebAssembly target: {rustc.install()}"
    if os.environ.get("CI"):
        pytest.fail(problem)
    pytest.skip(problem)
