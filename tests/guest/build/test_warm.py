"""Warming toolchains in the background."""

from __future__ import annotations

import threading

from wasmtime.component import Component

from wasinn_nb.guest.build.builder import Builder
from wasinn_nb.guest.build.model import Source
from wasinn_nb.guest.build.warm import WarmUp
from wasinn_nb.guest.engine import Engine
from wasinn_nb.guest.languages import clang, ziglang
from wasinn_nb.guest.modules import NATIVE, digest, packed_key
from wasinn_nb.guest.precompile import is_precompiled
from wasinn_nb.nn.cancel import CancelToken


def test_a_warm_toolchain_is_ready_at_once(builder):
    warming = builder.warm(("c", "cpp", "wat"))
    assert warming.wait(60)
    assert {name: one.state for name, one in warming.status.items()} == {
        "c": "ready",
        "cpp": "ready",
        "wat": "ready",
    }


def test_what_runs_scripts_is_compiled_before_anybody_waits(tmp_path):
    builder = Builder(tmp_path)
    wasm = builder.build(Source("", "js")).wasm
    assert not is_precompiled(wasm, builder.artifacts)
    warming = builder.warm(("js",))
    assert warming.wait(120)
    assert warming.status["js"].state == "ready", warming.status
    assert is_precompiled(wasm, builder.artifacts)
    code = builder.artifacts.get(NATIVE, packed_key(digest(wasm)))
    engine = Engine()
    assert Component.deserialize(engine.native, code).type
    engine.close()


def test_states_follow_each_other():
    begun = threading.Event()
    go = threading.Event()

    def prepare(name: str, cancel: CancelToken) -> None:
        begun.set()
        go.wait(30)
        if name == "second":
            raise ValueError("no such luck")

    warming = WarmUp(prepare, ("first", "second"))
    assert begun.wait(30)
    running = warming.status
    assert (running["first"].state, running["second"].state) == ("running", "not started")
    assert warming.status["first"].seconds >= running["first"].seconds
    go.set()
    assert warming.wait(30)
    done = warming.status
    assert (done["first"].state, done["second"].state) == ("ready", "failed")
    assert done["second"].problem == "no such luck"


def test_cancel_ends_the_one_and_skips_the_rest():
    begun = threading.Event()
    asked: list[str] = []

    def prepare(name: str, cancel: CancelToken) -> None:
        asked.append(name)
        begun.set()
        assert cancel.wait(30)
        cancel.raise_if_cancelled()

    warming = WarmUp(prepare, ("first", "second"))
    assert begun.wait(30)
    warming.cancel()
    assert warming.wait(0)
    assert asked == ["first"]
    assert {one.state for one in warming.status.values()} == {"not started"}


def test_cancel_kills_a_real_compiler(tmp_path):
    warming = Builder(tmp_path).warm(("c",))
    while warming.status["c"].state == "not started":
        warming.wait(0.01)
    warming.cancel()
    assert warming.wait(0)
    assert warming.status["c"].state == "not started"


def test_a_missing_toolchain_is_reported_not_raised(tmp_path, monkeypatch):
    monkeypatch.setattr(ziglang, "detect", lambda: None)
    monkeypatch.setattr(clang, "detect", lambda _: None)
    warming = Builder(tmp_path).warm(("c", "nonsense"))
    assert warming.wait(30)
    assert {one.state for one in warming.status.values()} == {"failed"}
    assert 'pip install "wasinn-nb[c]"' in warming.status["c"].problem
