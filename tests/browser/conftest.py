"""One server and one browser for all tests in here."""

from __future__ import annotations

import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.browser import lab
from wasinn_nb.models import builtin_path


@pytest.fixture(scope="session")
def server(tmp_path_factory):
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


@pytest.fixture(scope="module")
def slow_server():
    """The address of a model that takes seconds to download."""
    data = builtin_path("tinytales").read_bytes()
    ended = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            for at in range(0, len(data), 1 << 16):
                if ended.wait(0.1):
                    return
                with suppress(OSError):  # who loads has cancelled
                    self.wfile.write(data[at : at + (1 << 16)])

        def log_message(self, *_words):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/slow.gguf"
    ended.set()
    server.shutdown()
