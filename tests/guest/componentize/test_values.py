"""Values of every shape cross a component that was made from a core module, both ways."""

from __future__ import annotations

from typing import Any

import pytest
from wasmtime.component import Record, Variant

from tests.guest.componentize.cores import MEMORY, importing, instance, module, packages, signature
from wasinn_nb.guest.componentize import abi, componentize

_TYPES = """
  record point { x: f32, y: f32 }
  record person { name: string, age: u8, at: option<point> }
  record wide { a: u64, b: u64, c: u64, d: u64, e: u64, f: u64, g: u64, h: u64, i: u64,
                j: u64, k: u64, l: u64, m: u64, n: u64, o: u64, p: u64, q: string }
  enum color { red, green, blue }
  flags permissions { read, write, execute }
  variant shape { dot(point), text(string), nothing, big(u64), real(f64) }
  type many = list<person>;
"""


def record(**fields: Any) -> Record:
    made = Record()
    for name, value in fields.items():
        setattr(made, name, value)
    return made


def shown(value: Any) -> Any:
    """A value that can be compared."""
    if isinstance(value, Record):
        return {name: shown(one) for name, one in vars(value).items()}
    if isinstance(value, Variant):
        return (value.tag, shown(value.payload))
    if isinstance(value, (list, tuple)):
        return [shown(one) for one in value]
    return value


_PERSON = record(name="Ada Þ", age=36, at=record(x=1.5, y=-2.0))

# a case is told by its payload where the payloads are of different kinds
SHAPES = {
    "bool": True,
    "u8": 255,
    "s8": -128,
    "u16": 65535,
    "s16": -32768,
    "u32": 2**32 - 1,
    "s32": -(2**31),
    "u64": 2**64 - 1,
    "s64": -(2**63),
    "f32": 0.5,
    "f64": 0.1,
    "char": "é",
    "string": "text, Ünïcode 🎉",
    "list<u8>": b"\x00\x01\xff",
    "list<f32>": [0.5, -1.0],
    "list<string>": ["a", "", "c"],
    "list<list<u16>>": [[1], [], [2, 3]],
    "option<u32>": 7,
    "option<string>": "some",
    "result<u8, string>": "why",
    "result<_, u64>": 2**40,
    "result": Variant("ok"),
    "tuple<u8, string, f64>": (1, "two", 3.0),
    "tuple<tuple<u8, u8>, list<tuple<u32, f32>>>": ((1, 2), [(3, 4.0)]),
    "point": record(x=1.0, y=2.0),
    "person": _PERSON,
    "many": [_PERSON, record(name="", age=0, at=None)],
    "wide": record(**{one: ord(one) for one in "abcdefghijklmnop"}, q="spilled"),
    "color": "green",
    "permissions": {"read", "execute"},
    "shape": "hi",
    "list<shape>": [record(x=0.0, y=1.0), None, 2.5],
    "option<shape>": Variant("some", 2**50),
}


@pytest.mark.parametrize("type_", SHAPES)
def test_a_value_comes_back(type_):
    found = packages(f"""
        interface host {{
          {_TYPES}
          take: func(x: {type_});
          give: func() -> {type_};
        }}
        interface guest {{
          use host.{{point, person, wide, color, permissions, shape, many}};
          put: func(x: {type_});
          fetch: func() -> {type_};
        }}
        world w {{ import host; export guest; }}
    """)
    host, guest = found.interface("t:t/host"), found.interface("t:t/guest")
    assert host
    assert guest
    take, give = host.functions.values()
    put, fetch = (abi.exported(one).type for one in guest.functions.values())
    forwarded = " ".join(f"(local.get {at})" for at in range(len(put.params)))
    spilled = bool(abi.imported(give).type.params)
    fetched = "(call $give (i32.const 64)) (i32.const 64)" if spilled else "(call $give)"
    core = module(
        importing("t:t/host", take, "$take"),
        importing("t:t/host", give, "$give"),
        MEMORY,
        f'(func (export "t:t/guest#put") {signature(put)} (call $take {forwarded}))',
        f'(func (export "t:t/guest#fetch") {signature(fetch)} {fetched})',
    )
    seen: list[Any] = []
    value = SHAPES[type_]
    functions = {
        "take": lambda _store, one: seen.append(one),
        "give": lambda _store: value,
    }
    running = instance(componentize(core, found, found.world("t:t/w")), {"t:t/host": functions})
    running.call("t:t/guest", "put", args=(value,))
    assert shown(seen) == shown([value])
    assert shown(running.call("t:t/guest", "fetch")) == shown(value)
