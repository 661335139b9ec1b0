"""Settings: parsing, guests' JSON, precedence."""

from __future__ import annotations

import contextlib
import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.echo_backend import SCHEMA
from wasinn_nb.nn.errors import InvalidArgument, InvalidEncoding
from wasinn_nb.nn.offers import Offer
from wasinn_nb.nn.settings import Origin, Schema, Scope, Setting

PLAIN = Schema(
    [
        Setting("ctx-size", "int", Scope.CONTEXT, 0, minimum=0, maximum=2**31 - 1),
        Setting("cache-type", "int", Scope.CONTEXT, 1, names={"f16": 1, "q8_0": 8}),
        Setting("temp", "float", Scope.REQUEST, 0.8, minimum=0, clamp=True),
        Setting("mmap", "bool", Scope.MODEL, True),
        Setting("split-mode", "str", Scope.MODEL, "layer", choices=("none", "layer", "row")),
        Setting("draft", "str", Scope.MODEL, "", effect=False),
    ]
)


@pytest.mark.parametrize(
    ("document", "values", "unknown"),
    [
        (b"[]", {}, ()),
        (b"17", {}, ()),
        (b'{"nope": 1, "ctx-size": 5}', {"ctx-size": 5}, ("nope",)),
        (b'{"ctx-size": 1, "ctx-size": 2}', {"ctx-size": 1}, ()),
        (b'{"temp": 1}', {"temp": 1.0}, ()),
        (b'{"temp": -3}', {"temp": 0.0}, ()),
    ],
)
def test_guest_json_is_read_as_the_reference_reads_it(document, values, unknown):
    parsed = PLAIN.parse_guest(document)
    assert (dict(parsed.values), parsed.unknown) == (values, unknown)


@pytest.mark.parametrize("document", [b"", b"{", b"nonsense", b"\xff\xfe", b'{"temp": NaN}'])
def test_what_is_not_json_is_an_encoding_error(document):
    with pytest.raises(InvalidEncoding):
        PLAIN.parse_guest(document)


@pytest.mark.parametrize(
    "document",
    [
        {"ctx-size": "4096"},
        {"ctx-size": 4096.0},
        {"ctx-size": None},
        {"ctx-size": True},
        {"ctx-size": -1},
        {"ctx-size": 2**70},
        {"mmap": 1},
        {"temp": "warm"},
        {"split-mode": "diagonal"},
    ],
)
def test_a_wrong_type_refuses_the_whole_document(document):
    with pytest.raises(InvalidArgument):
        PLAIN.parse_guest(json.dumps({"temp": 0.5, **document}).encode())


@given(st.binary(max_size=200))
def test_no_bytes_crash_the_guest_parser(data):
    with contextlib.suppress(InvalidArgument, InvalidEncoding):
        PLAIN.parse_guest(data)


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(), st.lists))
def test_no_json_value_crashes_a_check(value):
    for setting in PLAIN.values():
        try:
            checked = setting.check(value)
        except InvalidArgument:
            continue
        assert setting.check(checked) == checked


def test_deep_nesting_is_an_error_not_a_crash():
    with pytest.raises((InvalidEncoding, InvalidArgument)):
        PLAIN.parse_guest(b'{"temp": ' + b"[" * 100_000 + b"]" * 100_000 + b"}")


@pytest.mark.parametrize(
    ("key", "text", "value"),
    [
        ("ctx-size", "512", 512),
        ("mmap", "off", False),
        ("temp", "1", 1.0),
        ("split_mode", "row", "row"),
        ("cache-type", "q8_0", 8),
        ("cache-type", " F16", 1),
        ("cache-type", "30", 30),
    ],
)
def test_user_text_is_parsed(key, text, value):
    assert PLAIN.check_user({key: text}) == {key.replace("_", "-"): value}


