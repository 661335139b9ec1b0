"""Requests of a guest: sent where they may go, answered, refused, and nothing of them left."""

from __future__ import annotations

import re
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import wasmtime

import wasinn_nb as wn
from wasinn_nb.abi.wit import probe
from wasinn_nb.guest import execution
from wasinn_nb.guest.errors import GuestLinkError, GuestTrap
from wasinn_nb.guest.outgoing import gate
from wasinn_nb.nn import memory
from wasinn_nb.nn.errors import InvalidArgument

HERE = Path(__file__).parent
SOURCE = (HERE / "fetch.c").read_text("utf-8")
WIT = """
package demo:fetch;
world fetch {
  import wasi:http/types@0.2.0;
  import wasi:http/outgoing-handler@0.2.0;
  import wasi:io/poll@0.2.0;
  import wasi:io/streams@0.2.0;
}
"""
REFUSED, NO_HOST = "error 15\n", "error 19\n"


class Answers(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self):
        self.server.asked.append(self.path)
        if self.path == "/wait":
            self.server.answering.wait(60)
        self.send_response(200)
        self.end_headers()
        self.wfile.write(f"hello {self.path} at {self.headers['host']}".encode())

    def do_POST(self):
        text = b""
        while size := int(self.rfile.readline(), 16):
            text += self.rfile.read(size)
            self.rfile.readline()
        self.server.asked.append(text.decode())
        self.send_response(201)
        self.end_headers()

    def log_message(self, *_):
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Answers)
        self.port = self.server_address[1]
        self.asked = []
        self.answering = threading.Event()
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()


@pytest.fixture
def server():
    server = Server()
    yield server
    server.answering.set()
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def host(toolchain_dir):
    return wn.host()


@pytest.fixture(scope="module")
def guest(host):
    return host.build(SOURCE, "c", name="fetch", abi="component", wit=WIT)


def test_a_granted_host_answers(guest, server):
    here = f"localhost:{server.port}"
    run = guest.run(args=["http", here, "/a?b", 3], allow_http=[f"LOCALHOST:{server.port}"])
    assert run.stdout == f"200 hello /a?b at {here}\n" * 3
    assert not run.warnings
    assert [call.call for call in run.timeline] == ["outgoing-handler.handle"] * 3


@pytest.mark.parametrize("granted", ["*", "*:{port}", "localhost:*", "a.b,localhost:{port}"])
def test_more_than_one_host_is_granted_by_one_word(guest, server, granted):
    args = ["http", f"localhost:{server.port}", "/"]
    run = guest.run(args=args, allow_http=granted.format(port=server.port))
    assert run.stdout.startswith("200 ")


def test_another_host_is_refused_and_the_warning_says_how_to_grant_it(guest, server):
    here = f"localhost:{server.port}"
    for granted in ("example.org", "localhost", f"localhost:{server.port - 1}", "*.localhost:*"):
        run = guest.run(args=["http", here, "/", 2], allow_http=granted)
        assert run.stdout == REFUSED * 2
        (warning,) = run.warnings
        assert f"--allow-http {here} " in warning
        assert f'allow_http=["{here}"]' in warning
    assert not server.asked


@pytest.mark.parametrize(
    ("authority", "told"),
    [
        ("127.0.0.1:{port}", REFUSED),
        ("127.1:{port}", REFUSED),
        ("localhost.:{port}", REFUSED),
        ("[::1]:{port}", REFUSED),
        ("[::ffff:127.0.0.1]:{port}", REFUSED),
        ("localhost:{port}@127.0.0.1:{port}", NO_HOST),
        ("localhost@127.0.0.1:{port}", NO_HOST),
        ("me@localhost:{port}", NO_HOST),
        ("*", NO_HOST),
        ("-", NO_HOST),
        ("localhost:{port}#@127.0.0.1", "no authority\n" + NO_HOST),
        ("", "no authority\n" + NO_HOST),
    ],
)
def test_tricks_reach_nobody(guest, server, authority, told):
    args = ["http", authority.format(port=server.port), "/"]
    run = guest.run(args=args, allow_http=f"localhost:{server.port}")
    assert run.stdout == told
    assert bool(run.warnings) == (authority not in ("-", "") and not told.startswith("no "))
    assert not server.asked


