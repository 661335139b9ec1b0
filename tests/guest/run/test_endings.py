from __future__ import annotations

import pytest
import wasmtime

from tests.guest.run import guests
from wasinn_nb.guest.build.model import BuiltModule, Source
from wasinn_nb.guest.errors import (
    GuestError,
    GuestExit,
    GuestInvalid,
    GuestLinkError,
    GuestOutOfMemory,
    GuestTrap,
)
from wasinn_nb.guest.trap import parse_trap
from wasinn_nb.nn.errors import NotFound


def wat(text):
    return bytes(wasmtime.wat2wasm(text))


@pytest.mark.parametrize(
    ("given", "code"), [(1, 1), (126, 126), (255, 255), (259, 3), (-1, 255), (-129, 127)]
)
def test_an_exit_code_has_eight_bits(runner, given, code):
    guest = runner.guest(
        guests.module(f'(func (export "_start") (call $proc_exit (i32.const {given})))')
    )
    with pytest.raises(GuestExit, match=f"exited with code {code}") as caught:
        guest.run()
    assert caught.value.code == caught.value.run.exit_code == code
    run = guest.run(check=False)
    assert (run.exit_code, run.state) == (code, "failed")


@pytest.mark.parametrize("given", [0, 256])
def test_exit_code_0_is_a_good_end(runner, given):
    guest = runner.guest(
        guests.module(f'(func (export "_start") (call $proc_exit (i32.const {given})))')
    )
    run = guest.run()
    assert (run.exit_code, run.state, run.error) == (0, "finished", None)


TRAPS = {
    "abort": "(unreachable)",
    "division by zero": "(drop (i32.div_u (i32.const 1) (i32.const 0)))",
    "integer overflow": "(drop (i32.div_s (i32.const 0x80000000) (i32.const -1)))",
    "access outside of the guest's memory": "(drop (i32.load (i32.const 0x7fffffff)))",
    "stack overflow": "(call $deep)",
    "a number that no integer can hold": "(drop (i32.trunc_f32_s (f32.const nan)))",
    "call of a null function pointer": "(call_indirect (i32.const 0))",
    "call of a bad function pointer": "(call_indirect (i32.const 9))",
}


@pytest.mark.parametrize("kind", TRAPS)
def test_traps_in_words(runner, kind):
    wasm = guests.module(
        f"""(table 1 funcref) (func $deep (call $deep) (call $deep))
        (func $here {TRAPS[kind]}) (func (export "_start") (call $here))"""
    )
    with pytest.raises(GuestTrap, match=kind) as caught:
        runner.guest(wasm).run()
    trap = caught.value.run.trap
    assert trap.kind == kind
    assert trap.frames[0].function in {"here", "deep"}
    assert caught.value.run.exit_code is None


BACKTRACE = """error while executing at wasm backtrace:
    0:     0x7d - deep
                    at /wasinn/cell.c:3:65
    1:     0xa1 - <unknown>!helper
                    at /wasinn/cell.h:9:1
                - main
                    at In[7]:5:3
    2:     0xcc - <unknown>!<wasm function 7>

Caused by:
    wasm trap: integer divide by zero
"""


def test_a_backtrace_is_read():
    trap = parse_trap(BACKTRACE, "In[7]")
    assert [str(f) for f in trap.frames] == [
        "deep at /wasinn/cell.c:3",
        "helper at /wasinn/cell.h:9",
        "main at In[7]:5",
        "<wasm function 7>",
    ]
    assert (trap.kind, trap.line, trap.column) == ("division by zero", 5, 3)


@pytest.mark.parametrize("text", ["", "\n\n", "0: 1: 2:", "wasm trap: ", "0:     0x1 - \n at :1:1"])
def test_any_text_is_read(text):
    assert parse_trap(text, "In[1]").line == 0


