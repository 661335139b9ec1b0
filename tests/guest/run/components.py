"""Small components in WebAssembly text: a core module around what it imports of WASI 0.2."""

from __future__ import annotations

import wasmtime

_ERRORS = """
  "access" "would-block" "already" "bad-descriptor" "busy" "deadlock" "quota" "exist"
  "file-too-large" "illegal-byte-sequence" "in-progress" "interrupted" "invalid" "io"
  "is-directory" "loop" "too-many-links" "message-size" "name-too-long" "no-device" "no-entry"
  "no-lock" "insufficient-memory" "insufficient-space" "not-directory" "not-empty"
  "not-recoverable" "unsupported" "no-tty" "no-such-device" "overflow" "not-permitted" "pipe"
  "read-only" "invalid-seek" "text-file-busy" "cross-device"
"""

_STREAMS = """
  (import "wasi:io/error@0.2.0" (instance $ioerror (export "error" (type (sub resource)))))
  (alias export $ioerror "error" (type $error))
  (import "wasi:io/streams@0.2.0" (instance $streams
    (export "output-stream" (type $out (sub resource)))
    (export "input-stream" (type $in (sub resource)))
    (alias outer 1 $error (type $e))
    (type $own (own $e))
    (type $v (variant (case "last-operation-failed" $own) (case "closed")))
    (export "stream-error" (type $se (eq $v)))
    (type $b (list u8))
    (export "[method]output-stream.blocking-write-and-flush"
      (func (param "self" (borrow $out)) (param "contents" $b) (result (result (error $se)))))
    (export "[method]input-stream.blocking-read"
      (func (param "self" (borrow $in)) (param "len" u64) (result (result $b (error $se)))))))
  (alias export $streams "output-stream" (type $output))
  (alias export $streams "input-stream" (type $input))
"""

# what the core module imports, by name: the component's text, and how it is lowered
PARTS = {
    "print": (
        _STREAMS
        + """
  (import "wasi:cli/stdout@0.2.0" (instance $stdout
    (alias outer 1 $output (type $o)) (export "output-stream" (type $s (eq $o)))
    (export "get-stdout" (func (result (own $s))))))
  (alias export $stdout "get-stdout" (func $stdout_))
  (core func $get_stdout (canon lower (func $stdout_)))
  (alias export $streams "[method]output-stream.blocking-write-and-flush" (func $write_))
  (core func $write (canon lower (func $write_) MEMORY))
""",
        ("get_stdout (result i32)", "write (param i32 i32 i32 i32)"),
    ),
    "stdin": (
        """
  (import "wasi:cli/stdin@0.2.0" (instance $stdin
    (alias outer 1 $input (type $i)) (export "input-stream" (type $s (eq $i)))
    (export "get-stdin" (func (result (own $s))))))
  (alias export $stdin "get-stdin" (func $stdin_))
  (core func $get_stdin (canon lower (func $stdin_)))
  (alias export $streams "[method]input-stream.blocking-read" (func $read_))
  (core func $read (canon lower (func $read_) ALLOCATING))
""",
        ("get_stdin (result i32)", "read (param i32 i64 i32)"),
    ),
    "args": (
        """
  (import "wasi:cli/environment@0.2.0" (instance $environment
    (type $l (list string)) (export "get-arguments" (func (result $l)))))
  (alias export $environment "get-arguments" (func $args_))
  (core func $args
    (canon lower (func $args_) ALLOCATING))
""",
        ("args (param i32)",),
    ),
    "exit": (
        """
  (import "wasi:cli/exit@0.2.0" (instance $exit
    (export "exit" (func (param "status" (result))))))
  (alias export $exit "exit" (func $exit_))
  (core func $exit_now (canon lower (func $exit_)))
""",
        ("exit_now (param i32)",),
    ),
    "sleep": (
        """
  (import "wasi:io/poll@0.2.0" (instance $poll
    (export "pollable" (type $pollable (sub resource)))
    (export "[method]pollable.block" (func (param "self" (borrow $pollable))))))
  (alias export $poll "pollable" (type $p))
  (import "wasi:clocks/monotonic-clock@0.2.0" (instance $clock
    (alias outer 1 $p (type $p1)) (export "pollable" (type $p2 (eq $p1)))
    (type $own (own $p2))
    (export "subscribe-duration" (func (param "when" u64) (result $own)))))
  (alias export $poll "[method]pollable.block" (func $block_))
  (alias export $clock "subscribe-duration" (func $subscribe_))
  (core func $block (canon lower (func $block_)))
  (core func $subscribe (canon lower (func $subscribe_)))
""",
        ("block (param i32)", "subscribe (param i64) (result i32)"),
    ),
    "files": (
        f"""
  (import "wasi:filesystem/types@0.2.0" (instance $types
    (export "descriptor" (type $d (sub resource)))
    (type $c (enum {_ERRORS})) (export "error-code" (type $code (eq $c)))
    (type $pf (flags "symlink-follow")) (export "path-flags" (type $paths (eq $pf)))
    (type $of (flags "create" "directory" "exclusive" "truncate"))
    (export "open-flags" (type $opens (eq $of)))
    (type $df (flags "read" "write" "file-integrity-sync" "data-integrity-sync"
      "requested-write-sync" "mutate-directory"))
    (export "descriptor-flags" (type $flags (eq $df)))
    (type $b (list u8)) (type $r (tuple $b bool))
    (export "[method]descriptor.open-at" (func (param "self" (borrow $d))
      (param "path-flags" $paths) (param "path" string) (param "open-flags" $opens)
      (param "flags" $flags) (result (result (own $d) (error $code)))))
    (export "[method]descriptor.read" (func (param "self" (borrow $d))
      (param "length" u64) (param "offset" u64) (result (result $r (error $code)))))
    (export "[method]descriptor.write" (func (param "self" (borrow $d))
      (param "buffer" $b) (param "offset" u64) (result (result u64 (error $code)))))))
  (alias export $types "descriptor" (type $descriptor))
  (import "wasi:filesystem/preopens@0.2.0" (instance $preopens
    (alias outer 1 $descriptor (type $o)) (export "descriptor" (type $d (eq $o)))
    (type $t (tuple (own $d) string)) (type $l (list $t))
    (export "get-directories" (func (result $l)))))
  (alias export $preopens "get-directories" (func $directories_))
  (core func $directories
    (canon lower (func $directories_) ALLOCATING))
  (alias export $types "[method]descriptor.open-at" (func $open_))
  (core func $open (canon lower (func $open_) MEMORY))
  (alias export $types "[method]descriptor.read" (func $get_))
  (core func $get (canon lower (func $get_) ALLOCATING))
  (alias export $types "[method]descriptor.write" (func $put_))
  (core func $put (canon lower (func $put_) MEMORY))
""",
        (
            "directories (param i32)",
            "open (param i32 i32 i32 i32 i32 i32 i32)",
            "get (param i32 i64 i64 i32)",
            "put (param i32 i32 i32 i64 i32)",
        ),
    ),
    "graph": (
        """
  (import "wasi:nn/errors@0.2.0-rc-2024-10-28" (instance $nnerrors
    (export "error" (type (sub resource)))))
  (alias export $nnerrors "error" (type $nnerror))
  (import "wasi:nn/graph@0.2.0-rc-2024-10-28" (instance $graphs
    (export "graph" (type $g (sub resource)))
    (alias outer 1 $nnerror (type $e0)) (export "error" (type $e (eq $e0)))
    (export "load-by-name" (func (param "name" string)
      (result (result (own $g) (error (own $e))))))))
  (alias export $graphs "load-by-name" (func $load_))
  (core func $load (canon lower (func $load_) MEMORY))
  (alias export $graphs "graph" (type $graph))
  (core func $drop (canon resource.drop $graph))
""",
        ("load (param i32 i32 i32)", "drop (param i32)"),
    ),
}