def test_what_is_asked_for_at_a_granted_host_stays_there(guest, server):
    here = f"localhost:{server.port}"
    for path in ("//example.org/x", "/@example.org"):
        run = guest.run(args=["http", here, path], allow_http=here)
        assert run.stdout.startswith("200 hello")
    run = guest.run(args=["http", here, "http://example.org/"], allow_http=here)
    assert run.stdout.startswith("error")
    # without a scheme it is HTTPS, which nobody speaks there
    assert guest.run(args=["-", here, "/"], allow_http=here).stdout == "error 12\n"
    assert len(server.asked) == 2


def test_addresses_of_ipv6_are_compared_as_addresses(guest, server):
    # there may be no IPv6 on this machine; what answers then is the network, not the gate
    for granted in ("[0:0:0:0:0:0:0:1]:{}", "[::1]:*"):
        args = ["http", f"[::1]:{server.port}", "/"]
        run = guest.run(args=args, allow_http=granted.format(server.port))
        assert run.stdout not in (REFUSED, NO_HOST)
        assert not run.warnings


def test_a_body_is_written_after_the_request(guest, server):
    here = f"localhost:{server.port}"
    args = ["http", here, "/post", 2]
    assert guest.run(args=args, allow_http=here).stdout == "201 \n" * 2
    assert server.asked == ["written"] * 2
    run = guest.run(args=args, allow_http="example.org")
    assert REFUSED in run.stdout
    assert len(server.asked) == 2


def test_the_program_of_the_page_runs(host, server):
    page = (HERE.parents[2] / "docs" / "components.md").read_text("utf-8")
    section = page[page.index("## HTTP") :]
    world = re.search(r"```text\n(package .*?)```", section, re.DOTALL)[1]
    program = re.search(r"```c\n(.*?)```", section, re.DOTALL)[1]
    fetch = host.build(program, "c", abi="component", wit=world)
    assert "--allow-http example.org " in fetch.run(allow_http="a", check=False).warnings[0]
    here = f"localhost:{server.port}"
    program = program.replace("example.org", here).replace("SCHEME_HTTPS", "SCHEME_HTTP")
    run = host.build(program, "c", abi="component", wit=world).run(allow_http=here)
    assert run.stdout == "200\n"


def test_without_a_grant_it_runs_and_reaches_nobody(guest, server):
    """Language run-times import what their programs may never call."""
    here = f"localhost:{server.port}"
    for nothing in (None, [], ()):
        run = guest.run(args=["http", here, "/"], allow_http=nothing)
        assert run.stdout == REFUSED
        assert f"--allow-http {here} " in run.warnings[0]
        assert not guest.run(args=["http", here, "/", 0], allow_http=nothing).warnings
    assert not server.asked
    with pytest.raises(InvalidArgument, match="no host"):
        guest.run(allow_http="http://example.org")


def test_a_wasmtime_with_values_of_another_form_sends_nothing_or_all(guest, server, monkeypatch):
    monkeypatch.setattr(probe, "raw_works", lambda: False)
    args = ["http", f"localhost:{server.port}", "/"]
    with pytest.raises(GuestLinkError, match="another form"):
        guest.run(args=args, allow_http=f"localhost:{server.port}")
    assert guest.run(args=args, allow_http="*").stdout.startswith("200 ")


def test_guests_without_http_say_so(host):
    for made in (host.build("int main(void) { return 0; }", "c"), host.build("1 + 1", "js")):
        with pytest.raises(InvalidArgument, match="no HTTP"):
            made.run(allow_http="example.org")
        made.run(allow_http=[])


def test_nothing_is_left_of_a_thousand_refused_requests(guest):
    args = ["http", "example.com", "/" + "x" * 60_000]
    guest.run(args=[*args, 10], allow_http="example.org")
    before = memory.rss()
    run = guest.run(args=[*args, 1000], allow_http="example.org")
    assert run.stdout == REFUSED * 1000
    assert memory.rss() - before < 20 << 20
    assert len(run.warnings) == 1


def test_a_trap_is_at_its_line(host, server):
    text = SOURCE.replace("    return 0;\n}\n", "    return argc / (argc - 4);\n}\n")
    line = text.splitlines().index("    return argc / (argc - 4);") + 1
    here = f"localhost:{server.port}"
    trapping = host.build(text, "c", abi="component", wit=WIT)
    with pytest.raises(GuestTrap) as caught:
        trapping.run(args=["http", here, "/"], allow_http=here)
    assert caught.value.line == line
    assert caught.value.run.stdout.startswith("200 ")


def test_stop_while_a_host_does_not_answer(guest, server, monkeypatch):
    monkeypatch.setattr(execution, "_PATIENCE", 0.05)
    here = f"localhost:{server.port}"
    run = guest.start(args=["http", here, "/wait"], allow_http=here)
    while not server.asked:
        time.sleep(0.001)
    run.cancel()
    assert run.wait(30).state == "stopped"
    server.answering.set()
    while any(run.name in thread.name for thread in threading.enumerate()):
        time.sleep(0.01)


