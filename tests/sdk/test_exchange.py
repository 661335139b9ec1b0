"""Arrays and pictures between a guest and the notebook's own writer and reader of them."""

from __future__ import annotations

import json
import math
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
import wasmtime
from hypothesis import example, given
from hypothesis import strategies as st

from tests.sdk.conftest import DRIVERS, Build
from tests.support.core_abi import MODULE
from wasinn_nb.guest.exchange import read_outputs, write_input

DTYPES = ["bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"]
DTYPES += ["float16", "float32", "float64", "complex64", "complex128"]
MODES = {1: "L", 3: "RGB", 4: "RGBA"}
PIXELS = {"L": ("uint8", 0), "RGB": ("uint8", 3), "RGBA": ("uint8", 4)}
PIXELS |= {"I;16": ("uint16", 0), "I": ("int32", 0), "F": ("float32", 0)}
FORMATS = {"L": 0x01, "RGB": 0x03, "RGBA": 0x04}
BGR, BGRA = 0x13, 0x14
NOT_FOUND, INVALID = 8, 1


@dataclass
class Value:
    """What the guest has of a value."""

    data: bytes
    dtype: str
    shape: tuple[int, ...]
    mode: int


class Exchange:
    """The driver's functions, with two directories of this machine as ``/in`` and ``/out``."""

    def __init__(self, engine: wasmtime.Engine, wasm: Path, folder: Path) -> None:
        self.given, self.taken = folder / "in", folder / "out"
        self.inputs: list[tuple[int, tuple[int, ...], int]] = []
        wasi = wasmtime.WasiConfig()
        for directory in (self.given, self.taken):
            directory.mkdir()
            wasi.preopen_dir(str(directory), f"/{directory.name}")
        self.store = wasmtime.Store(engine)
        self.store.set_wasi(wasi)
        linker = wasmtime.Linker(engine)
        linker.define_wasi()
        i32 = wasmtime.ValType.i32()
        linker.define_func(MODULE, "set_input", wasmtime.FuncType([i32] * 3, [i32]), self.set_input)
        module = wasmtime.Module.from_file(engine, str(wasm))
        self.exports = cast("Any", linker.instantiate(self.store, module).exports(self.store))
        self.exports["_initialize"](self.store)

    def set_input(self, _context: int, _index: int, record: int) -> int:
        dims, rank, kind, _data, size = struct.unpack("<5I", self.memory(record, 20))
        shape = struct.unpack(f"<{rank}I", self.memory(dims, 4 * rank))
        self.inputs.append((kind, shape, size))
        return 0

    def memory(self, at: int, size: int) -> bytes:
        return bytes(self.exports["memory"].read(self.store, at, at + size))

    def call(self, function: str, name: str = "", *args: int) -> int:
        at = self.exports["buffer"](self.store)
        self.exports["memory"].write(self.store, name.encode() + b"\0", at)
        result: int = self.exports[function](self.store, *args)
        return result

    def message(self) -> str:
        return self.memory(self.call("message"), 256).split(b"\0")[0].decode()

    def value(self) -> Value:
        words = struct.unpack("<69I", self.memory(self.call("value"), 276))
        data, size, dtype, rank = words[:4]
        name = ["bytes", *DTYPES][dtype]
        return Value(self.memory(data, size), name, words[4 : 4 + rank], words[68])

    def read(self, data: bytes, sidecar: bytes | None) -> int:
        (self.given / "x").write_bytes(data)
        (self.given / "x.json").unlink(missing_ok=True)
        if sidecar is not None:
            (self.given / "x.json").write_bytes(sidecar)
        self.call("release")
        return self.call("read_value", "x")


@pytest.fixture(scope="module")
def exchange(
    engine: wasmtime.Engine, build: Build, tmp_path_factory: pytest.TempPathFactory
) -> Exchange:
    wasm = build(DRIVERS / "exchange.c", "-mexec-model=reactor", "-DWASI_NN_STANDARD_ONLY")
    return Exchange(engine, wasm, tmp_path_factory.mktemp("exchange"))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(2, 3), (), (0,), (1,) * 60, (4, 0, 5)])
