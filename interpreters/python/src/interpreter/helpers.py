"""What a cell finds among its builtins that Python has for interactive use."""

from __future__ import annotations

import builtins
from typing import NoReturn

_input = builtins.input


def input(prompt: object = "", /) -> str:  # noqa: A001 - it is this one
    """Read a line of standard input, without its end."""
    try:
        return _input(prompt)
    except EOFError as error:
        error.add_note("The cell has read all of its input; --stdin gives it some.")
        raise


def exit(code: object = None, /) -> NoReturn:  # noqa: A001
    """End the cell, with an exit code or, for a text, with that on standard error."""
    raise SystemExit(code)


def install() -> None:
    """Put them where cells find them."""
    builtins.input = input
    builtins.exit = builtins.quit = exit