def test_a_trap_after_a_failed_call_says_why(runner):
    wasm = guests.module(
        """(data (i32.const 64) "nobody") (func (export "_start")
        (if (call $load_by_name (i32.const 64) (i32.const 6) (i32.const 16))
          (then (unreachable))))""",
        "load_by_name",
    )
    with pytest.raises(
        GuestTrap,
        match=r"\nThe last wasi-nn call that failed: load_by_name returned 8 \(not_found\)",
    ) as caught:
        runner.guest(wasm).run()
    assert caught.value.run.last_error.errno == 8


# -- memory

GROWER = """
  (func (export "_start")
    (loop $again
      (if (i32.eq (memory.grow (i32.const 16)) (i32.const -1)) (then {then}))
      (br $again)))
"""


COLLECTED = """(module (type $bytes (array i64))
  (type $list (struct (field (ref null $list)) (field (ref $bytes))))
  (func (export "_start") (local $all (ref null $list))
    (loop $again
      (local.set $all (struct.new $list
        (local.get $all) (array.new $bytes (i64.const 1) (i32.const 100000))))
      (br $again))))"""


def test_the_memory_limit_holds_for_objects_too(runner):
    with pytest.raises(GuestOutOfMemory):
        runner.guest(wat(COLLECTED)).run(memory_limit=8)


@pytest.mark.parametrize("then", ["(unreachable)", "(call $proc_exit (i32.const 1))"])
def test_the_memory_limit(runner, then):
    guest = runner.guest(guests.module(GROWER.format(then=then)))
    with pytest.raises(GuestOutOfMemory, match="its 8 MiB") as caught:
        guest.run(memory_limit=8)
    assert "--memory-limit" in str(caught.value)


def test_a_guest_that_is_too_big_from_the_start(runner):
    with pytest.raises(GuestOutOfMemory):
        runner.guest(guests.module('(func (export "_start"))', pages=32)).run(memory_limit=1)


def test_a_trap_within_the_limit_is_a_trap(runner):
    with pytest.raises(GuestTrap):
        runner.guest(guests.module('(func (export "_start") (unreachable))')).run(memory_limit=64)


# -- what cannot be run


def test_missing_imports_are_named(runner):
    wasm = wat("""(module (import "env" "hello" (func)) (import "env" "there" (memory 1))
      (import "wasi_snapshot_preview1" "no_such" (func)) (func (export "_start")))""")
    with pytest.raises(GuestLinkError, match=r"env\.hello, env\.there") as caught:
        runner.guest(wasm).run()
    assert caught.value.missing == ("env.hello", "env.there", "wasi_snapshot_preview1.no_such")
    assert caught.value.run.entered is None


def test_names_in_a_module_are_the_guests_own(runner):
    name = r"\1b" + "x" * 10_000
    imports = " ".join(f'(import "env" "{name}{n}" (func))' for n in range(500))
    with pytest.raises(GuestLinkError, match="and 488 more") as caught:
        runner.guest(wat(f'(module {imports} (func (export "_start")))')).run()
    assert len(caught.value.missing) == 500
    exports = " ".join(f'(func (export "{name}{n}"))' for n in range(500))
    with pytest.raises(GuestLinkError, match="and 488 more") as more:
        runner.guest(wat(f"(module {exports})")).run()
    for error in (caught.value, more.value):
        assert len(str(error)) < 2000
        assert "\x1b" not in str(error)


@pytest.mark.parametrize(
    ("needs", "says"),
    [
        ("(memory 1) (memory 1)", "more than one memory"),
        ("(memory 1 1 shared)", "no threads"),
        ("(table 1000001 funcref)", "larger table"),
        ("(table 1 funcref)" * 17, "more tables"),
    ],
)
def test_what_no_guest_is_given(runner, needs, says):
    with pytest.raises(GuestLinkError, match=says):
        runner.guest(wat(f'(module {needs} (func (export "_start")))')).run()


def test_an_import_of_another_type(runner):
    wasm = wat("""(module (import "wasi_ephemeral_nn" "compute" (func (param i64)))
      (memory (export "memory") 1) (func (export "_start")))""")
    with pytest.raises(GuestLinkError, match=r"wasi_ephemeral_nn::compute.*incompatible"):
        runner.guest(wasm).run()


