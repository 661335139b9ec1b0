"""What compilers make: the text of a guest becomes the same machine code."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from wasmtime import Engine, Module, wat2wasm

import wasinn_nb as wn
from wasinn_nb.guest.wat.printer import disassemble

_GUESTS = Path(__file__).parents[2] / "guests"
_SOURCES = sorted(path.name for path in _GUESTS.iterdir() if path.suffix in (".c", ".cpp", ".zig"))
# all but what says where in the binary an instruction was, and what depends on that
_COMPARED = {".text", ".eh_frame", ".wasmtime.traps", ".rodata.wasm", ".name.wasm", ".symtab"}


def native(engine: Engine, wasm: bytes) -> dict[str, bytes]:
    """The sections of the ELF file that a module is compiled to."""
    file = bytes(Module(engine, wasm).serialize())
    (table,) = struct.unpack_from("<Q", file, 0x28)
    size, count, names = struct.unpack_from("<HHH", file, 0x3A)
    headers = [struct.unpack_from("<IIQQQQ", file, table + n * size) for n in range(count)]
    found = {}
    for name, _, _, _, offset, length in headers:
        at = headers[names][4] + name
        key = file[at : file.index(b"\0", at)].decode()
        found[key] = file[offset : offset + length]
    return {key: found.get(key, b"") for key in _COMPARED}


@pytest.fixture(scope="module")
def engine():
    engine = Engine()
    yield engine
    engine.close()


@pytest.mark.parametrize("name", [*_SOURCES, "hello.c --debug", "exceptions.cpp --debug"])
def test_the_text_is_the_guest(engine, name):
    path = _GUESTS / name.split()[0]
    source = path.read_text(encoding="utf-8")
    guest = wn.build(source, path.suffix[1:], debug=name.endswith("--debug"))
    made = native(engine, bytes(wat2wasm(guest.wat)))
    expected = native(engine, guest.wasm)
    assert len(expected[".text"]) > 1000
    assert made == expected


def test_long_texts_end_between_functions():
    guest = wn.build((_GUESTS / "hello.c").read_text(encoding="utf-8"), "c")
    whole = guest.wat
    limit = whole.index("\n  (func $main ") + 100
    text, cut = disassemble(guest.wasm, source=guest.source, limit=limit)
    *kept, remark, end = text.splitlines()
    assert cut
    assert len(text) < limit + 100
    assert whole.startswith("\n".join(kept) + "\n  (func $main ")
    assert remark == "  ;; The text is cut here, it is too long. Guest.wat has all of it."
    assert end == ")"
    assert disassemble(guest.wasm, source=guest.source, limit=len(whole)) == (whole, False)
    assert disassemble(guest.wasm, limit=1).cut
