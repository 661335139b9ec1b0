"""A host with the models of the package, and a cell function."""

from __future__ import annotations

import itertools

import pytest

from wasinn_nb.api import Host


@pytest.fixture(scope="module")
def host():
    host = Host()
    host.load("digits", "builtin:digits")
    host.load("story", "builtin:tinytales")
    yield host
    host.close()


def cells(host, language):
    """``run(text, name=None, **options of a run)``: build and run a cell; returns the run."""
    numbers = itertools.count(1)

    def run(text, name=None, *, force=False, **options):
        label = f"In[{next(numbers)}]"
        guest = host.build(text, language, name=name, label=label, first_line=2, force=force)
        return guest.run(**options)

    yield run
    host.runner.machines.close()


@pytest.fixture
def js(host):
    yield from cells(host, "js")


@pytest.fixture
def py(host):
    yield from cells(host, "python")
