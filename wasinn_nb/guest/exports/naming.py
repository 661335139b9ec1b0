"""What things of WIT are called in Python."""

from __future__ import annotations

import keyword
import re

_NO_NAME = re.compile(r"\W")
_NO_ASCII = re.compile(r"\W", re.ASCII)


def snake(name: str) -> str:
    """``first-token`` as ``first_token``; of a keyword, with an underscore behind it."""
    return _whole(_NO_NAME.sub("_", name).lower())


def camel(name: str) -> str:
    """``token-stream`` as ``TokenStream``."""
    parts = [part for part in _NO_NAME.split(name) if part]
    return _whole("".join(part[:1].upper() + part[1:] for part in parts))


def upper(name: str) -> str:
    """``not-found`` as ``NOT_FOUND``."""
    return _whole(_NO_NAME.sub("_", name).upper())


def core(name: str) -> str:
    """A name of a core module, of any characters, as an attribute."""
    whole = _whole(_NO_NAME.sub("_", name))
    # some characters are of words, but not of Python's names
    return whole if whole.isidentifier() else _whole(_NO_ASCII.sub("_", name))


def interface(name: str) -> str:
    """``my:pkg/counting@1.0.0`` as ``counting``."""
    return snake(name.rpartition("/")[2].partition("@")[0])


def long_interface(name: str) -> str:
    """``my:pkg/counting@1.0.0`` as ``my_pkg_counting``: where there are two of one name."""
    return snake(name.partition("@")[0])


def version(name: str) -> str:
    """``my:pkg/counting@1.0.0`` as ``my_pkg_counting_1_0_0``: where even packages are the same."""
    return snake(name)


def _whole(name: str) -> str:
    if not name or name[0].isdigit():
        name = f"_{name}"
    return f"{name}_" if keyword.iskeyword(name) else name
