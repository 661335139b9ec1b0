"""Drafts: what of them differs from the pins, and what is left after an Apply."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wasinn_nb.nn.errors import InvalidArgument
from wasinn_nb.notebook.widgets.form.draft import Draft
from wasinn_nb.notebook.widgets.requests import Request

KEYS = st.sampled_from("abc")
PINS = st.dictionaries(KEYS, st.sampled_from([0, 1, True, False, 1.0, "1", None]))


@given(PINS, PINS)
def test_what_is_pinned_so_already_is_no_change(values, pins):
    draft = Draft(values, ("a", "z"), view=3, seq=4).differing(pins)
    changed = {k for k, raw in values.items() if k not in pins or in_json(raw) != in_json(pins[k])}
    assert set(draft.values) == changed
    assert draft.unset == (("a",) if "a" in pins else ())
    assert (draft.view, draft.seq) == (3, 4)


@given(PINS, PINS)
def test_what_was_changed_since_an_apply_stays(values, applied):
    left = Draft(values, ("a", "b")).without(Draft(applied, ("b",)))
    changed = {
        k for k, raw in values.items() if k not in applied or in_json(raw) != in_json(applied[k])
    }
    assert set(left.values) == changed
    assert left.unset == ("a",)


def in_json(value):
    """Unlike in Python, true is not 1; but 1.0 is, for JSON has one kind of number."""
    return (isinstance(value, bool), value)


@pytest.mark.parametrize(
    "content",
    [
        {"set": {"a": [1]}},
        {"set": {"a": "x" * 100_001}},
        {"set": {str(n): n for n in range(600)}, "unset": ["a"] * 600},
        {"seq": float("nan")},
        {"view": float("inf")},
        {"seq": 10**400},
        {"seq": True},
    ],
)
def test_what_is_no_draft_is_refused(content):
    with pytest.raises(InvalidArgument):
        Draft.read(Request({"kind": "draft", "view": 1, "seq": 1, **content}))