def test_arrays_there_and_back(exchange: Exchange, dtype: str, shape: tuple[int, ...]) -> None:
    numbers = np.random.default_rng(1).integers(0, 2, (*shape, 2)) @ [1, 1]
    array = np.asarray(numbers).astype(dtype)
    write_input(exchange.given, "a", array)
    assert exchange.call("read_value", "a") == 0, exchange.message()
    value = exchange.value()
    assert (value.data, value.dtype, value.shape) == (array.tobytes(), dtype, shape)
    assert exchange.call("write_again", "b") == 0
    values, problems = read_outputs(exchange.taken, ("b",))
    assert problems == []
    assert values["b"].dtype == dtype
    np.testing.assert_array_equal(values["b"], array)
    exchange.call("release")


@pytest.mark.parametrize("data", [b"", b"abc", bytes(range(256)) * 300])
def test_bytes_have_no_sidecar(exchange: Exchange, data: bytes) -> None:
    write_input(exchange.given, "text", data)
    assert exchange.call("read_value", "text") == 0
    assert exchange.value() == Value(data, "bytes", (len(data),), 0)
    at = struct.unpack("<I", exchange.memory(exchange.call("value"), 4))[0]
    assert exchange.memory(at + len(data), 1) == b"\0"
    assert exchange.call("write_again", "again") == 0
    assert read_outputs(exchange.taken, ("again",)) == ({"again": data}, [])
    exchange.call("release")


# ---- pictures ------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", PIXELS)
def test_a_picture_there_and_back(exchange: Exchange, mode: str) -> None:
    image = pytest.importorskip("PIL.Image")
    dtype, channels = PIXELS[mode]
    shape = (3, 5, channels) if channels else (3, 5)
    pixels = np.random.default_rng(2).integers(0, 256, shape).astype(dtype)
    write_input(exchange.given, "p", image.fromarray(pixels))
    assert exchange.call("read_value", "p") == 0, exchange.message()
    assert exchange.value() == Value(pixels.tobytes(), dtype, shape, FORMATS.get(mode, 0))
    if mode not in FORMATS:
        exchange.call("release")
        return
    kept = {"L": FORMATS["L"], "RGB": BGR, "RGBA": BGRA}[mode]
    assert exchange.call("write_picture", f"p{mode}", kept) == 0, exchange.message()
    exchange.call("release")
    values, problems = read_outputs(exchange.taken, (f"p{mode}",))
    assert problems == []
    assert values[f"p{mode}"].mode == mode
    assert np.array_equal(np.asarray(values[f"p{mode}"]), pixels)


@pytest.mark.parametrize("shape", [(4, 3), (4, 3, 1), (2, 2, 3), (3, 1, 4), (0, 5, 3)])
def test_an_array_of_pixels_is_as_good(exchange: Exchange, shape: tuple[int, ...]) -> None:
    pixels = np.arange(math.prod(shape), dtype=np.uint8).reshape(shape)
    write_input(exchange.given, "a", pixels)
    assert exchange.call("read_value", "a") == 0
    channels = shape[2] if len(shape) == 3 else 1
    kept = {1: FORMATS["L"], 3: BGR, 4: BGRA}[channels]
    assert exchange.call("write_picture", "a", kept) == 0, exchange.message()
    exchange.call("release")
    assert (exchange.taken / "a").read_bytes() == pixels.tobytes()
    written = json.loads((exchange.taken / "a.json").read_text())
    assert written["shape"] == list(shape[:2] if channels == 1 else shape)
    assert written["mode"] == MODES[channels]


@pytest.mark.parametrize(
    ("dtype", "shape"),
    [("uint8", [12]), ("uint8", [2, 3, 2]), ("int8", [3, 4]), ("uint8", [1, 2, 2, 3])],
)
def test_what_is_no_picture(exchange: Exchange, dtype: str, shape: list[int]) -> None:
    sidecar = json.dumps({"dtype": dtype, "shape": shape}).encode()
    assert exchange.read(bytes(12), sidecar) == 0
    assert exchange.call("write_picture", "p", FORMATS["RGB"]) == INVALID
    assert "[height, width]" in exchange.message()


