"""Values of every type of WIT, there and back through a component that returns what it is given."""

from __future__ import annotations

import enum
import math
import struct

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from tests.guest.exports import components
from tests.support.echo_backend import EchoBackend, echo_registry
from wasinn_nb.abi.wit.codec import Err
from wasinn_nb.abi.wit.values import DTYPES, Some
from wasinn_nb.guest.errors import GuestTypeError
from wasinn_nb.guest.exports.composites import Ok, equal
from wasinn_nb.guest.runner import Runner

_NUMBERS = {
    name: st.integers(np.iinfo(kind).min, np.iinfo(kind).max)
    for name, kind in DTYPES.items()
    if name[0] != "f"
}
_NUMBERS["f32"] = st.floats(width=32, allow_nan=False)
_NUMBERS["f64"] = st.floats(allow_nan=False)

_TYPES = {
    "color": '(enum "dark-red" "blue" "none")',
    "perms": '(flags "read" "write-all" "x")',
    "point": """(record
      (field "x" f32) (field "to" (tuple s16 char)) (field "tag" (option string)))""",
    "path": """(record
      (field "points" (list $point)) (field "data" (list u8)) (field "w" (list f64)))""",
    "shape": '(variant (case "none") (case "circle" f64) (case "path" $path) (case "f-32" f32))',
}
_OTHERS = {
    "truth": "bool",
    "character": "char",
    "text": "string",
    "color-": "$color",
    "perms-": "$perms",
    "point-": "$point",
    "path-": "$path",
    "shape-": "$shape",
    "shapes": "(list $shape)",
    "maybe": "(option (option (option u8)))",
    "either": "(result $point (error $color))",
    "bare": "(result)",
    "texts": "(list string)",
    "rows": "(list (list f64))",
    "tuple-": "(tuple string (list bool) s64)",
}
_FUNCTIONS = (
    {f"one-{name}": name for name in DTYPES}
    | {f"all-{name}": f"(list {name})" for name in DTYPES}
    | {name.rstrip("-") + "-there": text for name, text in _OTHERS.items()}
)

_text = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
_character = st.characters(exclude_categories=["Cs"])


@pytest.fixture(scope="module")
def exports(tmp_path_factory):
    registry = echo_registry(EchoBackend(), tmp_path_factory.mktemp("models"))
    wasm = components.identity(_TYPES, _FUNCTIONS)
    made = Runner(registry).guest(wasm, name="same").exports
    yield made
    made.reset()


def back(exports, name, value):
    """What comes back of a value."""
    returned, pads = getattr(exports, name)(value, components.PADS)
    assert pads == components.PADS
    return returned


quick = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.mark.parametrize("name", DTYPES)
@quick
@given(data=st.data())
def test_numbers(exports, name, data):
    value = data.draw(_NUMBERS[name])
    found = back(exports, f"one_{name}", value)
    assert found == value
    assert type(found) is (float if name[0] == "f" else int)


@pytest.mark.parametrize("name", DTYPES)
@quick
@given(data=st.data())
def test_lists_of_numbers(exports, name, data):
    dtype = np.dtype(DTYPES[name])
    array = data.draw(arrays.arrays(dtype, st.integers(0, 50)))
    if data.draw(st.booleans()):
        array = np.repeat(array, 2)[::2]  # not contiguous
    found = back(exports, f"all_{name}", array)
    if name == "u8":
        assert found == array.tobytes()
    else:
        assert found.dtype == dtype
        assert np.array_equal(found, array, equal_nan=dtype.kind == "f")
    numbers = array[np.isfinite(array)].tolist()
    again = back(exports, f"all_{name}", numbers)
    assert list(again) == numbers


@quick
@given(st.data())
def test_everything_else(exports, data):
    """One value of each, as hypothesis thinks of it."""
    draw = data.draw
    point = st.builds(
        exports.Point,
        _NUMBERS["f32"],
        st.tuples(_NUMBERS["s16"], _character),
        st.none() | _text,
    )
    path = st.builds(
        exports.Path,
        st.lists(point, max_size=3),
        st.binary(max_size=200),
        arrays.arrays(np.float64, st.integers(0, 5), elements=_NUMBERS["f64"]),
    )
    shape = (
        st.just(exports.Shape.None_())
        | st.builds(exports.Shape.Circle, _NUMBERS["f64"])
        | st.builds(exports.Shape.Path, path)
        | st.builds(exports.Shape.F32, _NUMBERS["f32"])
    )
    color = st.sampled_from(list(exports.Color))
    maybe = st.none() | st.builds(Some, st.none() | st.builds(Some, st.none() | _NUMBERS["u8"]))
    kinds = {
        "truth": st.booleans(),
        "character": _character,
        "text": _text,
        "color": color,
        "perms": st.integers(0, 7).map(exports.Perms),
        "point": point,
        "path": path,
        "shape": shape,
        "shapes": st.lists(shape, max_size=3),
        "maybe": maybe,
        "either": st.builds(Ok, point) | st.builds(Err, color),
        "bare": st.sampled_from([Ok(), Err()]),
        "texts": st.lists(_text, max_size=3),
        "rows": st.lists(arrays.arrays(np.float64, 3, elements=_NUMBERS["f64"]), max_size=3),
        "tuple": st.tuples(_text, st.lists(st.booleans(), max_size=3), _NUMBERS["s64"]),
    }
    for name, strategy in kinds.items():
        value = draw(strategy, label=name)
        found = back(exports, f"{name}_there", value)
        assert equal(found, value), (found, value)
        assert type(found) is type(value)


