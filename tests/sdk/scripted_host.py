"""A wasi-nn host that follows a script, to see what the SDK sends and how it takes any answer.

Published hosts disagree about small output buffers and about who renders a chat template; each of
their ways is a line of a :class:`Script`, so a guest can be run against all of them.
"""

from __future__ import annotations

import json
import struct
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import wasmtime

from tests.support.core_abi import ARITY, MODULE

STANDARD = {
    "load",
    "load_by_name",
    "init_execution_context",
    "set_input",
    "compute",
    "get_output",
}


@dataclass
class Script:
    """What the host answers.

    Attributes:
        pieces: the tokens of every answer; one text per turn if there is more than one list.
        ending: errno after the last piece (100), or together with it (101).
        small_buffer: what happens when an output does not fit.
        metadata: added to the metadata output.
        prompt_limit: longer prompts are too long (102), found out by compute.
        input_limit: longer inputs are refused by set_input (1).
        embedding: what compute answers for an embedding model.
        outputs: what get_output answers, by index, in place of a language model's.
    """

    pieces: list[list[bytes]] = field(default_factory=lambda: [[b"Hello", b" there"]])
    ending: Literal[100, 101] = 100
    small_buffer: Literal["cut", "refuse", "refuse silently"] = "cut"
    metadata: dict[str, Any] = field(default_factory=dict)
    prompt_limit: int = 1 << 30
    input_limit: int = 1 << 30
    embedding: list[float] | None = None
    outputs: dict[int, bytes] = field(default_factory=dict)


@dataclass
class Ran:
    """What a guest did: its output, and the calls that the host saw."""

    stdout: str
    stderr: str
    trap: str | None
    calls: list[tuple[str, Any]]

    def named(self, name: str) -> list[Any]:
        return [what for called, what in self.calls if called == name]

    @property
    def prompts(self) -> list[str]:
        return [data.decode() for index, data in self.named("set_input") if index == 0]

    @property
    def settings(self) -> list[dict[str, Any]]:
        return [json.loads(data) for index, data in self.named("set_input") if index == 1]


class ScriptedHost:
    def __init__(self, script: Script) -> None:
        self.script = script
        self.calls: list[tuple[str, Any]] = []
        self.turn = -1
        self.position = 0
        self.output = b""
        self.piece = b""
        self.prompt = b""

    # What the functions of the ABI do; each gets the guest's memory and its parameters.

    def load(self, memory: Memory, parts: int, count: int, *rest: int) -> int:
        encoding, target, out = rest
        records = [struct.unpack("<II", memory.read(parts + 8 * i, 8)) for i in range(count)]
        data = [memory.read(*record) for record in records]
        self.calls.append(("load", (data, encoding, target)))
        return memory.store(out, 7)

    def load_by_name(self, memory: Memory, name: int, size: int, out: int) -> int:
        self.calls.append(("load_by_name", memory.read(name, size)))
        return 8 if memory.read(name, size) == b"missing" else memory.store(out, 7)

    def load_by_name_with_config(self, memory: Memory, *args: int) -> int:
        name, size, config, config_size, out = args
        given = (memory.read(name, size), memory.read(config, config_size))
        self.calls.append(("load_by_name_with_config", given))
        return memory.store(out, 7)

    def init_execution_context(self, memory: Memory, graph: int, out: int) -> int:
        self.calls.append(("init_execution_context", graph))
        return memory.store(out, 3)

    def set_input(self, memory: Memory, context: int, index: int, record: int) -> int:
        raw = memory.read(record, 20)
        dims, rank, kind, data, size = struct.unpack("<5I", raw)
        assert struct.unpack(f"<{rank}I", memory.read(dims, 4 * rank)) is not None
        given = memory.read(data, size)
        self.calls.append(("tensor", (context, memory.words(dims, rank), kind, given)))
        self.calls.append(("set_input", (index, given)))
        if size > self.script.input_limit:
            return 1
        if index == 0:
            self.prompt = given
            self.position, self.output, self.piece = 0, b"", b""
            self.turn += 1
        return 0

    @property
    def pieces(self) -> list[bytes]:
        return self.script.pieces[min(self.turn, len(self.script.pieces) - 1)]

    def compute(self, memory: Memory, context: int) -> int:
        self.calls.append(("compute", context))
        if len(self.prompt) > self.script.prompt_limit:
            return 102
        if self.script.embedding is not None:
            numbers = ",".join(f"{x:.10g}" for x in self.script.embedding)
            count = len(self.script.embedding)
            self.output = b'{"n_embedding": %d, "embedding": [%s]}' % (count, numbers.encode())
            return 0
        self.output = b"".join(self.pieces)
        self.position = len(self.pieces)
        return 101 if self.script.ending == 101 else 0

    def compute_single(self, memory: Memory, context: int) -> int:
        self.calls.append(("compute_single", context))
        if len(self.prompt) > self.script.prompt_limit:
            return 102
        if self.position == len(self.pieces):
            self.piece = b"</s>"
            return 100
        self.piece = self.pieces[self.position]
        self.output += self.piece
        self.position += 1
        last = self.position == len(self.pieces)
        return 101 if last and self.script.ending == 101 else 0

    def get_output(self, memory: Memory, context: int, index: int, *rest: int) -> int:
        if self.script.outputs:
            output = self.script.outputs.get(index)
            return 1 if output is None else self.put(memory, output, *rest)
        figures = {"input_tokens": 7, "output_tokens": self.position} | self.script.metadata
        return self.put(memory, json.dumps(figures).encode() if index == 1 else self.output, *rest)

    def get_output_single(self, memory: Memory, context: int, index: int, *rest: int) -> int:
        return self.put(memory, self.piece, *rest)

    def fini_single(self, memory: Memory, context: int) -> int:
        self.calls.append(("fini_single", context))
        return 0

    def unload(self, memory: Memory, graph: int) -> int:
        self.calls.append(("unload", graph))
        return 0

    def finalize_execution_context(self, memory: Memory, context: int) -> int:
        self.calls.append(("finalize_execution_context", context))
        return 0

    def put(self, memory: Memory, data: bytes, buffer: int, room: int, written: int) -> int:
        if len(data) > room and self.script.small_buffer != "cut":
            if self.script.small_buffer == "refuse":
                memory.store(written, len(data))
            return 7
        memory.write(buffer, data[:room])
        return memory.store(written, len(data))


