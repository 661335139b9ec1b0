"""Rewritten components as guests: how they are compiled and kept, and how they end."""

from __future__ import annotations

import time

import pytest

from tests.abi.wit.component import main
from tests.guest.octets.components import component
from tests.support.echo_backend import EchoBackend, echo_registry
from wasinn_nb.guest import octets
from wasinn_nb.guest.build.cache import ArtifactCache
from wasinn_nb.guest.engine import Engine
from wasinn_nb.guest.errors import GuestError, GuestOutOfMemory, GuestTrap
from wasinn_nb.guest.modules import ModuleCache
from wasinn_nb.guest.precompile import is_precompiled
from wasinn_nb.guest.runner import Runner

WASI_NN = "wasi-nn-0.2.0-rc-2024-10-28"


@pytest.fixture(scope="module")
def engine():
    engine = Engine()
    yield engine
    engine.close()


@pytest.fixture
def runner(tmp_path):
    return Runner(echo_registry(EchoBackend(), tmp_path))


@pytest.fixture
def artifacts(tmp_path):
    return ArtifactCache(tmp_path / "cache", 1 << 30)


def giving(size, *, at=0, last=0, times=1, drops=True):
    """A program that gives a tensor of so many bytes, each time a new one."""
    return main(
        [WASI_NN],
        "(call $deep) (i32.const 0)",
        core=f"""
        (func $deep (local $left i32)
          (drop (memory.grow (i32.const {(size >> 16) + 1})))
          (i32.store8 (i32.const {65536 + size - 1}) (i32.const {last}))
          (local.set $left (i32.const {times}))
          (loop $again
            ({"call $tensor.drop" if drops else "drop"}
              (call $tensor (i32.const 0) (i32.const 0) (i32.const 4)
                (i32.const {at or 65536}) (i32.const {size})))
            (br_if $again (local.tee $left (i32.sub (local.get $left) (i32.const 1))))))""",
        wanted=["tensor", "tensor.data"],
    )


def test_code_is_kept_with_what_it_is(engine, artifacts, monkeypatch):
    wasm = component()
    assert not is_precompiled(wasm, artifacts)
    assert ModuleCache(engine, artifacts).get(wasm).packed
    assert is_precompiled(wasm, artifacts)
    monkeypatch.setattr(octets, "find", lambda _: pytest.fail("it was compiled again"))
    kept = ModuleCache(engine, artifacts).get(wasm)
    assert kept.packed
    assert [one.module.partition("@")[0] for one in kept.imports if one.kind == "instance"] == [
        "wasi:nn/tensor",
        "wasi:nn/errors",
        "wasi:nn/graph",
    ]


def test_what_cannot_be_compiled_rewritten_is_compiled_as_it_is(engine, artifacts, monkeypatch):
    broken = octets.Rewriting((b"\0asm\x0d\0\x01\0", b"\xff"))
    monkeypatch.setattr(octets, "find", lambda _: broken)
    assert not ModuleCache(engine, artifacts).get(component()).packed
    assert not ModuleCache(engine, artifacts).get(component()).packed


@pytest.mark.parametrize("rewritten", [True, False], ids=["rewritten", "as it is"])
def test_a_guest_ends_in_the_same_way(runner, monkeypatch, rewritten):
    if not rewritten:
        monkeypatch.setattr(octets, "find", lambda _: None)
    run = runner.guest(giving(1000, last=255)).run()
    assert [one.bytes for one in run.timeline if one.call == "tensor"] == [1000]
    with pytest.raises(GuestTrap) as caught:
        runner.guest(giving(1000, at=1 << 30)).run()
    assert caught.value.trap.frames[0].function == "deep"


def test_an_address_that_is_nowhere_is_told_as_in_the_guest_s_own_code(runner):
    with pytest.raises(GuestTrap) as caught:
        runner.guest(giving(1000, at=1 << 30)).run()
    assert caught.value.trap.kind == "access outside of the guest's memory"
    assert "wasinn_octets" not in str(caught.value)


def test_megabytes_are_given_in_one_call(runner):
    run = runner.guest(giving(6_000_000, last=128)).run()
    assert max(one.bytes for one in run.timeline) == 6_000_000


def test_too_much_for_one_call_says_how_much_is_not(runner):
    with pytest.raises(GuestTrap, match=r"too much data.*117 million bytes"):
        runner.guest(giving(1 << 27)).run()


def test_the_memory_limit_holds_for_what_is_on_its_way(runner):
    size = (15 << 20) + (1 << 19)
    runner.guest(giving(size, last=128)).run(memory_limit=19)
    with pytest.raises(GuestOutOfMemory, match="17 MiB"):
        runner.guest(giving(size, last=128)).run(memory_limit=17)


def test_the_memory_limit_holds_for_tensors_that_a_guest_keeps(runner):
    keeping = giving(1 << 20, last=128, times=20, drops=False)
    runner.guest(keeping).run(memory_limit=20)
    with pytest.raises(GuestError, match=r"tensors take 20,971,520 .* --memory-limit"):
        runner.guest(keeping).run(memory_limit=19)


def test_a_guest_that_gives_bytes_for_ever_is_stopped(runner):
    run = runner.guest(giving(100_000, last=128, times=1 << 31)).start()
    deadline = time.monotonic() + 60
    while not run.timeline.totals:
        assert time.monotonic() < deadline
        time.sleep(0.001)
    run.cancel()
    assert run.wait(60).state == "stopped"
