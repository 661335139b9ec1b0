"""An HTTP server on loopback that serves one file and misbehaves on request."""

from __future__ import annotations

import contextlib
import re
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class FileServer:
    """Serves ``data`` at ``/model.gguf`` and every path ending in a known name.

    Attributes:
        faults: what to do with the next requests, one entry a request: ``("status", 503)``,
            ``("cut", n)`` closes after n bytes, ``("stall", n)`` goes silent after n bytes,
            ``("hang",)`` never answers, ``("longer", n)`` promises n bytes more than it sends,
            ``("redirect", url)``.
        ranges: whether ``Range`` is understood.
        requests: (path, headers) of every request.
    """

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.etag: str | None = '"v1"'
        self.modified: str | None = None
        self.faults: list[tuple] = []
        self.ranges = True
        self.lengths = True
        self.requests: list[tuple[str, dict[str, str]]] = []
        self.released = threading.Event()
        self.delay = 0.0
        owner = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                owner.requests.append((self.path, dict(self.headers)))
                with contextlib.suppress(ConnectionError):
                    owner.answer(self)
                self.close_connection = True

            def log_message(self, *_args) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True)
        self.thread.start()

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}"

    @property
    def url(self) -> str:
        return f"{self.base}/models/model.gguf"

    def close(self) -> None:
        self.released.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        kind, *values = self.faults.pop(0) if self.faults else ("none",)
        if kind == "hang":
            self.released.wait(30)
            return
        if kind == "status":
            handler.send_response(values[0])
            if len(values) > 1:
                handler.send_header("Retry-After", str(values[1]))
            handler.send_header("Content-Length", "0")
            handler.end_headers()
            return
        if kind == "redirect":
            handler.send_response(302)
            handler.send_header("Location", values[0])
            handler.send_header("Content-Length", "0")
            handler.end_headers()
            return
        start = self.start(handler)
        if start is None:
            return
        body = self.data[start:]
        promised = len(body) + (values[0] if kind == "longer" else 0)
        if self.lengths:
            handler.send_header("Content-Length", str(promised))
        handler.send_header("Connection", "close")
        handler.end_headers()
        if kind in {"cut", "stall"}:
            handler.wfile.write(body[: values[0]])
            handler.wfile.flush()
            if kind == "stall":
                self.released.wait(30)
            return
        step = 8192
        for at in range(0, len(body), step):
            handler.wfile.write(body[at : at + step])
            if self.delay:
                time.sleep(self.delay)

    def start(self, handler: BaseHTTPRequestHandler) -> int | None:
        """Send the status line and the version; where the body begins, or None if it is refused."""
        wanted = re.fullmatch(r"bytes=(\d+)-", handler.headers.get("Range", ""))
        condition = handler.headers.get("If-Range")
        start = 0
        if wanted and self.ranges and condition in {None, self.etag, self.modified}:
            start = int(wanted[1])
        if start >= len(self.data) > 0:
            handler.send_response(416)
            handler.send_header("Content-Range", f"bytes */{len(self.data)}")
            handler.send_header("Content-Length", "0")
            handler.end_headers()
            return None
        handler.send_response(206 if start else 200)
        if start:
            span = f"bytes {start}-{len(self.data) - 1}/{len(self.data)}"
            handler.send_header("Content-Range", span)
        if self.etag:
            handler.send_header("ETag", self.etag)
        if self.modified:
            handler.send_header("Last-Modified", self.modified)
        return start


@contextlib.contextmanager
def serving(data: bytes):
    server = FileServer(data)
    try:
        yield server
    finally:
        server.close()
