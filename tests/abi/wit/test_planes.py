"""Bytes as ASCII."""

from __future__ import annotations

import ctypes

import numpy as np
import pytest

from wasinn_nb.abi.core.faults import MustTrap
from wasinn_nb.abi.wit import native
from wasinn_nb.abi.wit.codec import String
from wasinn_nb.abi.wit.layout import NOTHING, SIZE
from wasinn_nb.abi.wit.planes import Planes, packed, unpacked

SIZES = (*range(1, 30), 112, 113, 1000, 100_000)


@pytest.fixture
def place():
    """Where a value can be, as wasmtime has them."""
    value = ctypes.create_string_buffer(NOTHING, SIZE)
    yield ctypes.addressof(value)
    native.delete_value(ctypes.addressof(value))


def random_bytes(size):
    return np.random.default_rng(size).integers(0, 256, size, np.uint8).tobytes()


@pytest.mark.parametrize("size", SIZES)
def test_bytes_are_what_they_were(place, size):
    data = random_bytes(size - 1) + b"\xff"
    text = packed(data)
    assert text.isascii()
    assert len(text) == 8 * -(-size // 7) + 1
    assert unpacked(text) == data
    Planes().write(place, memoryview(data))
    assert Planes().read(place) == data
    assert String().read(place) == text


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
