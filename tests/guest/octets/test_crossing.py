"""Bytes of ``wasi:nn`` as a guest sees them, where its component was rewritten and where not."""

from __future__ import annotations

import pytest
import wasmtime

from tests.guest.octets.components import (
    AREA,
    GOOD,
    HEAP,
    SIZE,
    SLOPPY,
    Caller,
    component,
)
from wasinn_nb.abi.wit import probe
from wasinn_nb.abi.wit.nn import SNAPSHOTS

U8 = 4
OPENVINO, CPU = 0, 0
ALL_BYTES = bytes(range(256))
KINDS = [b"", b"a", b"ascii", b"\x80", b"\xff" * 7, b"\0" * 8, ALL_BYTES, ALL_BYTES[:113]]


@pytest.fixture(params=["rewritten", "as it is"])
def rewrite(request):
    return request.param == "rewritten"


@pytest.fixture
def caller(shelf, rewrite):
    """Makes guests, of both kinds."""
    made = []

    def make(**changes):
        made.append(Caller(component(**changes), shelf, rewrite=rewrite))
        return made[-1]

    yield make
    for one in made:
        one.close()
    assert not shelf.open_leases


def made(guest, at, data, dims=(), dims_at=64):
    guest.put(at, data)
    guest.put_words(dims_at, *dims)
    return guest("new", dims_at, len(dims), U8, at, len(data))


@pytest.mark.parametrize("realloc", [GOOD, SLOPPY], ids=["good", "sloppy"])
@pytest.mark.parametrize("date", SNAPSHOTS)
def test_every_byte_arrives(caller, date, realloc):
    guest = caller(date=date, realloc=realloc)
    for data in KINDS:
        for at in (1024, 1027):
            tensor = made(guest, at, data)
            place, found = guest.data(tensor)
            assert found == data
            assert place >= HEAP
            assert guest.get(at, len(data)) == data
            guest("drop", tensor)


def test_the_values_are_those_of_the_guest(caller):
    guest = caller()
    tensor = made(guest, 2001, b"\x01\x02\xfe", dims=(3, 1, 7))
    found = guest.session._nn.tensors[1]
    assert (found.dims, bytes(found.data)) == ((3, 1, 7), b"\x01\x02\xfe")
    guest("drop", tensor)


def test_all_parts_of_a_model_arrive(caller, shelf):
    guest = caller()
    parts = [ALL_BYTES, b"", b"plain", ALL_BYTES[100:237]]
    at = 1001
    for number, part in enumerate(parts):
        guest.put(at, part)
        guest.put_words(64 + 8 * number, at, len(part))
        at += len(part) + 1
    for count in (0, 1, len(parts)):
        shelf.loads.clear()
        guest("load", 64, count, OPENVINO, CPU, AREA)
        assert shelf.loads[0][0] == tuple(parts[:count])
        guest.put(AREA + 1, b"\x55\x55\x55")
        failed, handle = guest("peek", AREA), guest("peek4", AREA + 4)
        assert failed == (count == 0)
        guest("drop-error" if failed else "drop-graph", handle)
    assert [guest("peek4", 64 + 8 * number + 4) for number in range(4)] == list(map(len, parts))


def test_what_is_beside_the_result_of_load_stays(caller):
    guest = caller()
    guest.put(AREA, b"\x55" * 12)
    guest("load", 64, 0, OPENVINO, CPU, AREA)
    assert guest.get(AREA, 4) == b"\x01\x55\x55\x55"
    assert guest.get(AREA + 8, 4) == b"\x55" * 4


@pytest.mark.parametrize(
    "args",
    [
        (0, 0, U8, SIZE - 3, 4),
        (0, 0, U8, SIZE + 1, 0),
        (0, 0, U8, 0xFFFFFFFF, 0xFFFFFFFF),
        (0, 0, U8, 0, 0xFFFFFFFF),
        (SIZE - 4, 2, U8, 0, 1),
        (0, 0xC0000000, U8, 0, 1),
        (2, 1, U8, 0, 1),
        (1, 0, U8, 0, 1),
        (0, 0, 7, 0, 1),
    ],
    ids=[
        "bytes over the end",
        "no bytes behind the end",
        "all of it",
        "4 GiB",
        "dims over the end",
        "too many dims",
        "dims not aligned",
        "no dims, not aligned",
        "no such type",
    ],
)
def test_a_tensor_of_what_is_not_there_traps(caller, args):
    guest = caller()
    with pytest.raises(wasmtime.WasmtimeError):
        guest("new", *args)


@pytest.mark.parametrize(
    "args",
    [
        (SIZE - 8, 2, OPENVINO, CPU, AREA),
        (0, 0x20000001, OPENVINO, CPU, AREA),
        (2, 1, OPENVINO, CPU, AREA),
        (512, 1, OPENVINO, CPU, AREA),
        (0, 1, OPENVINO, CPU, SIZE - 4),
        (0, 1, OPENVINO, CPU, AREA + 2),
        (0, 1, 9, CPU, AREA),
        (0, 1, OPENVINO, 9, AREA),
    ],
    ids=[
        "list over the end",
        "list of 4 GiB",
        "list not aligned",
        "part over the end",
        "result over the end",
        "result not aligned",
        "no such encoding",
        "no such target",
    ],
)
def test_a_model_of_what_is_not_there_traps(caller, args):
    guest = caller()
    guest.put_words(512, SIZE - 2, 3)
    with pytest.raises(wasmtime.WasmtimeError):
        guest("load", *args)


