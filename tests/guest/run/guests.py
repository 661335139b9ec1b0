"""Small guests in WebAssembly text, put together from pieces."""

from __future__ import annotations

import struct

import wasmtime

from tests.support.core_abi import ARITY

_IMPORTS = {
    "fd_write": '(import "wasi_snapshot_preview1" "fd_write"'
    " (func $fd_write (param i32 i32 i32 i32) (result i32)))",
    "fd_read": '(import "wasi_snapshot_preview1" "fd_read"'
    " (func $fd_read (param i32 i32 i32 i32) (result i32)))",
    "proc_exit": '(import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))',
    "poll_oneoff": '(import "wasi_snapshot_preview1" "poll_oneoff"'
    " (func $poll_oneoff (param i32 i32 i32 i32) (result i32)))",
    "args_sizes_get": '(import "wasi_snapshot_preview1" "args_sizes_get"'
    " (func $args_sizes_get (param i32 i32) (result i32)))",
    "args_get": '(import "wasi_snapshot_preview1" "args_get"'
    " (func $args_get (param i32 i32) (result i32)))",
    "environ_sizes_get": '(import "wasi_snapshot_preview1" "environ_sizes_get"'
    " (func $environ_sizes_get (param i32 i32) (result i32)))",
    "environ_get": '(import "wasi_snapshot_preview1" "environ_get"'
    " (func $environ_get (param i32 i32) (result i32)))",
    "path_open": '(import "wasi_snapshot_preview1" "path_open" (func $path_open'
    " (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))",
    "clock_time_get": '(import "wasi_snapshot_preview1" "clock_time_get"'
    " (func $clock_time_get (param i32 i64 i32) (result i32)))",
}

HELPERS = """
  ;; write LEN bytes at PTR to a descriptor
  (func $print (param $fd i32) (param $ptr i32) (param $len i32)
    (i32.store (i32.const 0) (local.get $ptr))
    (i32.store (i32.const 4) (local.get $len))
    (drop (call $fd_write (local.get $fd) (i32.const 0) (i32.const 1) (i32.const 8))))
  ;; exit with a code unless it is 0
  (func $must (param $errno i32)
    (if (local.get $errno) (then (call $proc_exit (local.get $errno)))))
"""


def module(body: str, *names: str, pages: int = 2) -> bytes:
    """A module with the imports named, a memory, the helpers, and ``body``."""
    wanted = {"fd_write", "proc_exit", *names}
    lines = [text for name, text in _IMPORTS.items() if name in wanted]
    for name, count in ARITY.items():
        if name in wanted:
            params = " ".join(["i32"] * count)
            lines.append(
                f'(import "wasi_ephemeral_nn" "{name}"'
                f" (func ${name} (param {params}) (result i32)))"
            )
    text = f"""(module {" ".join(lines)} (memory (export "memory") {pages}) {HELPERS} {body})"""
    return bytes(wasmtime.wat2wasm(text))


HELLO = module("""
  (data (i32.const 64) "hello\\n")
  (func (export "_start") (call $print (i32.const 1) (i32.const 64) (i32.const 6)))
""")

SPIN = module('(func (export "_start") (loop $again (br $again)))')

START_SPINS = module(
    '(func $spin (loop $again (br $again))) (start $spin) (func (export "_start"))'
)

SLEEP = module(
    """
  ;; one clock subscription at 64: monotonic, relative, an hour
  (func (export "_start")
    (i32.store (i32.const 80) (i32.const 1))
    (i64.store (i32.const 88) (i64.const 3600000000000))
    (call $must (call $poll_oneoff (i32.const 64) (i32.const 128) (i32.const 1) (i32.const 192))))
""",
    "poll_oneoff",
)

FLOOD = module("""
  (data (i32.const 64) "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef")
  (func (export "_start")
    (loop $again
      (call $print (i32.const 1) (i32.const 64) (i32.const 64))
      (br $again)))
""")

# loads "m" (with the configuration at 512, up to a NUL), gives it argv-like text at 256, then
# prints token by token until the call says anything but 0; exits with that number
STREAM = """
  (data (i32.const 32) "m")
  (data (i32.const 256) "{prompt}")
  (data (i32.const 512) "{config}")
  (func (export "_start") (local $errno i32)
    (call $must (call $load_by_name_with_config
      (i32.const 32) (i32.const 1) (i32.const 512) (i32.const {config_len}) (i32.const 16)))
    (call $must (call $init_execution_context (i32.load (i32.const 16)) (i32.const 20)))
    (i32.store (i32.const 128) (i32.const 124))
    (i32.store (i32.const 132) (i32.const 1))
    (i32.store (i32.const 136) (i32.const 3))
    (i32.store (i32.const 140) (i32.const 256))
    (i32.store (i32.const 144) (i32.const {prompt_len}))
    (call $must (call $set_input (i32.load (i32.const 20)) (i32.const 0) (i32.const 128)))
    (loop $next
      (local.set $errno (call $compute_single (i32.load (i32.const 20))))
      (if (i32.eqz (local.get $errno)) (then
        (call $must (call $get_output_single (i32.load (i32.const 20)) (i32.const 0)
          (i32.const 1024) (i32.const 4096) (i32.const 24)))
        (call $print (i32.const 1) (i32.const 1024) (i32.load (i32.const 24)))
        (br $next))))
    (if (i32.ne (local.get $errno) (i32.const 100)) (then (call $must (local.get $errno))))
    (call $must (call $get_output_single (i32.load (i32.const 20)) (i32.const 1)
      (i32.const 1024) (i32.const 4096) (i32.const 24))))
"""


