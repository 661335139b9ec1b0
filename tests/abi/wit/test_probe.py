"""Another shape of the installed package is noticed, and the package's own way serves."""

from __future__ import annotations

import ctypes

from wasinn_nb.abi.wit import checked, linker, native, probe


def test_the_installed_package_has_the_fast_way():
    assert probe.raw_works()


def test_a_package_of_another_layout_is_noticed(monkeypatch):
    class Wider(ctypes.Structure):
        _fields_ = [("kind", ctypes.c_uint64), ("more", ctypes.c_uint64), ("of", ctypes.c_uint64)]

    monkeypatch.setattr(probe.ffi, "wasmtime_component_val_t", Wider)
    assert not probe.raw_works.__wrapped__()


def test_a_package_without_a_function_is_noticed(monkeypatch):
    for name in ("new_list", "host_number", "new_value", "clone_value"):
        with monkeypatch.context() as patch:
            patch.setattr(native, name, native._absent)
            assert not probe.raw_works.__wrapped__()
    assert native._function("wasmtime_no_such_function", None) is native._absent
    with monkeypatch.context() as patch:
        patch.delattr(linker.ffi, "wasmtime_component_linker_instance_add_func")
        assert not probe.raw_works.__wrapped__()


def test_the_packages_way_is_taken_then(monkeypatch):
    taken = []
    monkeypatch.setattr(probe, "raw_works", lambda: False)
    monkeypatch.setattr(checked, "define", lambda *args: taken.append(args))
    assert linker.define("linker", {}, "calls") == []
    assert taken == [("linker", {}, "calls")]
