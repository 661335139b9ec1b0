"""What is driven here is what users have: the wheel, where nothing of the checkout is found."""

from __future__ import annotations

import pytest

from tests import distributions
from tests.browser import lab


@pytest.fixture(scope="session")
def installed(wheel):
    """The interpreter of an environment that has the wheel and nothing of the checkout."""
    with distributions.installed(wheel) as python:
        yield python


@pytest.fixture(scope="session")
def server(installed, tmp_path_factory, c_library):
    server = lab.Server(tmp_path_factory.mktemp("clean"), installed)
    yield server
    server.close()


@pytest.fixture(scope="session")
def notebook7(installed, tmp_path_factory, c_library):
    server = lab.Server(tmp_path_factory.mktemp("notebook7"), installed, lab.NOTEBOOK)
    yield server
    server.close()


@pytest.fixture
def notebook7_page(browser, notebook7):
    with lab.new_page(browser, notebook7) as page:
        yield page