def test_names_of_numbers_are_for_users_only():
    with pytest.raises(InvalidArgument, match="a whole number or one of f16, q8_0"):
        PLAIN.check_user({"cache-type": "q9_0"})
    with pytest.raises(InvalidArgument, match="must be a whole number"):
        PLAIN.parse_guest(b'{"cache-type": "q8_0"}')


def test_an_unknown_user_key_suggests_the_nearest():
    with pytest.raises(InvalidArgument, match="Did you mean ctx-size"):
        PLAIN.check_user({"ctx-szie": 1})


def test_an_unknown_user_key_like_no_other_lists_some():
    few = Schema([Setting("device", "str", ""), Setting("threads", "int", 0)])
    with pytest.raises(InvalidArgument) as caught:
        few.check_user({"n-gpu-layers": 20})
    assert caught.value.hint == "Known are device, threads."
    many = Schema([Setting(f"s{i}", "int", 0) for i in range(100)])
    with pytest.raises(InvalidArgument) as caught:
        many.check_user({"n-gpu-layers": 20})
    assert caught.value.hint.endswith("s19 and 80 more; `%wasinn config NAME` lists them.")


def test_suggestions_never_name_keys_without_effect():
    with pytest.raises(InvalidArgument) as caught:
        PLAIN.check_user({"draf": "x"})
    assert "draft" not in caught.value.hint


def test_pin_beats_guest_beats_load_beats_default():
    config = SCHEMA.resolve(
        load={"window": 10, "limit": 10, "temp": 0.1},
        guest={"window": 20, "limit": 20},
        pins={"window": 30},
    )
    assert [(config[k], config.origins[k]) for k in ("window", "limit", "temp", "shout")] == [
        (30, Origin.PIN),
        (20, Origin.GUEST),
        (0.1, Origin.LOAD),
        (False, Origin.DEFAULT),
    ]


def test_a_later_request_cannot_override_a_pin():
    config = SCHEMA.resolve(pins={"window": 30}).overlay({"window": 5, "limit": 7})
    assert (config["window"], config["limit"]) == (30, 7)


def test_a_user_only_setting_is_unknown_to_guests():
    assert SCHEMA.parse_guest(b'{"secret": "x"}').unknown == ("secret",)


VALUES = {
    "ctx-size": st.integers(0, 2**31 - 1),
    "cache-type": st.integers(0, 99),
    "temp": st.floats(0, 1e9),
    "mmap": st.booleans(),
    "split-mode": st.sampled_from(["none", "layer", "row"]),
    "draft": st.text(),
}


@given(st.sampled_from(sorted(VALUES)).flatmap(lambda key: st.tuples(st.just(key), VALUES[key])))
def test_what_is_written_for_a_value_is_read_as_that_value(pair):
    key, value = pair
    setting = PLAIN[key]
    assert setting.parse(setting.text(value)) == value


def test_values_are_written_by_their_names():
    assert PLAIN["cache-type"].text(8) == "q8_0"
    assert PLAIN["cache-type"].text(2) == "2"
    assert PLAIN["mmap"].text(False) == "false"
    assert PLAIN["draft"].text(None) == ""


def test_what_is_offered_are_the_offers_or_else_the_choices_and_names():
    offered = {key: [(o.value, o.label) for o in s.offered] for key, s in PLAIN.items()}
    assert offered["split-mode"] == [(word, word) for word in ("none", "layer", "row")]
    assert offered["cache-type"] == [(1, "f16"), (8, "q8_0")]
    assert offered["ctx-size"] == []
    own = replace(PLAIN["split-mode"], offers=(Offer("row", "by rows"),))
    assert [o.label for o in own.offered] == ["by rows"]
    assert own.check("none") == "none"


def test_settings_that_come_first_take_the_place_of_their_own():
    first = replace(PLAIN["mmap"], prominent=True)
    schema = PLAIN.with_first([first])
    assert next(iter(schema)) == "mmap"
    assert schema["mmap"].prominent
    assert (set(schema), len(schema)) == (set(PLAIN), len(PLAIN))
    assert not PLAIN["mmap"].prominent
