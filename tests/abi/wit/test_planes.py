"""Bytes as ASCII."""

from __future__ import annotations

import ctypes
from contextlib import contextmanager

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from wasinn_nb.abi.core.faults import MustTrap
from wasinn_nb.abi.wit import native
from wasinn_nb.abi.wit.codec import String
from wasinn_nb.abi.wit.layout import NOTHING, SIZE
from wasinn_nb.abi.wit.planes import Planes, packed, unpacked


@contextmanager
def room():
    """Where a value can be, as wasmtime has them."""
    value = ctypes.create_string_buffer(NOTHING, SIZE)
    yield ctypes.addressof(value)
    native.delete_value(ctypes.addressof(value))


@pytest.fixture
def place():
    with room() as at:
        yield at


@given(st.binary(max_size=300))
@example(bytes(range(256)) * 400)
def test_bytes_are_what_they_were(head):
    data = head + b"\xff"
    text = packed(data)
    assert text.isascii()
    assert len(text) == 8 * -(-len(data) // 7) + 1
    assert unpacked(text) == data
    with room() as place:
        Planes().write(place, memoryview(data))
        assert Planes().read(place) == data
        assert String().read(place) == text


@given(st.text(max_size=40) | st.text(st.characters(max_codepoint=127), max_size=40))
@example("1234567\x01\x00")
def test_any_text_is_some_bytes_or_a_trap(text):
    with room() as place:
        String().write(place, text)
        try:
            data = unpacked(text)
        except MustTrap:
            with pytest.raises(MustTrap):
                Planes().read(place)
        else:
            assert Planes().read(place) == data
            assert len(data) < len(text.encode())


@pytest.mark.parametrize("data", [b"", b"\0", b"text", b"\x07\x06", bytes(range(128))])
def test_ascii_is_itself(place, data):
    assert packed(data) == data.decode() + "\x07"
    assert unpacked(packed(data)) == data
    Planes().write(place, data)
    assert Planes().read(place) == data


@pytest.mark.parametrize(
    "kind", [bytearray, memoryview, lambda data: memoryview(np.array([*data]))]
)
def test_everything_with_a_buffer_is_taken(place, kind):
    value = kind(b"\x80\x01ab")
    Planes().write(place, value)
    assert Planes().read(place) == bytes(memoryview(value).cast("B"))


def test_an_empty_buffer_is_no_bytes(place):
    Planes().write(place, memoryview(b""))
    assert Planes().read(place) == b""


@pytest.mark.parametrize("text", ["", "\x00", "abc", "1234567\x00", "12345678\x08", "12345678\x09"])
def test_what_was_not_packed_is_no_bytes(place, text):
    String().write(place, text)
    with pytest.raises(MustTrap):
        Planes().read(place)
    with pytest.raises(MustTrap):
        unpacked(text)
