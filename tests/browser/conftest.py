"""One server and one browser for all tests in here."""

from __future__ import annotations

import threading
from contextlib import suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.browser import lab
from tests.support import toolchains
from wasinn_nb.models import builtin_path


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item):
    """A test that fails shows its page as well, and what the server said."""
    report = yield
    if report.when == "call" and report.failed:
        for page, server in (("page", "server"), ("notebook7_page", "notebook7")):
            if page in item.funcargs:
                report.sections.append((page, _seen(item.funcargs[page])))
                report.sections.append((server, item.funcargs[server].said()))
    return report


def _seen(page):
    """The text of a page; an error of the page itself, if that is what failed."""
    try:
        text = page.inner_text("body", timeout=5000)
    except Exception as error:  # noqa: BLE001 - what is reported is the test's
        text = str(error)
    if len(text) > 4000:
        text = f"{text[:2000]}[...]{text[-2000:]}"
    return f"{page.url}\n{text}"


@pytest.fixture(scope="session")
def c_library():
    """Is there before a page waits for it."""
    toolchains.libraries_there("c")


@pytest.fixture(scope="session")
def server(tmp_path_factory, c_library):
    server = lab.Server(tmp_path_factory.mktemp("lab"))
    yield server
    server.close()


@pytest.fixture(scope="package")  # Playwright has an event loop in the main thread while it runs
def browser(chromium):
    with lab.browsing(chromium) as browser:
        yield browser


@pytest.fixture
def page(browser, server):
    with lab.new_page(browser, server) as page:
        yield page


@dataclass(frozen=True)
class Slow:
    """A model that is downloaded to its half in seconds, and to its end when a test says so."""

    address: str
    finish: threading.Event


@pytest.fixture
def slow_download():
    data = builtin_path("tinytales").read_bytes()
    finish, ended = threading.Event(), threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            for at in range(0, len(data), 1 << 16):
                while not finish.wait(0.1) and at > len(data) / 2:
                    if ended.is_set():
                        return
                with suppress(OSError):  # who loads has cancelled
                    self.wfile.write(data[at : at + (1 << 16)])

        def log_message(self, *_words):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield Slow(f"http://127.0.0.1:{server.server_port}/slow.gguf", finish)
    ended.set()
    server.shutdown()