def test_the_wasmtime_dialect_has_the_official_functions_only(runner):
    with pytest.raises(GuestLinkError, match=r"compute_single.*--compat auto"):
        runner.guest(guests.stream("a")).run(compat="wasmtime")


@pytest.mark.parametrize("memory", ["i64 1", "1 1 shared"])
def test_memories_that_the_abi_has_no_pointers_for(runner, memory):
    wasm = wat(f"""(module (import "wasi_ephemeral_nn" "compute" (func (param i32) (result i32)))
      (memory (export "memory") {memory}) (func (export "_start")))""")
    with pytest.raises(GuestError, match=r"64-bit|shared"):
        runner.guest(wasm).run()


def test_rubbish(runner):
    with pytest.raises(GuestInvalid, match="text"):
        runner.guest(b"(module)")
    with pytest.raises(GuestInvalid, match="empty"):
        runner.guest(b"")
    with pytest.raises(GuestInvalid, match="not a valid module"):
        runner.guest(guests.HELLO[:-3]).run()
    with pytest.raises(GuestInvalid, match="cannot be read"):
        runner.guest("/no/such/file.wasm")


def test_a_library(runner):
    wasm = guests.module("""
      (data (i32.const 64) "initadd")
      (func (export "_initialize") (call $print (i32.const 1) (i32.const 64) (i32.const 4)))
      (func (export "add") (call $print (i32.const 1) (i32.const 68) (i32.const 3)))
      (func (export "seven") (result i32) (i32.const 7))
      (func (export "with") (param i32)) (func (export "two") (result i32 i32) (i32.const 1)
        (i32.const 2))
      (func (export "long") (result i64) (i64.const 7))
      (func (export "vector") (result v128) (v128.const i32x4 7 0 0 0))
      (func (export "other") (result externref) (ref.null extern))""")
    guest = runner.guest(wasm)
    assert list(guest.exports)[:4] == ["memory", "add", "seven", "with"]
    with pytest.raises(GuestLinkError, match=r"library.*add, seven"):
        guest.run()
    assert guest.run(entry="add").stdout == "initadd"
    with pytest.raises(GuestExit, match="code 7"):
        guest.run(entry="seven")
    for entry in ("with", "two", "long", "vector", "other"):
        with pytest.raises(GuestLinkError, match="takes parameters or returns no i32"):
            guest.run(entry=entry)
    with pytest.raises(GuestLinkError, match="no function 'memory'"):
        guest.run(entry="memory")


def test_a_built_guest_traps_at_its_own_line(runner):
    source = Source("(module\n  broken here)", "wat", label="In[4]", first_line=2)
    built = BuiltModule(wat('(module (func $f (export "_start") unreachable))'),
                        "k", "wat", False, 0.0, "", "In[4]")  # fmt: skip
    guest = runner.guest(built, source=source)
    assert (guest.name, guest.language, guest.label) == ("In[4]", "wat", "In[4]")
    with pytest.raises(GuestTrap, match="abort"):
        guest.run()


def test_aliases(runner):
    guest = runner.guest(guests.stream("a"))
    assert guest.run(models={"m": "m"}).stdout == "a and then some "
    run = guest.run(models={"default": "m"}, check=False)
    assert run.exit_code == 8
    assert "it was given 'default'" in run.last_error.message
    with pytest.raises(NotFound, match="nobody"):
        guest.run(models={"m": "nobody"}, check=False)


def test_unknown_settings_are_a_warning(runner):
    run = runner.guest(guests.stream("a", '{"llama3": true}')).run()
    assert "llama3" in run.warnings[0]


