"""Components run as guests: what they may have, how they end, and what they leave behind."""

from __future__ import annotations

import gc
import os
import time

import psutil
import pytest
import wasmtime

from tests.guest.run import components
from tests.support.leaks import held, no_more
from wasinn_nb.abi.wit import probe
from wasinn_nb.guest import execution
from wasinn_nb.guest.build.cache import ArtifactCache
from wasinn_nb.guest.errors import (
    GuestExit,
    GuestLinkError,
    GuestOutputLimit,
    GuestTimeout,
    GuestTrap,
)
from wasinn_nb.guest.runner import Runner


def test_output_and_arguments(runner):
    assert runner.guest(components.HELLO).run().stdout == "hello\n"
    run = runner.guest(components.ARGS, name="a name").run(args=["one", "two"])
    assert run.stdout == "a name\none\ntwo\n"


def test_standard_input(runner):
    assert runner.guest(components.ECHO).run(stdin="what comes").stdout == "what comes"


def test_a_directory_may_be_written_to_only_if_that_was_said(runner, tmp_path):
    (tmp_path / "a").write_text("content")
    guest = runner.guest(components.copies("a", "b", to_directory=0))
    with pytest.raises(GuestExit):
        guest.run(dirs={str(tmp_path): "."})
    assert not (tmp_path / "b").exists()
    guest.run(dirs={str(tmp_path): (".", "rw")})
    assert (tmp_path / "b").read_text() == "content"


def test_values_are_exchanged(runner):
    run = runner.guest(components.copies("given", "taken")).run(
        inputs={"given": b"some bytes"}, outputs=["taken"]
    )
    assert run.outputs == {"taken": b"some bytes"}


def test_a_directory_ends_where_it_ends(runner, tmp_path):
    (tmp_path / "inner").mkdir()
    (tmp_path / "secret").write_text("secret")
    guest = runner.guest(components.copies("../secret", "b", to_directory=0))
    with pytest.raises(GuestExit):
        guest.run(dirs={str(tmp_path / "inner"): (".", "rw")})
    assert not list((tmp_path / "inner").iterdir())


@pytest.mark.parametrize("wasm", [components.FAILS, components.EXITS], ids=["err", "exit"])
def test_a_result_that_is_an_error_is_exit_code_1(runner, wasm):
    with pytest.raises(GuestExit, match="code 1") as caught:
        runner.guest(wasm).run()
    assert caught.value.code == 1


def test_components_run_with_another_release_of_wasmtime(runner, monkeypatch):
    monkeypatch.setattr(probe, "raw_works", lambda: False)
    assert runner.guest(components.HELLO).run().stdout == "hello\n"
    with pytest.raises(GuestExit, match="code 1"):
        runner.guest(components.FAILS).run()


def test_a_trap_names_the_function(runner):
    with pytest.raises(GuestTrap) as caught:
        runner.guest(components.TRAPS).run()
    assert [frame.function for frame in caught.value.trap.frames][:1] == ["deep"]


def test_a_loop_is_stopped(runner):
    run = runner.guest(components.SPINS).start()
    while run.state != "running":
        time.sleep(0.001)
    run.cancel()
    assert run.wait(30).state == "stopped"


def test_the_timeout_and_the_output_limit_hold(runner):
    with pytest.raises(GuestTimeout):
        runner.guest(components.SPINS).run(timeout=0.05)
    with pytest.raises(GuestOutputLimit):
        runner.guest(components.PRINTS).run(output_limit=10_000)


def test_the_memory_limit_holds(runner):
    before = psutil.Process().memory_info().vms
    run = runner.guest(components.GROWS).run(memory_limit=32, check=False)
    assert run.trap is not None
    assert psutil.Process().memory_info().vms - before < 8 << 30


def test_a_sleep_is_left_behind_and_ends_by_itself(runner, registry, monkeypatch):
    """A wait in wasi:io/poll is a native call of wasmtime's."""
    monkeypatch.setattr(execution, "_PATIENCE", 0.05)
    guest = runner.guest(components.SLEEPS)
    run = guest.start()
    while run.state != "running":
        time.sleep(0.001)
    run.cancel()
    assert run.wait(30).state == "stopped"
    assert not runner.active


