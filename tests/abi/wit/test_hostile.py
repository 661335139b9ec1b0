"""Components that declare our functions as they are not, or mean no good."""

from __future__ import annotations

import pytest
import wasmtime
from wasmtime import component as package

from tests.abi.wit.component import Guest, component
from tests.abi.wit.wit import Interface as WitInterface
from wasinn_nb.abi.wit import codec, linker
from wasinn_nb.abi.wit.linker import Calls, Function, Interface
from wasinn_nb.abi.wit.resources import Crossing, Handle, Table

NAME = "test:hostile/api@1.0.0"
VALUES = {
    ("u8",): 1,
    ("u32",): 1,
    ("u64",): 2**63,
    ("f32",): 1.5,
    ("bool",): True,
    ("string",): "text",
    ("list", ("u8",)): b"bytes",
    ("list", ("u64",)): [2**63] * 100,
    ("list", ("u32",)): [],
    ("tuple", ("u64",), ("u64",)): (1, 2),
    ("option", ("u64",)): 5,
    ("result",): package.Variant("ok"),
}
CODECS = {
    "scalar": codec.U32,
    "string": codec.String(),
    "enum": codec.Enum(("one", "two")),
    "bytes": codec.Bytes(),
    "floats": codec.Floats(),
    "list": codec.List(codec.String()),
    "tuple": codec.Tuple(codec.U32),
    "record": codec.Record({"a": codec.U32}),
    "option": codec.Option(codec.String()),
    "result": codec.Result(codec.String(), None),
    "variant": codec.Variant({"a": None, "b": codec.String()}),
}


class Session(Calls):
    def __init__(self, functions, resources=None):
        super().__init__(Crossing())
        self.functions = functions
        self.resources = resources or {}

    def define(self, into):
        interface = Interface(self.resources, self.functions)
        return linker.define_raw(into, {NAME: interface}, self)

    def close(self):
        pass


def guest_of(session, params, result=None, types=None):
    interface = WitInterface(NAME, types=types or {})
    interface.functions["take"] = ([(f"p{n}", kind) for n, kind in enumerate(params)], result)
    return Guest(session, interface)


FITTING = {
    "scalar": [("u32",)],
    "string": [("string",)],
    "bytes": [("list", ("u8",)), ("list", ("u32",))],
    "floats": [("list", ("u32",))],
    "list": [("list", ("u32",))],
}
"""Kinds of values that are what a function takes: an empty list is one of anything."""


@pytest.mark.parametrize("name", CODECS)
def test_a_value_of_another_type_is_noticed_before_it_is_believed(name):
    seen = []
    session = Session({"take": Function((CODECS[name],), None, seen.append)})
    for kind, value in VALUES.items():
        guest = guest_of(session, [kind])
        if kind in FITTING.get(name, ()):
            guest("take", value)
            taken = seen.pop()
            assert len(taken) == 0 if value == [] else taken == value
        else:
            with pytest.raises(wasmtime.WasmtimeError, match="declares the function with another"):
                guest("take", value)
        guest.close()
    assert not seen


@pytest.mark.parametrize(
    ("declared", "given"),
    [(("enum", ["three"]), "three"), (("variant", [("c", None)]), None),
     (("record", [("b", ("u32",))]), None)],
    ids=["enum", "variant", "record"],
)  # fmt: skip
def test_names_that_nobody_knows_are_noticed(declared, given):

    values = {
        "enum": given,
        "variant": package.Variant("c"),
        "record": package.Record(),
    }
    values["record"].b = 3
    seen = []
    session = Session({"take": Function((CODECS[declared[0]],), None, seen.append)})
    guest = guest_of(session, [("named", "t")], types={"t": declared})
    value = None if declared[0] == "variant" else values[declared[0]]
    with pytest.raises(wasmtime.WasmtimeError, match="another type"):
        guest("take", value)
    assert not seen
    guest.close()


@pytest.mark.parametrize(("params", "result"), [([], None), ([("u32",)] * 2, None),
                                                ([("u32",)], ("u32",))])  # fmt: skip
def test_another_number_of_values_is_noticed(params, result):
    seen = []
    session = Session({"take": Function((codec.U32,), None, seen.append)})
    guest = guest_of(session, params, result)
    with pytest.raises(wasmtime.WasmtimeError, match="another type"):
        guest("take", *[1] * len(params))
    assert not seen
    guest.close()


def test_a_result_that_the_guest_declares_otherwise_is_a_trap():
    session = Session({"take": Function((), codec.String(), lambda: "text")})
    guest = guest_of(session, [], ("u32",))
    with pytest.raises(wasmtime.WasmtimeError):
        guest("take")
    guest.close()


@pytest.mark.parametrize("own", [True, False])
def test_a_handle_of_another_resource_is_noticed(own):
    crossing = Crossing()
    one, other = Table(1, "cup", limit=9), Table(2, "plate", limit=9)
    seen = []
    session = Session(
        {
            "make": Function((), Handle(one, crossing, own=True), lambda: "cup"),
            "take": Function((Handle(other, crossing, own=own),), None, seen.append),
        },
        {"cup": one, "plate": other},
    )
    session.crossing = crossing
    interface = WitInterface(NAME, types={"cup": ("resource",), "plate": ("resource",)})
    interface.functions["make"] = ([], ("named", "cup"))
    interface.functions["take"] = ([("p", ("named", "cup") if own else ("borrow", "cup"))], None)
    guest = Guest(session, interface)
    other.add("plate")
    with pytest.raises(wasmtime.WasmtimeError, match="handle of another kind than a plate"):
        guest("take", guest("make"))
    assert (len(other), seen) == (1, [])
    guest.close()


def test_what_a_function_raises_ends_the_guest_where_it_cannot_be_told():
    session = Session({"take": Function((), None, lambda: 1 / 0)})
    guest = guest_of(session, [])
    with pytest.raises(wasmtime.WasmtimeError, match="take: division by zero"):
        guest("take")
    guest.close()


def test_a_list_beyond_what_a_call_may_copy_is_refused_by_wasmtime():
    seen = []
    session = Session(
        {"take": Function((codec.Bytes(),), None, lambda data: seen.append(len(data)))}
    )
    interface = WitInterface(NAME)
    interface.functions["take"] = ([("data", ("list", ("u8",)))], None)

    wasm = component(
        [interface],
        """(func (export "run") (param i32)
             (drop (call $realloc (i32.const 0) (i32.const 0) (i32.const 1) (local.get 0)))
             (call $take (i32.const 0) (local.get 0)))""",
        '(func (export "run") (param "size" u32) (canon lift (core func $main "run")))',
    )

    engine = wasmtime.Engine()
    into = package.Linker(engine)
    kept = session.define(into)
    with wasmtime.Store(engine) as store:
        native = package.Component(engine, wasm)
        run = into.instantiate(store, native).get_func(store, "run")
        run(store, 1_000_000)
        run.post_return(store)
        with pytest.raises(wasmtime.WasmtimeError, match="too much data"):
            run(store, 1 << 30)
    assert seen == [1_000_000]
    assert kept