def stream(prompt: str, config: str = "{}") -> bytes:
    """A guest that continues ``prompt`` token by token, with a load-time configuration."""
    body = STREAM.format(
        prompt=prompt,
        prompt_len=len(prompt),
        config=config.replace('"', '\\"'),
        config_len=len(config),
    )
    return module(
        body,
        "load_by_name_with_config",
        "init_execution_context",
        "set_input",
        "compute_single",
        "get_output_single",
    )


# as STREAM, but prints "<", computes at once, and prints ">"
_WHOLE = """
  (data (i32.const 28) "<>")
  (data (i32.const 32) "m")
  (data (i32.const 256) "{prompt}")
  (data (i32.const 512) "{config}")
  (func (export "_start")
    (call $must (call $load_by_name_with_config
      (i32.const 32) (i32.const 1) (i32.const 512) (i32.const {config_len}) (i32.const 16)))
    (call $must (call $init_execution_context (i32.load (i32.const 16)) (i32.const 20)))
    (i32.store (i32.const 136) (i32.const 3))
    (i32.store (i32.const 140) (i32.const 256))
    (i32.store (i32.const 144) (i32.const {prompt_len}))
    (call $must (call $set_input (i32.load (i32.const 20)) (i32.const 0) (i32.const 128)))
    (call $print (i32.const 1) (i32.const 28) (i32.const 1))
    (call $must (call $compute (i32.load (i32.const 20))))
    (call $print (i32.const 1) (i32.const 29) (i32.const 1)))
"""


def whole(prompt: str, config: str = "{}") -> bytes:
    """A guest that continues ``prompt`` in one computation and prints none of it."""
    body = _WHOLE.format(
        prompt=prompt,
        prompt_len=len(prompt),
        config=config.replace('"', '\\"'),
        config_len=len(config),
    )
    names = ("load_by_name_with_config", "init_execution_context", "set_input", "compute")
    return module(body, *names)


def tensors(*steps: tuple[object, ...]) -> bytes:
    """A guest that takes these steps, and exits with the errno of the first that fails.

    ``("load", name)`` and ``("bring", bytes of an ONNX model)`` make the next graph, ``("open",
    graph)`` the next context; then ``("set", context, index, number, count)`` (so many f32, two by
    default), ``("compute", context)``, ``("get", context, index)``, ``("close", context)``.
    """
    data, body = [], []
    graphs = contexts = 0
    at = 4096  # of the next data; graphs are at 1024 and contexts at 2048

    def place(content: bytes) -> tuple[int, int]:
        nonlocal at
        escaped = "".join(f"\\{byte:02x}" for byte in content)
        data.append(f'(data (i32.const {at}) "{escaped}")')
        start, at = at, at + len(content) + 16
        return start, len(content)

    def call(name: str, *values: object) -> None:
        words = (v if isinstance(v, str) else f"(i32.const {v})" for v in values)
        body.append(f"(call $must (call ${name} {' '.join(words)}))")

    def context(number: object) -> str:
        return f"(i32.load (i32.const {2048 + 4 * int(str(number))}))"

    for verb, subject, *rest in steps:
        if verb == "load":
            call("load_by_name", *place(str(subject).encode()), 1024 + 4 * graphs)
            graphs += 1
        elif verb == "bring":
            assert isinstance(subject, bytes)
            start, size = place(subject)
            table, _ = place(start.to_bytes(4, "little") + size.to_bytes(4, "little"))
            call("load", table, 1, 1, 0, 1024 + 4 * graphs)
            graphs += 1
        elif verb == "open":
            graph = f"(i32.load (i32.const {1024 + 4 * int(str(subject))}))"
            call("init_execution_context", graph, 2048 + 4 * contexts)
            contexts += 1
        elif verb == "set":
            index, number, count = (*rest, 2)[:3]
            assert isinstance(count, int)
            values, size = place(struct.pack("<f", number) * count)
            dims, _ = place(struct.pack("<I", count))
            record, _ = place(struct.pack("<5I", dims, 1, 1, values, size))
            call("set_input", context(subject), index, record)
        elif verb == "get":
            call("get_output", context(subject), rest[0], 32768, 1024, 24)
        else:
            names = {"compute": "compute", "close": "finalize_execution_context"}
            call(names[str(verb)], context(subject))
    names = ("load", "load_by_name", "init_execution_context", "set_input", "compute", "get_output",
             "finalize_execution_context")  # fmt: skip
    text = f'{" ".join(data)} (func (export "_start") {" ".join(body)})'
    return module(text, *names)
