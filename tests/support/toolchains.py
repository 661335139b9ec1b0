"""Toolchains that tests need: there, or the test says what to install."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from wasinn_nb.guest import languages
from wasinn_nb.guest.build.builder import Builder
from wasinn_nb.guest.build.model import Source
from wasinn_nb.guest.build.paths import cache_root
from wasinn_nb.guest.languages import asc_toolchain, golang

FIRST_BUILD_SECONDS = 900
"""How long whoever comes first on a new and busy machine may wait for the C libraries."""


def libraries_there(*names: str) -> Path:
    """The user's own cache, with the C libraries of these languages in it: a minute at first."""
    root = cache_root()
    for name in names:
        language = languages.find(name)
        Builder(root).build(Source(language.sample, name, label="a test"), force=True)
        assert language.ready(language.detect(), root)
    return root


def go_there() -> None:
    if golang.detect() is None:
        _missing(golang.INSTALL)


def assemblyscript_there() -> None:
    """Installed, that is: tests download nothing."""
    toolchain = asc_toolchain.detect()
    if toolchain is None or not toolchain.own_files:
        _missing("npm ci")


def _missing(install: str) -> None:
    if os.environ.get("CI"):
        pytest.fail(f"a toolchain is missing: {install}", pytrace=False)
    pytest.skip(install)