# ---- what is wrong with a value ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sidecar", "problem"),
    [
        ("", "a JSON object is expected, at byte 0"),
        ("[2]", "a JSON object is expected, at byte 0"),
        ("{}", "a key is expected"),
        ('{"dtype": "uint8"}', "dtype or shape is missing"),
        ('{"shape": [4]}', "dtype or shape is missing"),
        ('{"dtype": "uint8", "shape": [4]', "a comma or the end of the object is expected"),
        ('{"dtype": "uint8", "shape": [4]}]', "nothing is expected after the object, at byte 32"),
        ('{"dtype": "uint8", "shape": [4], "shape": [4]}', "a key is there twice"),
        ('{"dtype": "uint8", "shape": [4], "order": "F"}', "the keys are dtype, shape and mode"),
        ('{"dtype" "uint8", "shape": [4]}', "a colon is expected"),
        ('{"dtype": "float128", "shape": [4]}', "no dtype of numbers"),
        ('{"dtype": "", "shape": [4]}', "no dtype of numbers"),
        ('{"dtype": 4, "shape": [4]}', "no dtype of numbers"),
        ('{"dtype": "u\\u0069nt8", "shape": [4]}', "no dtype of numbers"),
        ('{"dtype": "uint8", "shape": 4}', "no shape"),
        ('{"dtype": "uint8", "shape": [-4]}', "no shape"),
        ('{"dtype": "uint8", "shape": [4.0]}', "no shape"),
        ('{"dtype": "uint8", "shape": [04]}', "no shape"),
        ('{"dtype": "uint8", "shape": [4,]}', "no shape"),
        ('{"dtype": "uint8", "shape": [4294967296, 0]}', "no shape"),
        (f'{{"dtype": "uint8", "shape": {[1] * 64 + [4]}}}', "no shape"),
        ('{"dtype": "uint8", "shape": [3]}', "another number of bytes than the 4 that are there"),
        ('{"dtype": "uint8", "shape": [65536, 65537]}', "another number of bytes"),
        ('{"dtype": "uint8", "shape": [2147483648, 2147483648, 4]}', "another number of bytes"),
        ('{"dtype": "uint8", "shape": [2, 2], "mode": "CMYK"}', "no mode"),
        (
            '{"dtype": "uint8", "shape": [2, 2], "mode": "RGB"}',
            "the mode does not fit dtype and shape",
        ),
        (
            '{"dtype": "int8", "shape": [2, 2], "mode": "L"}',
            "the mode does not fit dtype and shape",
        ),
        (" " * 5000, "it is too long"),
    ],
)
def test_a_malformed_sidecar(exchange: Exchange, sidecar: str, problem: str) -> None:
    assert exchange.read(b"1234", sidecar.encode()) == INVALID
    assert exchange.message().startswith("/in/x.json: invalid argument (error 1); ")
    assert problem in exchange.message()
    assert exchange.value() == Value(b"", "bytes", (), 0)


def accepted(sidecar: bytes, size: int) -> bool:
    """What the header says it takes, by Python's JSON."""
    try:
        pairs = json.loads(sidecar.decode("ascii"), object_pairs_hook=lambda found: found)
    except ValueError:
        return False
    if not sidecar.lstrip(b" \t\r\n").startswith(b"{") or b"\\" in sidecar or b"-" in sidecar:
        return False
    found = dict(pairs)
    if len(found) != len(pairs) or not {"dtype", "shape"} <= set(found) <= {
        "dtype",
        "shape",
        "mode",
    }:
        return False
    dtype, shape, mode = found["dtype"], found["shape"], found.get("mode")
    if not isinstance(dtype, str) or dtype not in DTYPES or not isinstance(shape, list):
        return False
    if not all(type(n) is int and n < 1 << 32 for n in shape) or len(shape) > 64:
        return False
    if "mode" in found:
        if not isinstance(mode, str) or mode not in PIXELS:
            return False
        wanted, channels = PIXELS[mode]
        if dtype != wanted or len(shape) != 2 + bool(channels) or shape[2:] not in ([channels], []):
            return False
    return math.prod(shape) * np.dtype(dtype).itemsize == size