def test_bad_options(runner):
    guest = runner.guest(guests.HELLO)
    bad = [
        *({"timeout": value} for value in (0, float("nan"), "3")),
        *({"memory_limit": value} for value in (0, 5000, 1.5, "3")),
        *({"output_limit": value} for value in (-1, 1.5)),
        {"compat": "x"},
    ]
    for options in bad:
        with pytest.raises(Exception, match=next(iter(options))):
            guest.run(**options)
    with pytest.raises(TypeError, match="tymeout"):
        guest.run(tymeout=3)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (
            "x\nthread 'main' panicked at src/main.rs:13:33:\nindex out of bounds\nnote: run with",
            "panicked at src/main.rs:13:33: index out of bounds.",
        ),
        (
            "thread 'main' panicked at 'no', src/main.rs:21:13\n",
            "panicked at 'no', src/main.rs:21:13.",
        ),
        ("Assertion failed: x == 7 (/wasinn/cell.c: main: 6)\n", "Assertion failed: x == 7 ("),
        ("just words\n", "abort."),
    ],
)
def test_the_last_words_of_a_guest_that_aborted(runner, said, expected):
    quoted = said.replace("\n", "\\n")
    wasm = guests.module(f"""(data (i32.const 64) "{quoted}")
      (func (export "_start")
        (call $print (i32.const 2) (i32.const 64) (i32.const {len(said)})) (unreachable))""")
    with pytest.raises(GuestTrap) as caught:
        runner.guest(wasm).run()
    assert expected in str(caught.value)


def test_what_a_guest_says_cannot_steer_a_terminal(runner):
    wasm = guests.module(
        r"""(data (i32.const 64) "\1b[2Jx") (func $"\1b[2Jf"
          (drop (i32.div_u (i32.const 1) (i32.const 0))))
        (func (export "_start")
          (drop (call $load_by_name (i32.const 64) (i32.const 5) (i32.const 16)))
          (call $"\1b[2Jf"))""",
        "load_by_name",
    )
    run = runner.guest(wasm).run(check=False)
    assert "in \\x1b[2Jf: division by zero" in str(run.error)
    assert "\x1b" not in str(run.error) + str(run.last_error) + str(run.trap)


def test_configurations_of_many_megabytes_are_refused(runner):
    wasm = guests.module(
        """(data (i32.const 32) "m") (func (export "_start")
          (call $must (call $load_by_name_with_config (i32.const 32) (i32.const 1)
            (i32.const 64) (i32.const 4194305) (i32.const 16))))""",
        "load_by_name_with_config",
        pages=80,
    )
    run = runner.guest(wasm).run(check=False)
    assert "1 (invalid_argument): The configuration has 4194305 bytes" in str(run.last_error)


def test_long_configurations_make_no_long_warnings(runner):
    keys = ",".join(f'"{"k" * 900}{n}":1' for n in range(3))
    (warning,) = runner.guest(guests.stream("a", f"{{{keys}}}")).run().warnings
    assert len(warning) < 600


def test_a_guest_cannot_take_the_machine_with_it(runner, monkeypatch):
    monkeypatch.setattr("wasinn_nb.guest.options.available", lambda: 1 << 30)
    guest = runner.guest(guests.module(GROWER.format(then="(unreachable)")))
    with pytest.raises(GuestOutOfMemory, match="its 512 MiB"):
        guest.run()
    assert guest.run(memory_limit=4096, check=False).error.message.startswith("The guest ran out")
    tables = guests.module("""(table $t 1 funcref) (func (export "_start")
      (if (i32.eq (table.grow $t (ref.null func) (i32.const 100000000)) (i32.const -1))
        (then (call $proc_exit (i32.const 7)))))""")
    assert runner.guest(tables).run(check=False).exit_code == 7


def test_names_in_a_backtrace_are_the_guests_own(runner):
    name = ":1" * 300_000
    wasm = guests.module(f"""(func $"{name}" (unreachable))
      (func (export "_start") (call $"{name}"))""")
    with pytest.raises(GuestTrap) as caught:
        runner.guest(wasm).run()
    assert len(str(caught.value)) < 2000


def test_host_calls_from_the_bottom_of_the_stack(runner):
    wasm = guests.module(
        """(func $deep (drop (call $compute (i32.const -1))) (call $deep) (call $deep))
        (func (export "_start") (call $deep))""",
        "compute",
    )
    with pytest.raises(GuestTrap, match="stack overflow") as caught:
        runner.guest(wasm).run()
    assert caught.value.run.timeline.totals["compute"].count > 1000
