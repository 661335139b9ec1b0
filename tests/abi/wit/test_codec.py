"""Values cross unharmed, both ways, as the package's own conversion sees them."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.abi.wit.component import Guest
from tests.abi.wit.wit import Interface as WitInterface
from wasinn_nb.abi.wit import checked, codec, linker
from wasinn_nb.abi.wit.codec import Case, Err
from wasinn_nb.abi.wit.linker import Calls, Function, Interface
from wasinn_nb.abi.wit.resources import Crossing

NAME = "test:codec/api@1.0.0"

NUMBERS = {
    "u8": (codec.U8, st.integers(0, 255)),
    "u32": (codec.U32, st.integers(0, 2**32 - 1)),
    "s32": (codec.S32, st.integers(-(2**31), 2**31 - 1)),
    "u64": (codec.U64, st.integers(0, 2**64 - 1)),
    "f32": (codec.F32, st.floats(width=32, allow_nan=False)),
    "f64": (codec.F64, st.floats(allow_nan=False)),
}
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


class Kind:
    """A type: as WIT, as a codec, and its values."""

    def __init__(self, wit, codec, values):
        self.wit, self.codec, self.values = wit, codec, values


def leaf():
    numbers = [Kind((word,), made, values) for word, (made, values) in NUMBERS.items()]
    return st.sampled_from(
        [
            *numbers,
            Kind(("string",), codec.String(), TEXT),
            Kind(("list", ("u8",)), codec.Bytes(), st.binary(max_size=200)),
            Kind(("enum", ["one", "two-ways", "x3"]), codec.Enum(("one", "two-ways", "x3")),
                 st.sampled_from(["one", "two-ways", "x3"])),
        ]
    )  # fmt: skip


def nullable(kind):
    return kind.wit[0] in ("option", "result")


def grown(kinds):
    # none of an option in an option has no value of its own in Python
    solid = kinds.filter(lambda kind: not nullable(kind))
    named = st.lists(kinds, min_size=1, max_size=4)
    return st.one_of(
        kinds.filter(lambda kind: kind.wit != ("u8",)).map(list_of),
        solid.map(option_of),
        named.map(tuple_of),
        named.map(record_of),
        st.lists(st.none() | solid, min_size=1, max_size=4).map(variant_of),
        st.tuples(st.none() | solid, st.none() | solid).map(result_of),
    )


def list_of(kind):
    return Kind(("list", kind.wit), codec.List(kind.codec), st.lists(kind.values, max_size=4))


def option_of(kind):
    return Kind(("option", kind.wit), codec.Option(kind.codec), st.none() | kind.values)


def tuple_of(kinds):
    parts = [kind.codec for kind in kinds]
    values = st.tuples(*(kind.values for kind in kinds))
    return Kind(("tuple", *(kind.wit for kind in kinds)), codec.Tuple(*parts), values)


def record_of(kinds):
    fields = {f"field-{n}": kind for n, kind in enumerate(kinds)}
    return Kind(
        ("record", [(name, kind.wit) for name, kind in fields.items()]),
        codec.Record({name: kind.codec for name, kind in fields.items()}),
        st.fixed_dictionaries({name: kind.values for name, kind in fields.items()}),
    )


def variant_of(kinds):
    cases = {f"case-{n}": kind for n, kind in enumerate(kinds)}
    values = [
        (kind.values if kind else st.none()).map(lambda value, name=name: Case(name, value))
        for name, kind in cases.items()
    ]
    return Kind(
        ("variant", [(name, kind and kind.wit) for name, kind in cases.items()]),
        codec.Variant({name: kind and kind.codec for name, kind in cases.items()}),
        st.one_of(values),
    )


def result_of(pair):
    ok, err = pair
    values = (ok.values if ok else st.none()) | (err.values if err else st.none()).map(Err)
    return Kind(
        ("result", ok and ok.wit, err and err.wit),
        codec.Result(ok and ok.codec, err and err.codec),
        values,
    )


def declared(interface, wit):
    """The type with names for what must have one."""
    if wit is None:
        return None
    word, *parts = wit
    if word in ("record", "variant"):
        parts = [[(name, declared(interface, part)) for name, part in parts[0]]]
    elif word != "enum":
        parts = [declared(interface, part) for part in parts]
    if word not in ("record", "variant", "enum"):
        return (word, *parts)
    name = f"type-{len(interface.types)}"
    interface.types[name] = (word, *parts)
    return ("named", name)


class Session(Calls):
    """A host with one function, which gives back what it is given."""

    def __init__(self, kind, define):
        super().__init__(Crossing())
        self.seen = []
        self._define = define
        self._kind = kind

    def define(self, linker):
        function = Function(
            (self._kind,), self._kind, lambda value: self.seen.append(value) or value
        )
        return self._define(linker, {NAME: Interface({}, {"same": function})}, self) or []

    def close(self):
        pass


def guest_of(kind, define):
    interface = WitInterface(NAME)
    wit = declared(interface, kind.wit)
    interface.functions["same"] = ([("value", wit)], wit)
    return Guest(Session(kind.codec, define), interface)


def there_and_back(guest, kind, value):
    function = guest.instance.get_func(guest.store, "x0")
    result = function(guest.store, checked.lower(kind.codec, value))
    function.post_return(guest.store)
    return guest.session.seen[-1], checked.lift(kind.codec, result, guest.store)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.recursive(leaf(), grown, max_leaves=8), st.data())
@pytest.mark.parametrize("define", [linker.define_raw, checked.define], ids=["raw", "checked"])
def test_every_type_crosses(define, kind, data):
    guest = guest_of(kind, define)
    for _ in range(3):
        value = data.draw(kind.values)
        assert there_and_back(guest, kind, value) == (value, value)
    guest.close()


@pytest.mark.parametrize("size", [0, 1, 63, 64, 65, 1000, 602_112])
def test_bytes_of_any_size_cross(size):
    kind = Kind(("list", ("u8",)), codec.Bytes(), None)
    guest = guest_of(kind, linker.define_raw)
    data = bytes(n * 7 % 251 for n in range(size))
    assert there_and_back(guest, kind, data) == (data, data)
    guest.close()


def test_floats_cross_as_an_array():
    kind = Kind(("list", ("f32",)), codec.Floats(), None)
    for define in (linker.define_raw, checked.define):
        guest = guest_of(kind, define)
        for values in ([], [1.5, -2.0, 0.25]):
            seen, back = there_and_back(guest, kind, values)
            assert list(seen) == list(back) == values
        guest.close()


def test_text_that_is_no_utf_8_becomes_question_marks():
    kind = Kind(("string",), codec.String(), None)
    guest = guest_of(kind, linker.define_raw)
    session = guest.session
    session.seen = type("Seen", (), {"append": lambda self, value: "a\ud800b"})()
    function = guest.instance.get_func(guest.store, "x0")
    assert function(guest.store, "x") == "a?b"
    guest.close()


def test_what_a_record_was_made_with_is_freed_with_it():
    for _ in range(3):
        kind = record_of([Kind(("u32",), codec.U32, st.just(1))])
        guest = guest_of(kind, linker.define_raw)
        assert there_and_back(guest, kind, {"field-0": 3})[1] == {"field-0": 3}
        guest.close()
        del kind