class Memory:
    """The guest's linear memory during one call; anything outside it is an error of the test."""

    def __init__(self, caller: wasmtime.Caller) -> None:
        self.caller = caller
        memory = caller["memory"]
        assert isinstance(memory, wasmtime.Memory)
        self.memory = memory

    def read(self, start: int, size: int) -> bytes:
        start &= 0xFFFFFFFF
        return bytes(self.memory.read(self.caller, start, start + size))

    def words(self, start: int, count: int) -> tuple[int, ...]:
        return struct.unpack(f"<{count}I", self.read(start, 4 * count))

    def write(self, start: int, data: bytes) -> None:
        self.memory.write(self.caller, data, start & 0xFFFFFFFF)

    def store(self, at: int, value: int) -> int:
        self.write(at, struct.pack("<I", value))
        return 0


@lru_cache(maxsize=8)
def _module(engine: wasmtime.Engine, wasm: Path) -> wasmtime.Module:
    """A module as code; the tests of one guest come one after the other."""
    return wasmtime.Module.from_file(engine, str(wasm))


def imports(engine: wasmtime.Engine, wasm: Path) -> dict[str, wasmtime.FuncType]:
    """The wasi-nn functions that a module imports."""
    found = _module(engine, wasm).imports
    functions = {str(one.name): one.type for one in found if one.module == MODULE}
    assert all(isinstance(one, wasmtime.FuncType) for one in functions.values())
    return functions  # type: ignore[return-value]


def run(
    engine: wasmtime.Engine,
    wasm: Path,
    script: Script | None = None,
    args: Iterable[str] = (),
    env: dict[str, str] | None = None,
    folders: Iterable[Path] = (),
) -> Ran:
    """Run a command module against the script; it sees the folders by their last names."""
    host = ScriptedHost(script or Script())
    linker = wasmtime.Linker(engine)
    linker.define_wasi()
    for name, count in ARITY.items():
        kind = wasmtime.FuncType([wasmtime.ValType.i32()] * count, [wasmtime.ValType.i32()])
        linker.define_func(MODULE, name, kind, _entry(getattr(host, name)), access_caller=True)
    store = wasmtime.Store(engine)
    trap = None
    with tempfile.TemporaryDirectory() as folder:
        wasi = wasmtime.WasiConfig()
        wasi.argv = ["guest", *args]
        wasi.env = list((env or {}).items())
        for path in folders:
            wasi.preopen_dir(str(path), f"/{path.name}")
        wasi.stdout_file = out = str(Path(folder, "out"))
        wasi.stderr_file = err = str(Path(folder, "err"))
        store.set_wasi(wasi)
        start = linker.instantiate(store, _module(engine, wasm)).exports(store)["_start"]
        assert isinstance(start, wasmtime.Func)
        try:
            start(store)
        except wasmtime.ExitTrap as ended:
            trap = f"exit {ended.code}" if ended.code else None
        except wasmtime.Trap as ended:
            trap = ended.message
        return Ran(Path(out).read_text(), Path(err).read_text(), trap, host.calls)


def _entry(function: Callable[..., int]) -> Callable[..., int]:
    return lambda caller, *args: function(Memory(caller), *(arg & 0xFFFFFFFF for arg in args))