@pytest.mark.parametrize(
    ("realloc", "to"),
    [(f"(i32.const {SIZE - 3})", AREA), ("(i32.const -1)", AREA), ("(unreachable)", AREA),
     (GOOD, SIZE - 4), (GOOD, AREA + 1)],
    ids=["over the end", "nowhere", "trap", "result over the end", "result not aligned"],
)  # fmt: skip
def test_data_with_no_place_to_go_traps(caller, realloc, to):
    guest = caller(realloc=realloc)
    tensor = made(guest, 1024, b"abcd")
    with pytest.raises(wasmtime.WasmtimeError):
        guest("data", tensor, to)


def test_a_handle_that_is_none_traps(caller):
    guest = caller()
    with pytest.raises(wasmtime.WasmtimeError):
        guest("data", 77, AREA)


def test_the_package_s_way_understands_packed_bytes(shelf, monkeypatch):
    monkeypatch.setattr(probe, "raw_works", lambda: False)
    guest = Caller(component(), shelf)
    assert not guest.kept
    for data in KINDS:
        tensor = made(guest, 1025, data)
        assert guest.data(tensor)[1] == data
        guest("drop", tensor)
    guest.put_words(64, 1025, 113)
    guest("load", 64, 1, OPENVINO, CPU, AREA)
    assert shelf.loads[-1][0] == (ALL_BYTES[:113],)
    guest.close()


LOWERED_TWICE = """
  (core module $other (memory (export "memory") 1)
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 300)))
  (core instance $other (instantiate $other))
  (alias core export $other "memory" (core memory $memory2))
  (alias core export $other "realloc" (core func $realloc2))
  (core func $new2 (canon lower (func $new) (memory $memory2) (realloc $realloc2)))
  (core func $new (canon lower (func $new) (memory $memory)))
  (core func $data2 (canon lower (func $data) (memory $memory2) (realloc $realloc2)))
  (core func $data (canon lower (func $data) (memory $memory) (realloc $realloc)))
  (core func $load (canon lower (func $load) (memory $memory)))
  (core func $drop (canon resource.drop $tensor))
  (core func $drop_graph (canon resource.drop $graph))
  (core func $drop_error (canon resource.drop $error))
  (core module $user
    (import "lib" "memory" (memory 1))
    (import "lib" "realloc" (func $realloc (param i32 i32 i32 i32) (result i32)))
    (import "api" "new" (func $new (param i32 i32 i32 i32 i32) (result i32)))
    (import "api" "data" (func $data (param i32 i32)))
    (data (i32.const 101) "\\c3other\\ff")
    (func (export "sum") (result i32) (local $at i32) (local $end i32) (local $sum i32)
      (call $data
        (call $new (i32.const 0) (i32.const 0) (i32.const 4) (i32.const 101) (i32.const 7))
        (i32.const 32))
      (local.set $at (i32.load (i32.const 32)))
      (local.set $end (i32.add (local.get $at) (i32.load (i32.const 36))))
      (loop $again
        (local.set $sum (i32.add (local.get $sum) (i32.load8_u (local.get $at))))
        (br_if $again
          (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 1))) (local.get $end))))
      (local.get $sum)))
  (core instance $user (instantiate $user (with "lib" (instance $other))
    (with "api" (instance (export "new" (func $new2)) (export "data" (func $data2))))))
"""


def test_several_modules_have_their_own_memories(caller):
    guest = caller(
        lowered=LOWERED_TWICE,
        extra='(func (export "sum") (result u32) (canon lift (core func $user "sum")))',
    )
    tensor = made(guest, 1025, b"mine \x99")
    assert guest("sum") == sum(b"\xc3other\xff")
    assert guest.data(tensor)[1] == b"mine \x99"


WITHIN = """
  (core func $new (canon lower (func $new) (memory $memory)))
  (core module $asks (import "api" "new" (func $new (param i32 i32 i32 i32 i32) (result i32)))
    (func (export "realloc") (param i32 i32 i32 i32) (result i32)
      (call $new (i32.const 0) (i32.const 0) (i32.const 4) (i32.const 0) (i32.const 0))))
  (core instance $asks (instantiate $asks (with "api" (instance (export "new" (func $new))))))
  (alias core export $asks "realloc" (core func $asking))
  (core func $data (canon lower (func $data) (memory $memory) (realloc $asking)))
  (core func $load (canon lower (func $load) (memory $memory)))
  (core func $drop (canon resource.drop $tensor))
  (core func $drop_graph (canon resource.drop $graph))
  (core func $drop_error (canon resource.drop $error))
"""


def test_who_is_asked_for_memory_may_not_call(caller):
    guest = caller(lowered=WITHIN)
    tensor = made(guest, 1024, b"abcd")
    with pytest.raises(wasmtime.WasmtimeError):
        guest("data", tensor, AREA)


def test_megabytes_arrive(shelf):
    guest = Caller(component(), shelf)
    size = SIZE - HEAP - 4096
    tensor = guest("new", 0, 0, U8, 4096, size)
    guest("poke", 4096 + size - 1, 200)
    other = guest("new", 0, 0, U8, 4096, size)
    found = [bytes(guest.session._nn.tensors[number].data) for number in (1, 2)]
    assert found == [bytes(size), bytes(size - 1) + b"\xc8"]
    guest("drop", tensor)
    guest("drop", other)
    guest.close()
