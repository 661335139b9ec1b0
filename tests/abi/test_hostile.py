"""Arbitrary values and orders of calls, through a real guest, at full speed.

A guest with two memories runs scripts of calls: the script lies in a memory that the host does not
know of, so whatever is written there was written outside of the guest's (exported) memory.
"""

from __future__ import annotations

import random
import struct

import pytest
import wasmtime

from tests.abi.caller import PAGE, Guest
from tests.abi.models import Shelf
from wasinn_nb.abi.core.dialect import DIALECTS
from wasinn_nb.abi.core.errno import ERRNO
from wasinn_nb.abi.core.functions import ARITY, MODULE
from wasinn_nb.guest.engine import Engine

RECORD = struct.Struct("<6Ii4x")  # function, arguments, result
BATCH = 500
MAX_PAGES = 6
KNOWN = {0, *ERRNO.values()}
UNANSWERED = -77

NAMES = [b"llm", b"net", b"gone", b"nobody", "née".encode(), b"\xff\xfe", b""]
CONFIGS = [b"{}", b'{"ctx-size": 5}', b'{"temp": -1, "x": 1}', b"[1", b'{"ctx-size": null}', b""]
HEADS = [b"GGUF\3\0\0\0", b"<net/>", b"....TFL3", b"preload:/etc/passwd", b"", b"\0" * 40]


def driver(names):
    imports, cases = [], ["memory.grow (local.get $a0)"]
    for name in names:
        params = " ".join(["i32"] * ARITY[name])
        imports.append(f'(import "{MODULE}" "{name}" (func ${name} (param {params}) (result i32)))')
        cases.append(f"call ${name} " + " ".join(f"(local.get $a{n})" for n in range(ARITY[name])))
    labels = " ".join(f"$c{n}" for n in range(len(cases)))
    blocks = "".join(f"(block $c{n} " for n in reversed(range(len(cases))))
    arms = "".join(f") (local.set $r ({case})) (br $done)" for case in cases)
    loads = "".join(
        f"(local.set $a{n} (i32.load $script offset={4 + 4 * n} (local.get $at)))" for n in range(5)
    )
    return bytes(
        wasmtime.wat2wasm(f"""(module {" ".join(imports)}
          (memory $main (export "memory") 2 {MAX_PAGES})
          (memory $script (export "script") 2)
          (func (export "run") (param $at i32) (param $end i32)
            (local $a0 i32) (local $a1 i32) (local $a2 i32) (local $a3 i32) (local $a4 i32)
            (local $r i32)
            (loop $next
              {loads}
              (block $done {blocks} (br_table {labels} (i32.load $script (local.get $at))) {arms} )
              (i32.store $script offset=24 (local.get $at) (local.get $r))
              (local.set $at (i32.add (local.get $at) (i32.const {RECORD.size})))
              (br_if $next (i32.lt_u (local.get $at) (local.get $end))))))""")
    )


