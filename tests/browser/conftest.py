"""One server and one browser for all tests in here."""

from __future__ import annotations

import pytest

from tests.browser import lab


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    server = lab.Server(tmp_path_factory.mktemp("lab"))
    yield server
    server.close()


@pytest.fixture(scope="session")
def browser(chromium):
    with lab.browsing(chromium) as browser:
        yield browser


@pytest.fixture
def page(browser, server):
    context = browser.new_context(viewport={"width": 1280, "height": 1000})
    page = context.new_page()
    page.set_default_timeout(60_000)
    yield page
    context.close()
    server.forget_sessions()
