"""Strings, identifiers and numbers as the text format writes them.

Section 6.3 of the core specification, with the quoted identifiers of its annotations.
"""

from __future__ import annotations

import math
import re
import struct
from collections.abc import Sized

import numpy as np

_LONGEST = 160
_PLAIN = re.compile(r"[0-9A-Za-z!#$%&'*+\-./:<=>?@\\^_`|~]+")
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}
# A line of data: words with what ends them, or else some bytes up to the next words.
_WORDS = rb"(?:[ -~\t]|[\xc2-\xf4][\x80-\xbf]{1,3})"
_PIECE = re.compile(
    rb"%b{6,80}(?:\n|\0{1,4})?|.{1,32}?(?=%b{6})|.{1,32}" % (_WORDS, _WORDS), re.DOTALL
)
_F32_QUIET = 0x400000
_F64_QUIET = 0x8_0000_0000_0000


def quoted(text: str) -> str:
    """A name as a string."""
    if text.isascii() and text.isprintable() and '"' not in text and "\\" not in text:
        return f'"{text}"'
    return f'"{"".join(map(_escaped, text))}"'


def _escaped(character: str) -> str:
    """One character; what would not be seen, or be taken for another, is named by its number."""
    if character in _ESCAPES:
        return _ESCAPES[character]
    if character.isprintable():
        return character
    return f"\\u{{{ord(character):x}}}"


def strings(data: bytes) -> list[str]:
    """Bytes as strings, of one line each, that stand one after the other."""
    return [f'"{_bytes(piece)}"' for piece in _PIECE.findall(data)]


def _bytes(piece: bytes) -> str:
    text = piece.decode(errors="surrogateescape")
    if text.isascii() and text.isprintable() and '"' not in text and "\\" not in text:
        return text
    return "".join(
        _ESCAPES.get(character)
        or (character if character.isprintable() else _hexadecimal(character))
        for character in text
    )


def _hexadecimal(character: str) -> str:
    return "".join(f"\\{byte:02x}" for byte in character.encode(errors="surrogateescape"))


def identifier(name: str) -> str:
    """A name as an identifier."""
    return f"${name}" if _PLAIN.fullmatch(name) else f"${quoted(name)}"


def identifiers(named: dict[int, str]) -> dict[int, str]:
    """Identifiers for the names of an index space: no two alike, and none very long."""
    taken = set(named.values())
    found: dict[int, str] = {}
    used: set[str] = set()
    for index, name in named.items():
        own = name
        if not name or name in used or len(name) > _LONGEST:
            stem = f"{name[:_LONGEST]}..." if len(name) > _LONGEST else name
            own = f"{stem}#{index}"
            while own in taken:
                own += "#"
            taken.add(own)
        used.add(own)
        found[index] = identifier(own)
    return found


def comment(text: str) -> str:
    """A text of one line that can stand behind ``;;``."""
    return "".join(
        c if c.isprintable() else " " if c.isspace() else ascii(c)[1:-1] for c in text
    ).strip()


def size(data: Sized) -> str:
    """How many bytes, in words."""
    return "1 byte" if len(data) == 1 else f"{len(data):,} bytes"


def f32(data: bytes) -> str:
    """A number of 32 bits: the shortest decimal that is it again."""
    bits = int.from_bytes(data, "little")
    if bits & 0x7F80_0000 == 0x7F80_0000:
        return _special(bits >> 31, bits & 0x7F_FFFF, _F32_QUIET)
    return repr(float(str(np.frombuffer(data, "<f4")[0])))


def f64(data: bytes) -> str:
    """A number of 64 bits: the shortest decimal that is it again."""
    value: float = struct.unpack("<d", data)[0]
    if math.isfinite(value):
        return repr(value)
    bits = int.from_bytes(data, "little")
    return _special(bits >> 63, bits & 0xF_FFFF_FFFF_FFFF, _F64_QUIET)


def _special(sign: int, payload: int, quiet: int) -> str:
    """An infinity, or what is not a number with its payload."""
    minus = "-" if sign else ""
    if not payload:
        return f"{minus}inf"
    return f"{minus}nan" if payload == quiet else f"{minus}nan:{payload:#x}"
