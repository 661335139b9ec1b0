"""The text of a slot: parts that follow each other, and all of it as far as it is kept."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wasinn_nb.notebook import shown
from wasinn_nb.notebook.shown import SEPARATOR, ShownText, units


@given(st.lists(st.text(max_size=9)))
def test_parts_of_a_text_follow_each_other(texts):
    text = ShownText()
    at, joined = 0, ""
    for piece in texts:
        text.append(piece)
        part = text.take()
        assert part.at == at
        at, joined = at + units(part.text), joined + part.text
    assert joined == text.whole() == "".join(texts)
    assert text.tail().at + units(text.tail().text) == at == len(joined.encode("utf-16-le")) // 2


def test_much_text_at_once_is_cut_and_says_where_it_begins():
    text = ShownText()
    text.append("\U0001f600" * 10)
    text.take()
    text.append("x" * shown.TAIL * 3)
    part = text.take()
    assert (part.at, len(part.text)) == (20 + 2 * shown.TAIL, shown.TAIL)
    assert text.tail() == part


@pytest.mark.parametrize("step", [1_000, 500_000])
def test_a_very_long_text_keeps_its_beginning_and_end(step):
    text = ShownText()
    for number in range(3_000_000 // step):
        text.append(f"{number}".rjust(step, "."))
    whole = text.whole()
    assert not text.complete
    assert len(whole) < shown.LIMIT + 200
    assert whole.startswith("...")
    assert "2,000,000 characters are not shown" in whole
    assert whole.endswith(f".{3_000_000 // step - 1}")


def test_generations_are_set_apart():
    text = ShownText()
    for generation, piece in ((1, "a"), (1, "b"), (2, "c")):
        text.append(piece, generation)
    assert text.whole() == f"ab{SEPARATOR}c"
