"""The Rust compiler of this machine, and cells that it refuses."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest

from wasinn_nb.guest.build.errors import BuildError
from wasinn_nb.guest.build.model import BuiltModule
from wasinn_nb.guest.languages import rustc

HELLO = 'fn main() {\n    println!("hello");\n}\n'

Build = Callable[..., BuiltModule]


def the_rust() -> rustc.Rust:
    """The compiler that cells are built with; without one the test is skipped, or fails in CI."""
    found = rustc.detect()
    if found is not None:
        return found
    problem = f"there is no Rust with a WebAssembly target: {rustc.install()}"
    if os.environ.get("CI"):
        pytest.fail(problem)
    pytest.skip(problem)


def refused(build: Build, text: str, **fields: object) -> BuildError:
    with pytest.raises(BuildError) as caught:
        build(text, **fields)
    return caught.value