WORDS = st.sampled_from(
    [
        "uint8",
        "int16",
        "L",
        "RGB",
        "dtype",
        "shape",
        "mode",
        "",
        "none",
        "x" * 20,
        6,
        [6],
        [2, 3],
        [2, 1, 3],
        [],
        None,
        True,
        1.5,
        -1,
        {},
        "é",
        "\n",
    ]
)
OBJECTS = st.dictionaries(st.sampled_from(["dtype", "shape", "mode", "x"]), WORDS).map(
    lambda value: json.dumps(value).encode()
)
GOOD = [
    b'{"dtype": "uint8", "shape": [2, 1, 3], "mode": "RGB"}',
    b'{"mode":"L","shape":[2,3],"dtype":"uint8"}',
    b'{"dtype": "int32", "shape": [1, 2], "mode": "I"}',
    b' {\n"shape" : [ ] ,\t"dtype" : "complex64" } \r\n',
]
PIECES = st.sampled_from([*b'{}[]",: \t0123456789-.eE\\\0LRGBAdtypeshamoint'])


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    text = bytearray(draw(st.sampled_from(GOOD)))
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, len(text) - 1)) if text else 0
        text[at : at + draw(st.integers(0, 2))] = draw(st.lists(PIECES, max_size=2))
    return bytes(text)


@given(sidecar=damaged() | OBJECTS | st.binary(max_size=40), size=st.sampled_from([6, 8, 3]))
@example(sidecar=GOOD[0], size=6)
@example(sidecar=GOOD[1], size=6)
@example(sidecar=GOOD[2], size=8)
@example(sidecar=GOOD[3], size=8)
def test_sidecars_of_any_kind(exchange: Exchange, sidecar: bytes, size: int) -> None:
    expected = 0 if accepted(sidecar, size) else INVALID
    assert exchange.read(bytes(size), sidecar) == expected, exchange.message()
    if expected:
        assert exchange.message().startswith("/in/x.json: ")


def test_what_is_not_there_and_names_that_cannot_be(exchange: Exchange) -> None:
    assert exchange.call("read_value", "nothing") == NOT_FOUND
    assert exchange.message().startswith("/in/nothing: not found (error 8); No such file")
    for name in ("", "a/b", "x" * 201):
        assert exchange.call("read_value", name) == INVALID
        assert "names have 1 to 200 bytes and no slash" in exchange.message()


def test_an_array_that_cannot_be_written(exchange: Exchange) -> None:
    assert exchange.read(b"1234", None) == 0
    at = exchange.exports["buffer"](exchange.store) + 100
    exchange.exports["memory"].write(exchange.store, struct.pack("<2I", 1 << 31, 1 << 31), at)
    assert exchange.call("write_array", "w", 1, at, 2) == INVALID
    assert exchange.call("write_array", "w", 0, at, 1) == INVALID
    assert not (exchange.taken / "w").exists()
    exchange.exports["memory"].write(exchange.store, struct.pack("<2I", 2, 1), at)
    assert exchange.call("write_array", "w", DTYPES.index("int16") + 1, at, 2) == 0
    values, _ = read_outputs(exchange.taken, ("w",))
    assert values["w"].tolist() == [[0x3231], [0x3433]]
    (exchange.taken / "folder").mkdir()
    assert exchange.call("write_again", "folder") == 5
    assert exchange.message().startswith("/out/folder: runtime error (error 5); Is a directory")


@pytest.mark.parametrize(
    ("dtype", "kind"),
    [
        ("float16", 0),
        ("float32", 1),
        ("float64", 2),
        ("uint8", 3),
        ("bool", 3),
        ("int32", 4),
        ("int64", 5),
        ("int8", None),
        ("uint32", None),
        ("complex64", None),
    ],
)
def test_an_array_as_an_input(exchange: Exchange, dtype: str, kind: int | None) -> None:
    array = np.ones((2, 1, 3), dtype)
    write_input(exchange.given, "a", array)
    assert exchange.call("read_value", "a") == 0
    exchange.inputs.clear()
    done = exchange.call("set_array")
    if kind is None:
        assert (done, exchange.inputs) == (INVALID, [])
        assert exchange.message().endswith(f"wasi-nn has no type for {dtype}")
    else:
        assert (done, exchange.inputs) == (0, [(kind, (2, 1, 3), array.nbytes)])
    exchange.call("release")
