"""The reference page says what the parsers say."""

from __future__ import annotations

from scripts import reference


def test_the_page_is_up_to_date():
    text = reference.PAGE.read_text(encoding="utf-8")
    assert text == reference.page(text), "run: .venv/bin/python -m scripts.reference"


def test_every_option_is_in_it():
    text = reference.PAGE.read_text(encoding="utf-8")
    for word in ("--memory-limit MIB", "### `doctor`", "`frame_rate`", "ARGS"):
        assert word in text
