"""Toolchains that tests need: there, or the test says what to install."""

from __future__ import annotations

import os

import pytest

from wasinn_nb.guest.languages import asc_toolchain, golang


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