class Hostile:
    """One guest and the chance that drives it."""

    def __init__(self, compat, seed, engine):
        self.random = random.Random(seed)
        self.names = list(DIALECTS[compat].functions or ARITY)
        self.guest = Guest(compat, engine=engine, shelf=Shelf(), wasm=driver(self.names))
        self.script = self.guest.exports["script"]
        self.results = set()
        self.done = 0

    def furnish(self):
        """Put things that make sense where pointers are likely to point."""
        rng, guest = self.random, self.guest
        guest.write(0, rng.randbytes(256))
        for n in range(8):
            guest.write(256 + 64 * n, rng.choice(NAMES).ljust(64, b"\0"))
            guest.write(1024 + 64 * n, rng.choice(CONFIGS).ljust(64, b"\0"))
            guest.write(2048 + 64 * n, rng.choice(HEADS).ljust(64, b"\0"))
            guest.put_u32(
                3072 + 8 * n, rng.choice([2048, 2112, self.pointer()]), rng.choice([8, 64])
            )
            length = rng.choice([0, 1, 1, 4, 15, 60])
            guest.put_u32(
                4096 + 32 * n, 5000, rng.choice([0, 1, 1, 65]), rng.choice([0, 1, 2, 3, 7])
            )
            guest.put_u32(4108 + 32 * n, rng.choice([1024 + 64 * n, 2048, self.pointer()]), length)
            guest.put_u32(5000, rng.choice([length, 0, 0xFFFFFFFF]))

    def pointer(self):
        rng, size = self.random, self.guest.size
        return rng.choice(
            [
                0,
                1,
                16,
                rng.randrange(8) * 64 + rng.choice([256, 1024, 2048]),
                3072,
                4096 + 32 * rng.randrange(8),
                8192,
                size + rng.randrange(-20, 20),
                size + PAGE - 4,
                rng.randrange(size),
                rng.getrandbits(32),
                0xFFFFFFFF,
            ]
        )

    def length(self):
        rng = self.random
        return rng.choice(
            [0, 1, 3, 4, 8, 64, 100, self.guest.size, rng.getrandbits(32), 0xFFFFFFFF]
        )

    def handle(self, handles):
        """Mostly one that was alive when the batch began, else a dead or future one."""
        rng, newest = self.random, handles._next
        if handles and rng.random() < 0.7:
            return rng.choice(list(handles)[-8:])
        return rng.choice([0, newest, newest + rng.randrange(-9, 9), rng.getrandbits(32)])

    def arguments(self, name):
        rng, functions = self.random, self.guest.session.functions
        graph = lambda: self.handle(functions.graphs)  # noqa: E731
        context = lambda: self.handle(functions.contexts)  # noqa: E731
        if rng.random() < 0.1:
            return [rng.getrandbits(32) for _ in range(5)]
        text = 256 + 64 * rng.randrange(8), rng.choice([0, 2, 3, 3, 4, 6])
        config = 1024 + 64 * rng.randrange(8), rng.choice([0, 2, 15, 20])
        record = 4096 + 32 * rng.randrange(8)
        index = rng.choice([0, 0, 0, 1, 2, 9, rng.getrandbits(32)])
        out = rng.choice([16, 20, 24, self.pointer()])
        kinds = rng.choice([0, 5, 6, 6, 9, rng.getrandbits(32)])
        choices = {
            "load": [3072 + 8 * rng.randrange(8), rng.randrange(4), kinds, rng.randrange(5), out],
            "load_by_name": [*text, out],
            "load_by_name_with_config": [*text, *config, out],
            "init_execution_context": [graph(), out],
            "set_input": [context(), index, rng.choice([record, record, self.pointer()])],
            "get_output": [context(), index, self.pointer(), self.length(), out],
            "get_output_single": [context(), index, self.pointer(), self.length(), out],
            "unload": [graph()],
        }
        chosen = choices.get(name, [context()])
        for n in range(len(chosen)):
            if rng.random() < 0.05:
                chosen[n] = rng.choice([self.pointer(), self.length()])
        return chosen

    def batch(self, count=BATCH):
        """Run ``count`` calls; the script must come back as it was, with its results."""
        self.furnish()
        rng = self.random
        ends = {"unload", "finalize_execution_context"}
        weights = [1, *(2 if name in ends else 8 for name in self.names)]
        calls = []
        for which in rng.choices(range(len(weights)), weights, k=count):
            values = self.arguments(self.names[which - 1]) if which else [1]
            calls.append((which, *[v & 0xFFFFFFFF for v in values], *[0] * (5 - len(values))))
        data = b"".join(RECORD.pack(*call, UNANSWERED) for call in calls)
        store, script = self.guest.store, self.script
        script.write(store, bytearray(data), 0)
        at = 0
        while at < len(data):
            try:
                self.guest.run(at, len(data))
                at = len(data)
            except (wasmtime.Trap, wasmtime.WasmtimeError):
                assert self.guest.session.dialect.undecodable_traps
                answered = bytes(script.read(store, at, len(data)))
                while RECORD.unpack_from(answered)[6] != UNANSWERED:
                    answered = answered[RECORD.size :]
                at = len(data) - len(answered) + RECORD.size
        after = bytes(script.read(store, 0, script.data_len(store)))
        assert not any(after[len(data) :])
        for call, record in zip(calls, RECORD.iter_unpack(after[: len(data)]), strict=True):
            assert record[:6] == call
            if call[0]:
                self.results.add(record[6])
        self.done += count

    def check(self):
        shelf, functions = self.guest.shelf, self.guest.session.functions
        assert not shelf.bugs, shelf.bugs[0]
        assert self.results <= KNOWN | {UNANSWERED}
        # what is open is what a live handle stands for, and nothing else
        assert shelf.open_leases == {entry.lease for entry in functions.graphs.values()}
        assert shelf.open_contexts <= {entry.context for entry in functions.contexts.values()}
        shelf.failures.clear()
        shelf.recorded.clear()
        shelf.loads.clear()
        shelf.read.clear()


@pytest.mark.parametrize(
    ("compat", "calls"),
    [("auto", 100_000), ("strict", 50_000), ("wasmedge", 40_000), ("wasmtime", 10_000)],
)
def test_arbitrary_calls(compat, calls):
    hostile = Hostile(compat, seed=compat, engine=Engine())
    while hostile.done < calls:
        hostile.batch()
        hostile.check()
    reached = {0, 5, 6, 7} if compat == "wasmtime" else {0, 1, 2, 7, 8, 100, 102, 103}
    assert reached <= hostile.results


def test_only_what_a_call_may_write_is_written():
    """Call by call: memory changes in the out value and in the buffer, nowhere else."""
    hostile = Hostile("auto", seed=7, engine=Engine())
    guest = hostile.guest
    for _ in range(40):
        hostile.batch(50)
        for _ in range(25):
            name = hostile.random.choice(hostile.names)
            values = [v & 0xFFFFFFFF for v in hostile.arguments(name)]
            which = hostile.names.index(name) + 1
            record = RECORD.pack(which, *values, *[0] * (5 - len(values)), UNANSWERED)
            hostile.script.write(guest.store, bytearray(record), 0)
            before = guest.read(0, guest.size)
            guest.run(0, len(record))
            after = guest.read(0, guest.size)
            allowed = writable(name, values)
            if before != after:
                changed = [i for i in range(len(after)) if before[i] != after[i]]
                assert all(any(i in span for span in allowed) for i in changed), (name, values)
    hostile.check()


def writable(name, values):
    values = values[: ARITY[name]]
    if name.startswith("get_output"):
        _, _, buffer, size, written = values
        return [range(written, written + 4), range(buffer, buffer + (size or 245_888))]
    if name.startswith("load") or name == "init_execution_context":
        return [range(values[-1], values[-1] + 4)]
    return []
