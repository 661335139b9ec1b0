"""The text helpers of the C layer, against Python's own JSON and UTF-8."""

from __future__ import annotations

import codecs
import json
from typing import Any, cast

import pytest
import wasmtime
from hypothesis import given
from hypothesis import strategies as st

from tests.sdk.conftest import Build

REACTOR = """
#include <wasi_nn_text.h>
#define EXPORT(name) __attribute__((export_name(#name)))
static char input[65536];
static wnn_string out;
EXPORT(buffer) char *buffer(void) { return input; }
EXPORT(text) char *text(void) { return out.data; }
EXPORT(whole) size_t whole(size_t size) { return wnn_utf8_whole(input, size); }
EXPORT(quote) size_t quote(size_t size) {
    wnn_string_truncate(&out, 0);
    return wnn_json_quote(&out, input, size) ? 0 : out.size;
}
/* The input is a key, a NUL, and JSON; the result is where the key's value begins, or -1. */
EXPORT(get) int get(void) {
    const char *json = input + strlen(input) + 1, *value = wnn_json_get(json, input);
    return value ? (int)(value - json) : -1;
}
"""


class TextModule:
    def __init__(self, engine: wasmtime.Engine, build: Build) -> None:
        self.store = wasmtime.Store(engine)
        linker = wasmtime.Linker(engine)
        linker.define_wasi()
        self.store.set_wasi(wasmtime.WasiConfig())
        wasm = build(REACTOR, "-mexec-model=reactor", "-std=c11")
        instance = linker.instantiate(self.store, wasmtime.Module.from_file(engine, str(wasm)))
        self.exports = cast("Any", instance.exports(self.store))
        self.exports["_initialize"](self.store)

    def call(self, name: str, data: bytes, *args: int) -> int:
        at = self.exports["buffer"](self.store)
        self.exports["memory"].write(self.store, data + b"\0", at)
        result: int = self.exports[name](self.store, *args)
        return result

    def read(self, size: int) -> bytes:
        at = self.exports["text"](self.store)
        return bytes(self.exports["memory"].read(self.store, at, at + size))


@pytest.fixture(scope="module")
def text(engine: wasmtime.Engine, build: Build) -> TextModule:
    return TextModule(engine, build)


# Pieces of every kind of good and bad UTF-8, and what JSON must escape.
PIECES = [
    b"a",
    b'"',
    b"\\",
    b"\n",
    b"\x00",
    b"\x7f",
    "é€😀".encode(),
    b"\xed\x9f\xbf",
    b"\xef\xbf\xbd",
]
BROKEN = [
    b"\x80",
    b"\xc0\xaf",
    b"\xc3",
    b"\xe0\x80\x80",
    b"\xe2\x82",
    b"\xed\xa0\x80",
    b"\xf0\x8f\xbf\xbf",
]
BROKEN += [b"\xf0\x9f\x98", b"\xf4\x90\x80\x80", b"\xf5", b"\xff"]
MIXED = st.lists(st.sampled_from(PIECES + BROKEN), max_size=12).map(b"".join)


@given(data=st.binary(max_size=200) | MIXED)
def test_quoted_text_is_json_of_the_same_text(text: TextModule, data: bytes) -> None:
    quoted = text.read(text.call("quote", data, len(data))).decode()
    read_back = json.loads(quoted)
    try:
        assert read_back == data.decode()
    except UnicodeDecodeError:
        # How many U+FFFD stand for a run of bad bytes differs between decoders.
        squeezed = [part for part in read_back.split("\N{REPLACEMENT CHARACTER}") if part]
        python = data.decode(errors="replace").split("\N{REPLACEMENT CHARACTER}")
        assert squeezed == [part for part in python if part]


@given(
    data=st.text(max_size=40).map(lambda s: s.encode("utf-8", "ignore")), cut=st.integers(0, 200)
)
def test_text_is_cut_between_characters(text: TextModule, data: bytes, cut: int) -> None:
    data = data[:cut]
    decoder = codecs.getincrementaldecoder("utf-8")()
    assert text.call("whole", data, len(data)) == len(decoder.decode(data).encode())


TEXT = st.text(max_size=8) | st.text('"\\\\{}[],: a', max_size=8)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)
KEYS = st.text(st.characters(codec="ascii", categories=["L", "N"]), max_size=3)


@given(
    value=st.dictionaries(KEYS, JSON, max_size=6),
    key=KEYS,
    indent=st.sampled_from([None, 2]),
    escapes=st.booleans(),
)
def test_a_key_is_found_where_it_is(
    text: TextModule, value: dict[str, Any], key: str, *, indent: int | None, escapes: bool
) -> None:
    source = json.dumps(value, indent=indent, ensure_ascii=escapes)
    data = source.encode("utf-8", "ignore")
    at = text.call("get", key.encode() + b"\0" + data)
    if key not in value:
        assert at == -1
    else:
        found, _ = json.JSONDecoder(strict=False).raw_decode(data[at:].decode())
        assert found == json.loads(data)[key]


@given(data=st.binary(max_size=60).filter(lambda data: b"\0" not in data), key=KEYS)
def test_a_key_is_looked_for_in_anything(text: TextModule, data: bytes, key: str) -> None:
    assert -1 <= text.call("get", key.encode() + b"\0{" + data) <= len(data) + 1
