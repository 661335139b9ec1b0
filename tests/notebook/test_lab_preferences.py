"""Whose settings count: the user's in the kernel, or those of a page."""

from __future__ import annotations

import pytest
from traitlets.config import Config

from wasinn_nb.notebook.magics import WasinnMagics


def preferences(shell, **set_by_user):
    return WasinnMagics(shell=shell, config=Config({"WasinnMagics": set_by_user}))


@pytest.mark.parametrize("rate", [20.0, 30.0])
def test_what_the_user_has_configured_wins_over_a_page(bare_shell, rate):
    magics = preferences(bare_shell, frame_rate=rate)
    magics.wish("frame_rate", 10.0)
    magics.wish("stream", value=False)
    assert magics.paints == rate
    assert magics.streams is False


def test_so_does_what_the_user_sets_later_be_it_the_default(bare_shell):
    magics = preferences(bare_shell)
    magics.wish("frame_rate", 10.0)
    magics.wish("stream", value=False)
    assert (magics.paints, magics.streams) == (10.0, False)
    magics.frame_rate = 20.0
    assert magics.paints == 20.0
    magics.update_config(Config({"WasinnMagics": {"stream": True}}))
    assert magics.streams is True


def test_a_wish_that_is_withdrawn_leaves_what_was(bare_shell):
    magics = preferences(bare_shell)
    magics.wish("frame_rate", 10.0)
    magics.wish("frame_rate", None)
    assert magics.paints == 20.0
    magics.wish("frame_rate", 12.0)
    assert magics.paints == 12.0