def test_unknown_imports_are_named_with_what_there_is(runner):
    def refusal(extra, **options):
        guest = runner.guest(components.component(components.RETURNS, extra=extra))
        with pytest.raises(GuestLinkError) as caught:
            guest.run(**options)
        return caught.value

    unknown = refusal(components.UNKNOWN)
    assert unknown.missing == ("wasi:keyvalue/store@0.2.0", "other:thing/api@1.0.0")
    assert all(name in unknown.message for name in unknown.missing)
    assert "filesystem" in unknown.hint
    assert "wasi:nn/graph@0.2.0-rc-2024-10-28" in refusal(components.OLD_NN).hint
    for newer_or_older in ("0.3.0", "0.2.0-rc-2023-12-05"):
        refused = refusal(components.NEW_WASI.replace("0.3.0", newer_or_older))
        assert newer_or_older in refused.missing[0]
        assert "releases 0.2." in refused.hint


def test_a_library_says_what_it_exports(runner):
    library = wasmtime.wat2wasm("""(component (component $c) (instance $i (instantiate $c))
      (export "a:b/c@1.0.0" (instance $i)))""")
    with pytest.raises(GuestLinkError, match="library") as caught:
        runner.guest(bytes(library)).run()
    assert "a:b/c@1.0.0" in caught.value.hint


@pytest.mark.parametrize("granted", [None, "example.org"])
def test_a_component_that_imports_http_and_does_not_use_it(runner, granted):
    guest = runner.guest(components.component(components.RETURNS, extra=components.HTTP))
    run = guest.run(allow_http=granted)
    assert (run.state, run.warnings) == ("finished", [])


def test_imports_and_exports_are_interfaces(runner):
    guest = runner.guest(components.HELLO)
    assert ("wasi:cli/stdout@0.2.0", "instance") in {(i.module, i.kind) for i in guest.imports}
    assert list(guest.exports) == []
    assert guest.module.exports == {"wasi:cli/run@0.2.0": "instance"}


def test_compiled_code_is_kept_on_disk(registry, tmp_path, monkeypatch):
    from wasmtime.component import Component

    artifacts = ArtifactCache(tmp_path / "artifacts")
    Runner(registry, artifacts=artifacts).guest(components.HELLO).run()
    monkeypatch.setattr(Component, "__init__", None)
    assert Runner(registry, artifacts=artifacts).guest(components.HELLO).run().stdout == "hello\n"


@pytest.mark.parametrize(
    "then", ["", "unreachable", "(call $drop (i32.load (i32.const 20)))", "(loop $l (br $l))"]
)
def test_models_are_free_however_a_component_ends(runner, registry, then):
    guest = runner.guest(components.loads_then(then))
    run = guest.start(check=False)
    if "loop" in then:
        while not registry.describe("m").users:
            time.sleep(0.001)
        run.cancel()
    run.wait(30)
    assert "load-by-name" in repr(run.timeline)
    assert not registry.describe("m").users
    registry.forget("m")


def test_many_resources(runner, backend):
    """Ten thousand graphs, one after the other, are as one."""
    wasm = components.component(
        """
  (data (i32.const 64) "m")
  (func (export "run") (result i32) (local $i i32)
    (loop $again
      (call $load (i32.const 64) (i32.const 1) (i32.const 16))
      (if (i32.load8_u (i32.const 16)) (then unreachable))
      (call $drop (i32.load (i32.const 20)))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $again (i32.lt_u (local.get $i) (i32.const 10000))))
    (i32.const 0))""",
        "graph",
    )
    guest = runner.guest(wasm)
    guest.run()
    gc.collect()
    memory = psutil.Process().memory_info().rss
    guest.run()
    gc.collect()
    assert psutil.Process().memory_info().rss - memory < 8 << 20
    assert backend.loads == 1


def test_many_runs(runner, registry):
    made = [
        runner.guest(wasm)
        for wasm in (components.HELLO, components.TRAPS, components.LOADS, components.EXITS)
    ]
    spin = runner.guest(components.SPINS)

    def some(count):
        for n in range(count):
            made[n % 4].run(check=False)
            if n % 10 == 0:
                run = spin.start()
                run.cancel()
                run.wait()
        return *held(), psutil.Process().memory_info().rss

    some(40)
    fds, threads, memory = some(40)
    after = some(200)
    assert no_more(after[:2], (fds, threads))
    assert after[2] - memory < 8 << 20
    assert not registry.describe("m").users


def test_a_file_by_its_path(runner, tmp_path):
    path = tmp_path / "hello.wasm"
    path.write_bytes(components.HELLO)
    guest = runner.guest(path)
    assert guest.name == "hello.wasm"
    assert guest.run().stdout == "hello\n"
    assert os.fspath(path) not in repr(guest)
