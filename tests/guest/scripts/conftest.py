"""A host with the models of the package, and a cell function."""

from __future__ import annotations

import itertools
import time

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


def when_it_goes(run):
    """The run, once it has printed ``go``."""
    while run.state not in {"running", "failed"} or "go" not in run.stdout:
        time.sleep(0.001)
    return run


def let_it_spin():
    """Return when a cell that has printed and goes on computing is well behind its printing.

    It is not a time: only what the process has computed counts.
    """
    until = time.process_time() + 0.2
    while time.process_time() < until:
        time.sleep(0.002)


@pytest.fixture
def js(host):
    yield from cells(host, "js")


@pytest.fixture
def py(host):
    yield from cells(host, "python")