HELPERS = {
    "print": """
  (global $stdout (mut i32) (i32.const -1))
  (func $print (param $ptr i32) (param $len i32)
    (if (i32.lt_s (global.get $stdout) (i32.const 0))
      (then (global.set $stdout (call $get_stdout))))
    (call $write (global.get $stdout) (local.get $ptr) (local.get $len) (i32.const 8)))
""",
}


def component(body: str, *parts: str, extra: str = "", pages: int = 2) -> bytes:
    """A component that exports wasi:cli/run; ``body`` defines ``(func (export "run"))``.

    Args:
        body: of the core module, whose memory is imported; 0 to 63 are scratch.
        parts: what it imports, in their order of dependence.
        extra: further text of the component, such as imports of its own.
    """
    imports, exports, outer = [], [], []
    for part in parts:
        source, functions = PARTS[part]
        outer.append(source)
        for function in functions:
            name, _, kind = function.partition(" ")
            imports.append(f'(import "h" "{name}" (func ${name} {kind}))')
            exports.append(f'(export "{name}" (func ${name}))')
        imports.append("")
    helpers = "".join(HELPERS.get(part, "") for part in parts)
    source = f"""(component
  (core module $memory
    (memory (export "memory") {pages})
    (global $top (mut i32) (i32.const 4096))
    (func (export "r") (param i32 i32 i32 i32) (result i32)
      (global.get $top)
      (global.set $top (i32.add (global.get $top)
        (i32.and (i32.add (local.get 3) (i32.const 15)) (i32.const -16))))))
  (core instance $mem (instantiate $memory))
  {extra} {"".join(outer)}
  (core module $main {" ".join(imports)}
    (import "m" "memory" (memory {pages})) {helpers} {body})
  (core instance $h {" ".join(exports)})
  (core instance $i (instantiate $main (with "h" (instance $h)) (with "m" (instance $mem))))
  (func $run (result (result)) (canon lift (core func $i "run")))
  (component $runner (import "f" (func $f (result (result)))) (export "run" (func $f)))
  (instance $r (instantiate $runner (with "f" (func $run))))
  (export "wasi:cli/run@0.2.0" (instance $r)))"""
    memory, allocator = '(memory (core memory $mem "memory"))', '(realloc (core func $mem "r"))'
    source = source.replace("ALLOCATING", f"{memory} {allocator}").replace("MEMORY", memory)
    return bytes(wasmtime.wat2wasm(source))


