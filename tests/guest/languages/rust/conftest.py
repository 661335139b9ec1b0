"""Fixtures for all tests of Rust cells."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.rust import Build, the_rust
from wasinn_nb.guest.build.builder import Builder
from wasinn_nb.guest.build.model import BuiltModule, Source
from wasinn_nb.guest.build.paths import cache_root
from wasinn_nb.guest.languages import rustc


@pytest.fixture(scope="module")
def rust() -> rustc.Rust:
    return the_rust()


@pytest.fixture
def builder(rust: rustc.Rust, tmp_path: Path) -> Builder:
    return Builder(tmp_path / "cache", toolchain_dir=cache_root())


@pytest.fixture
def build(builder: Builder) -> Build:
    def make(text: str, **fields: object) -> BuiltModule:
        source = Source(text, "rust", **{"label": "In[7]", "first_line": 2, **fields})
        return builder.build(source)

    return make
