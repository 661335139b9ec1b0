"""Models of the Hub, against a server on loopback that speaks as much of it as a download needs."""

import contextlib
import json
import os
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

pytest.importorskip("huggingface_hub")

COMMIT = "0123456789abcdef0123456789abcdef01234567"
DATA = bytes(range(256)) * 2000

CHILD = """
import json, sys, threading, time
from pathlib import Path
from wasinn_nb.nn.cancel import CancelToken
from wasinn_nb.nn.errors import Cancelled, NNError
from wasinn_nb.nn.sources import SourceResolver
resolver = SourceResolver(cache_dir=Path(sys.argv[1]), builtin=Path)
token, seen, stopped = CancelToken(), [], []
def progress(what, fraction):
    seen.append([what, fraction])
    if "--cancel" in sys.argv:
        stopped.append(time.monotonic())
        token.cancel()
def late():
    stopped.append(time.monotonic())
    token.cancel()
if "--cancel-late" in sys.argv:
    threading.Timer(1.5, late).start()
try:
    path = resolver.resolve(sys.argv[2], progress=progress, cancel=token).parts[0]
    end = {"size": path.stat().st_size, "name": path.name, "seen": seen[-1:]}
except Cancelled:
    end = {"cancelled": time.monotonic() - stopped[0]}
except NNError as error:
    end = {"error": type(error).__name__, "words": str(error)}
print(json.dumps(end), flush=True)
"""


class Hub(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_HEAD(self):
        self.answer(body=False)

    def do_GET(self):
        self.answer(body=True)

    def log_message(self, *_args):
        pass

    def answer(self, *, body):
        self.close_connection = True
        name = self.path.rpartition("/")[2]
        if name == "slow.gguf" and body:
            self.server.released.wait(30)
            return
        error = {
            "absent.gguf": ("404", "EntryNotFound"),
            "private.gguf": ("401", "RepoNotFound"),
            "gated.gguf": ("403", "GatedRepo"),
        }.get(name)
        if "/resolve/nowhere/" in self.path:
            error = ("404", "RevisionNotFound")
        with contextlib.suppress(ConnectionError):
            self.send_response(int(error[0]) if error else 200)
            if error:
                self.send_header("X-Error-Code", error[1])
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            self.send_header("X-Repo-Commit", COMMIT)
            self.send_header("ETag", '"' + "ab" * 20 + '"')
            self.send_header("Content-Length", str(len(DATA)))
            self.end_headers()
            if body:
                self.wfile.write(DATA)


@pytest.fixture(scope="module")
def hub():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    server.daemon_threads = True
    server.released = threading.Event()
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.released.set()
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def resolve(hub, root, tmp_path):
    """Resolve a source in a process of its own: the Hub's package reads its settings on import."""

    def run(source, *options, **environment):
        env = os.environ | {
            "HF_ENDPOINT": hub,
            "HF_HOME": str(tmp_path / "hf"),
            "HF_HUB_DISABLE_TELEMETRY": "1",
            "HF_HUB_DISABLE_XET": "1",
            "NO_PROXY": "127.0.0.1",
            "no_proxy": "127.0.0.1",
            **environment,
        }
        command = [sys.executable, "-c", CHILD, str(tmp_path), source, *options]
        began = time.monotonic()
        done = subprocess.run(
            command, cwd=root, env=env, capture_output=True, text=True, timeout=60, check=True
        )
        assert time.monotonic() - began < 50
        return json.loads(done.stdout.splitlines()[-1])

    return run


def test_a_file_of_the_hub_comes_into_its_cache(resolve, tmp_path):
    end = resolve("hf:org/repo/model.gguf")
    assert (end["size"], end["name"]) == (len(DATA), "model.gguf")
    assert end["seen"] == [["downloading model.gguf (512 KB of 512 KB)", 1.0]]
    assert list((tmp_path / "hf" / "hub" / "models--org--repo").rglob("model.gguf"))
    offline = resolve("hf:org/repo/model.gguf", HF_HUB_OFFLINE="1")
    assert offline["size"] == len(DATA)


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("hf:org/repo/absent.gguf", "org/repo has no file 'absent.gguf'"),
        ("hf:org/repo/private.gguf", "There is no repository org/repo, or it is private"),
        ("hf:org/repo/gated.gguf", "is gated"),
        ("hf:org/repo/model.gguf@nowhere", "no revision 'nowhere'"),
    ],
)
def test_what_the_hub_refuses_is_told(resolve, source, words):
    end = resolve(source)
    assert end["error"] == "ModelNotFound"
    assert words in end["words"]


def test_offline_is_told(resolve):
    for settings in ({"HF_HUB_OFFLINE": "1"}, {"HF_ENDPOINT": "http://127.0.0.1:9"}):
        end = resolve("hf:org/repo/model.gguf", **settings)
        assert end["error"] == "ModelNotFound"
        assert "No connection to the Hub" in end["words"]


def test_cancel_leaves_a_silent_hub_at_once(resolve):
    assert resolve("hf:org/repo/slow.gguf", "--cancel-late")["cancelled"] < 8