def test_what_else_is_taken(exports):
    assert back(exports, "point_there", {"x": 1, "to": [2, "a"]}) == exports.Point(1.0, (2, "a"))
    assert back(exports, "color_there", "dark-red") is exports.Color.DARK_RED
    assert back(exports, "color_there", "DARK_RED") is exports.Color.DARK_RED
    assert exports.Color.BLUE == "blue"
    assert back(exports, "perms_there", ["read", exports.Perms.X]) == exports.Perms(5)
    assert back(exports, "shape_there", "none") == exports.Shape.None_()
    assert back(exports, "shape_there", exports.Shape.None_) == exports.Shape.None_()
    assert back(exports, "one_u8", np.int64(3)) == 3
    assert back(exports, "one_f32", 3) == 3.0
    assert back(exports, "one_f64", np.float32(0.5)) == 0.5
    assert math.isinf(back(exports, "one_f32", math.inf))
    assert math.isnan(back(exports, "one_f64", math.nan))
    assert back(exports, "all_u8", bytearray(b"ab")) == b"ab"
    assert back(exports, "all_f32", range(3)).tolist() == [0, 1, 2]
    assert [row.tolist() for row in back(exports, "rows_there", np.eye(2))] == [[1, 0], [0, 1]]
    assert back(exports, "truth_there", np.True_) is True
    assert back(exports, "all_s32", np.array([-1], ">i2")).tolist() == [-1]


def test_match(exports):
    match back(exports, "shape_there", exports.Shape.Circle(2.0)):
        case exports.Shape.Circle(radius):
            assert radius == 2
        case _:
            pytest.fail("no case matched")
    assert isinstance(exports.Shape.Circle(1.0), exports.Shape)
    assert issubclass(exports.Perms, enum.Flag)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("one_u8", 256, r"x is u8 \(it can be 0 to 255\), and it was given 256 \(int\)"),
        ("one_s8", True, r"x is s8, and it was given True \(bool\)"),
        ("one_u32", 1.0, r"x is u32, and it was given 1\.0 \(float\)"),
        ("one_f32", "1", r"x is f32, and it was given '1' \(str\)"),
        ("one_f32", 1e39, "too large"),
        ("truth_there", 1, r"x is bool"),
        ("character_there", "ab", "one character"),
        ("text_there", b"ab", "x is string, and it was given bytes of 2 bytes"),
        ("text_there", "\ud800", "surrogate"),
        ("all_f32", np.zeros((2, 3)), r"shape \(2, 3\)"),
        ("all_f32", [1, "a"], r"x\[1\] is f32"),
        ("all_f32", np.array([1e300]), "too large"),
        ("all_u8", [1, 300], r"x\[1\] is u8 .* given 300"),
        ("all_s64", np.array([0.5]), "array of float64"),
        ("all_u64", [-1], r"x\[0\] is u64"),
        ("all_f32", "abc", "x is list<f32>"),
        ("texts_there", "abc", "x is list<string>"),
        ("texts_there", ["a", 1], r"x\[1\] is string"),
        ("color_there", "green", "'dark-red', 'blue', 'none'"),
        ("perms_there", "delete", "'read', 'write-all', 'x'"),
        ("point_there", {"x": 1}, "the field to is missing"),
        ("point_there", {"x": 1, "to": (1, "a"), "y": 2}, "no field 'y'"),
        ("point_there", {"x": 1, "to": (1, 2)}, r"x\.to\[1\] is char"),
        ("shape_there", "circle", r"Shape\.Circle\(\.\.\.\)"),
        ("either_there", 1, r"Ok\(\.\.\.\) or Err\(\.\.\.\)"),
        ("tuple_there", ("a", []), "it has 3 elements"),
        ("maybe_there", "a", "x is u8"),
    ],
)
def test_what_is_not_taken(exports, name, value, words):
    before = exports.last_call
    with pytest.raises(GuestTypeError, match=words) as caught:
        getattr(exports, name)(value, components.PADS)
    assert isinstance(caught.value, TypeError)
    assert exports.last_call is before


def test_a_large_tensor_is_quick_and_whole(exports):
    tensor = np.frombuffer(struct.pack("<150528f", *range(150528)), np.float32)
    assert np.array_equal(back(exports, "all_f32", tensor), tensor)
