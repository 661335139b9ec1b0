from __future__ import annotations

import threading

import pytest

from tests.guest.run import guests
from wasinn_nb.guest.build.cache import ArtifactCache
from wasinn_nb.guest.engine import Engine, fingerprint
from wasinn_nb.guest.errors import GuestInvalid
from wasinn_nb.guest.modules import ModuleCache


@pytest.fixture
def compiled(monkeypatch):
    """Every binary that is compiled (not loaded) goes in here."""
    import wasmtime

    seen = []
    original = wasmtime.Module

    class Module(original):
        def __init__(self, engine, wasm):
            seen.append(wasm)
            super().__init__(engine, wasm)

    monkeypatch.setattr(wasmtime, "Module", Module)
    return seen


def test_a_module_is_compiled_once(compiled):
    cache = ModuleCache(Engine())
    threads = [threading.Thread(target=cache.get, args=(guests.HELLO,)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert cache.get(guests.HELLO) is cache.get(guests.HELLO)
    assert compiled == [guests.HELLO]


def test_native_code_is_kept_between_processes(compiled, tmp_path):
    store = ArtifactCache(tmp_path)
    first = ModuleCache(Engine(), store).get(guests.HELLO)
    second = ModuleCache(Engine(), store).get(guests.HELLO)
    assert len(compiled) == 1
    assert second.exports == first.exports == {"memory": "memory", "_start": "func"}
    assert [i.name for i in second.imports] == ["fd_write", "proc_exit"]


def test_corrupted_native_code_is_never_loaded(compiled, tmp_path, runner):
    store = ArtifactCache(tmp_path)
    ModuleCache(Engine(), store).get(guests.HELLO)
    (kept,) = [p for p in tmp_path.rglob("*") if p.is_file() and p.stat().st_size > 1000]
    data = bytearray(kept.read_bytes())
    data[len(data) // 2] ^= 1
    kept.write_bytes(data)
    ModuleCache(Engine(), store).get(guests.HELLO)
    assert len(compiled) == 2


def test_native_code_of_another_engine_is_another_entry(compiled, tmp_path, monkeypatch):
    store = ArtifactCache(tmp_path)
    ModuleCache(Engine(), store).get(guests.HELLO)
    monkeypatch.setattr("wasinn_nb.guest.engine._cpu", lambda: "another machine")
    monkeypatch.setattr("wasinn_nb.guest.modules.fingerprint", fingerprint.__wrapped__)
    ModuleCache(Engine(), store).get(guests.HELLO)
    assert len(compiled) == 2


def test_a_failure_is_not_remembered():
    cache = ModuleCache(Engine())
    for _ in range(2):
        with pytest.raises(GuestInvalid):
            cache.get(guests.HELLO[:-1])


def test_many_modules_push_out_the_oldest(compiled):
    cache = ModuleCache(Engine())
    cache.get(guests.HELLO)
    for n in range(64):
        cache.get(guests.module(f'(func (export "f{n}"))'))
    cache.get(guests.HELLO)
    assert compiled.count(guests.HELLO) == 2
