"""Handles of a guest that lives on when its run is over."""

from __future__ import annotations

import pytest

from wasinn_nb.abi.wit.resources import Table
from wasinn_nb.nn.errors import InvalidArgument


@pytest.fixture
def closed():
    return []


@pytest.fixture
def table(closed):
    return Table(1, "thing", limit=10, closed=closed.append)


def test_what_was_held_is_closed_once(table, closed):
    number = table.add("a")
    table.end(pytest.fail)
    table.end(pytest.fail)
    assert closed == ["a"]
    table.drop(number)
    table.clear(pytest.fail)
    assert closed == ["a"]
    assert len(table) == 0


def test_it_cannot_be_used_any_more(table):
    number = table.add("a")
    table.end(pytest.fail)
    with pytest.raises(InvalidArgument, match="The thing has ended with the run"):
        table[number]
    with pytest.raises(InvalidArgument):
        table.take(number)


def test_its_number_is_no_other_s_before_it_is_dropped(table, closed):
    old = table.add("a")
    table.end(pytest.fail)
    new = table.add("b")
    assert new != old
    table.drop(old)
    assert table[new] == "b"
    assert closed == ["a"]
    assert table.add("c") == old


def test_one_that_cannot_be_closed_keeps_no_other_from_ending():
    failed = []
    table = Table(1, "thing", limit=10, closed=lambda value: 1 // value)
    table.add(0)
    table.add(1)
    table.end(failed.append)
    assert [type(error) for error in failed] == [ZeroDivisionError]