HELLO = component(
    """
  (data (i32.const 64) "hello\\n")
  (func (export "run") (result i32) (call $print (i32.const 64) (i32.const 6)) (i32.const 0))
""",
    "print",
)
FAILS = component('(func (export "run") (result i32) (i32.const 1))')
EXITS = component(
    '(func (export "run") (result i32) (call $exit_now (i32.const 1)) (i32.const 0))', "exit"
)
TRAPS = component("""
  (func $deep unreachable)
  (func (export "run") (result i32) (call $deep) (i32.const 0))""")
SPINS = component('(func (export "run") (result i32) (loop $again (br $again)) (i32.const 0))')
SLEEPS = component(
    """
  (func (export "run") (result i32)
    (call $block (call $subscribe (i64.const 400000000)))
    (i32.const 0))""",
    "sleep",
)
PRINTS = component(
    """
  (func (export "run") (result i32)
    (loop $again (call $print (i32.const 64) (i32.const 4096)) (br $again))
    (i32.const 0))""",
    "print",
)
GROWS = component(
    """
  (func (export "run") (result i32)
    (loop $again
      (br_if $again (i32.ne (memory.grow (i32.const 64)) (i32.const -1))))
    unreachable)"""
)
ECHO = component(
    """
  (func (export "run") (result i32)
    (call $read (call $get_stdin) (i64.const 100) (i32.const 16))
    (call $print (i32.load (i32.const 20)) (i32.load (i32.const 24)))
    (i32.const 0))""",
    "print",
    "stdin",
)
ARGS = component(
    """
  (func (export "run") (result i32) (local $i i32) (local $at i32)
    (call $args (i32.const 16))
    (local.set $at (i32.load (i32.const 16)))
    (loop $next
      (if (i32.lt_u (local.get $i) (i32.load (i32.const 20))) (then
        (call $print (i32.load (local.get $at)) (i32.load offset=4 (local.get $at)))
        (call $print (i32.const 64) (i32.const 1))
        (local.set $at (i32.add (local.get $at) (i32.const 8)))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br $next))))
    (i32.const 0))
  (data (i32.const 64) "\\n")""",
    "print",
    "args",
)
LOADS = component(
    """
  (data (i32.const 64) "m")
  (func (export "run") (result i32)
    (call $load (i32.const 64) (i32.const 1) (i32.const 16))
    (i32.load8_u (i32.const 16)))
""",
    "graph",
)
"""Loads the model m and keeps it; fails if there is none."""


def loads_then(body: str) -> bytes:
    """Loads the model m, and then does ``body``."""
    return component(
        f"""
  (data (i32.const 64) "m")
  (func (export "run") (result i32)
    (call $load (i32.const 64) (i32.const 1) (i32.const 16))
    (if (i32.load8_u (i32.const 16)) (then unreachable))
    {body}
    (i32.const 0))""",
        "graph",
    )


def copies(source: str, target: str, *, from_directory: int = 0, to_directory: int = 1) -> bytes:
    """Copies a file between two of its directories; fails with the number of the step."""
    return component(
        f"""
  (data (i32.const 64) "{source}") (data (i32.const 128) "{target}")
  (func $directory (param i32) (result i32)
    (i32.load (i32.add (i32.load (i32.const 16)) (i32.mul (local.get 0) (i32.const 12)))))
  (func (export "run") (result i32)
    (call $directories (i32.const 16))
    (call $open (call $directory (i32.const {from_directory})) (i32.const 0) (i32.const 64)
      (i32.const {len(source)}) (i32.const 0) (i32.const 1) (i32.const 32))
    (if (i32.load8_u (i32.const 32)) (then (return (i32.const 1))))
    (call $get (i32.load (i32.const 36)) (i64.const 1000) (i64.const 0) (i32.const 200))
    (if (i32.load8_u (i32.const 200)) (then (return (i32.const 1))))
    (call $open (call $directory (i32.const {to_directory})) (i32.const 0) (i32.const 128)
      (i32.const {len(target)}) (i32.const 1) (i32.const 2) (i32.const 32))
    (if (i32.load8_u (i32.const 32)) (then (return (i32.const 1))))
    (call $put (i32.load (i32.const 36)) (i32.load (i32.const 204)) (i32.load (i32.const 208))
      (i64.const 0) (i32.const 240))
    (i32.load8_u (i32.const 240)))""",
        "files",
    )


UNKNOWN = """
  (import "wasi:keyvalue/store@0.2.0" (instance (export "open" (func))))
  (import "other:thing/api@1.0.0" (instance (export "do" (func))))
"""
OLD_NN = '(import "wasi:nn/graph@0.2.0-rc-2023-01-01" (instance (export "load" (func))))'
NEW_WASI = '(import "wasi:clocks/wall-clock@0.3.0" (instance (export "now" (func))))'
HTTP = """
  (import "wasi:http/outgoing-handler@0.2.0" (instance (export "handle" (func))))
"""
RETURNS = '(func (export "run") (result i32) (i32.const 0))'
