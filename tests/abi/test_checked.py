"""The public way of defining functions answers as the fast one does."""

from __future__ import annotations

import pytest
import wasmtime

from tests.abi.caller import PAGE, Guest, trampolines
from wasinn_nb.abi.core import linker


@pytest.fixture(params=["unchecked", "checked"])
def guest(request, monkeypatch):
    if request.param == "checked":
        monkeypatch.setattr(linker, "unchecked_works", lambda: False)
    guest = Guest()
    assert bool(guest.kept) == (request.param == "unchecked")
    yield guest
    assert not guest.shelf.bugs


def test_the_installed_package_has_the_fast_way():
    assert linker.unchecked_works()


def test_a_package_of_another_shape_is_noticed(monkeypatch):
    for name in ("wasmtime_linker_define_func_unchecked", "wasmtime_val_raw_t"):
        with monkeypatch.context() as patch:
            patch.delattr(linker.ffi, name)
            assert not linker.unchecked_works.__wrapped__()


def test_both_answer_alike(guest):
    assert guest.load_name("nobody") == 8
    context = guest.context()
    assert guest.input(context, 0, b"hey") == 0
    assert guest.compute(context) == 0
    assert guest.output(context, size=2) == (0, 3, b"he")
    assert guest.compute(-1) == 1
    assert guest.load_by_name(2 * PAGE - 1, 2, 16) == 1
    assert guest.grow(1) == 2
    guest.write(2 * PAGE, b"llm")
    assert guest.load_by_name(2 * PAGE, 3, 16) == 0
    assert [call[0] for call in guest.shelf.recorded[-2:]] == ["load_by_name"] * 2


def test_both_trap(monkeypatch):
    for works in (True, False):
        monkeypatch.setattr(linker, "unchecked_works", lambda works=works: works)
        guest = Guest(wasm=trampolines(["compute", "get_output"], memory=""))
        assert guest.compute(3) == 1
        with pytest.raises(wasmtime.WasmtimeError, match="exports no memory"):
            guest.get_output(0, 0, 0, 0, 0)
        guest = Guest("wasmtime")
        with pytest.raises(wasmtime.WasmtimeError, match="outside of"):
            guest.load_by_name(0xFFFFFFFF, 3, 16)