# -- components that no compiler makes: what they import is as the gate has it ------------------

IMPORTS = (
    gate._TEXT.read_text("utf-8")
    .partition("  (core module $memory")[0]
    .replace(
        '(export "[method]outgoing-request.scheme"',
        """(export "fields" (type $fields (sub resource)))
    (type $own-fields (own $fields)) (type $own-request (own $request))
    (export "[constructor]fields" (func (result $own-fields)))
    (export "[constructor]outgoing-request"
      (func (param "headers" $own-fields) (result $own-request)))
    (export "[method]outgoing-request.scheme\"""",
    )
)
GO = """
  (core module $memory (memory (export "memory") 1)
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) unreachable))
  (core instance $memory (instantiate $memory))
  (alias core export $memory "memory" (core memory $m))
  (alias core export $memory "realloc" (core func $realloc))
  (core func $fields (canon lower (func $types "[constructor]fields")))
  (core func $request (canon lower (func $types "[constructor]outgoing-request")))
  (core func $handle
    (canon lower (func $handler "handle") (memory $m) (realloc $realloc)))
  (core module $main
    (import "" "memory" (memory 1))
    (import "" "fields" (func $fields (result i32)))
    (import "" "request" (func $request (param i32) (result i32)))
    (import "" "handle" (func $handle (param PARAMS)))
    (func (export "go") (result i32) CALL
      ;; 100 for an error, and its number
      (i32.add
        (i32.mul (i32.load8_u (i32.const 64)) (i32.const 100)) (i32.load8_u (i32.const 72)))))
  (core instance $i (instantiate $main (with "" (instance
    (export "memory" (memory $m)) (export "fields" (func $fields))
    (export "request" (func $request)) (export "handle" (func $handle))))))
  (func (export "go") ASYNC (result u32) (canon lift (core func $i "go"))))
"""
CALL = """(call $handle (call $request (call $fields)) (i32.const 0) (i32.const 0)
  (i32.const 64))"""


def exporting(host, text=IMPORTS + GO, params="i32 i32 i32 i32", call=CALL, is_async=""):
    for name, value in (("PARAMS", params), ("CALL", call), ("ASYNC", is_async)):
        text = text.replace(name, value)
    made = host.load_guest(bytes(wasmtime.wat2wasm(text)))
    made.exports.configure(allow_http="example.org")
    return made.exports


@pytest.mark.parametrize("version", ["0.2.0", "0.2.4", "0.2.12", "0.2.999"])
def test_every_version_is_held_back(host, version):
    text = (IMPORTS + GO).replace("outgoing-handler@0.2.0", f"outgoing-handler@{version}")
    assert exporting(host, text).go() == 119


def test_an_asynchronous_export_is_told_what_it_cannot_do(host):
    with pytest.raises(GuestTrap, match=r"asynchronous export .* --allow-http '\*'"):
        exporting(host, is_async="async").go()


@pytest.mark.parametrize(
    ("declared", "params", "call"),
    [
        ('(param "request" u32)', "i32", "(call $handle (i32.const 0))"),
        (
            '(param "request" $own-fields) (param "options" $some-options)',
            "i32 i32 i32",
            "(call $handle (call $fields) (i32.const 0) (i32.const 0))",
        ),
        (
            '(param "request" $own-request) (param "options" $own-request)',
            "i32 i32",
            "(call $handle (call $request (call $fields)) (call $request (call $fields)))",
        ),
    ],
)
def test_a_handler_of_another_type_ends_the_guest(host, declared, params, call):
    head, _, rest = IMPORTS.partition('(func (param "request" $own-request)')
    text = head + f"(func {declared})" + rest.partition("(result $answer))")[2]
    text = text.replace(
        "(alias outer 1 $error (type $error'))",
        "(alias outer 1 $fields (type $fields')) (type $own-fields (own $fields'))"
        "(alias outer 1 $error (type $error'))",
    ).replace(
        '(alias export $types "error-code"',
        '(alias export $types "fields" (type $fields)) (alias export $types "error-code"',
    )
    with pytest.raises(GuestTrap):
        exporting(host, text + GO, params, call).go()


def test_a_type_alone_sends_nothing(host):
    text = '(component (import "wasi:http/outgoing-handler@0.2.0" (instance)))'
    exporting(host, text)
