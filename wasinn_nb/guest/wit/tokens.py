"""The words of WIT."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from wasinn_nb.guest.wit.source import Place, WitSource

END = "end"
NAME, KEYWORD, VERSION, INTEGER, STRING, PUNCTUATION = (
    "name",
    "keyword",
    "version",
    "integer",
    "string",
    "punctuation",
)

_TYPES = "bool u8 u16 u32 u64 s8 s16 s32 s64 f32 f64 char string"
_WORDS = (
    "as borrow constructor enum export flags from func future import include interface list option "
    "own package record resource result static stream tuple type use variant with world"
)
# ``async``, ``map`` and ``error-context`` are words where they can be, since they were names before
TYPES = frozenset([*_TYPES.split(), "error-context"])
KEYWORDS = frozenset([*_WORDS.split(), *_TYPES.split()])

_PARTS = r"[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*"
_SEMVER = rf"\d+\.\d+\.\d+(?:-{_PARTS})?(?:\+{_PARTS})?"
_TOKEN = re.compile(
    rf"""(?P<space>[ \t\r\n]+)
    |(?P<line>//[^\n]*)
    |(?P<block>/\*)
    |(?P<version>{_SEMVER})
    |(?P<integer>\d+)
    |(?P<name>%?[A-Za-z]\w*(?:-\w+)*)
    |(?P<string>"(?:[^"\\\n]|\\.)*")
    |(?P<punctuation>->|[=,:;(){{}}<>*/.@_])""",
    re.VERBOSE | re.ASCII,
)
_WORD = re.compile(r"[a-z0-9]+|[A-Z0-9]+")
_BLOCK_EDGE = re.compile(r"/\*|\*/")
# other directions of writing can make a text look like another one
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u202a-\u202e\u2066-\u2069]")


class Token(NamedTuple):
    """One word.

    Attributes:
        kind: a kind of token.
        text: a name is without its ``%``.
        at: where it begins.
        docs: the documentation that stands before it.
    """

    kind: str
    text: str
    at: int
    docs: str


def tokens(source: WitSource) -> list[Token]:
    """All words of a text, and an end.

    Raises:
        WitError: something in it is no word.
    """
    if bad := _FORBIDDEN.search(source.text):
        raise Place(source, bad.start()).error(
            f"the character U+{ord(bad[0]):04X} must not stand in WIT"
        )
    return list(_tokens(source))


def _tokens(source: WitSource) -> Iterator[Token]:
    text, at = source.text, 0
    docs: list[str] = []
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:
            raise Place(source, at).error(_unknown(text, at))
        kind, start, at = str(found.lastgroup), at, found.end()
        if kind == "space":
            continue
        if kind == "line":
            if text.startswith("///", start):
                docs.append(text[start + 3 : at].removeprefix(" ").rstrip())
            continue
        if kind == "block":
            at = _block_end(source, start)
            if text.startswith("/**", start) and at - start > len("/**/"):
                docs += _block_docs(text[start + 3 : at - 2])
            continue
        yield _token(source, kind, found[0], start, "\n".join(docs).strip("\n"))
        docs = []
    yield Token(END, "", len(text), "")


def _token(source: WitSource, kind: str, word: str, at: int, docs: str) -> Token:
    if kind != NAME:
        return Token(kind, word, at, docs)
    if word in KEYWORDS:
        return Token(KEYWORD, word, at, docs)
    plain = word.removeprefix("%")
    if not all(map(_WORD.fullmatch, plain.split("-"))):
        raise Place(source, at).error(
            f"{plain!r} is no name in WIT: its words are letters and digits, all small or all "
            "capitals, with '-' between them",
            hint=f"Write {_kebab(plain)!r}.",
        )
    return Token(NAME, plain, at, docs)


def _kebab(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|_+", "-", name).lower().strip("-")


def _unknown(text: str, at: int) -> str:
    if text[at] == '"':
        return "this string does not end on its line"
    if text[at] == "%":
        return "a name must follow '%'"
    return f"{text[at]!r} means nothing in WIT"


def _block_end(source: WitSource, start: int) -> int:
    """Where a comment ends; comments may be nested."""
    depth = 0
    for edge in _BLOCK_EDGE.finditer(source.text, start):
        depth += 1 if edge[0] == "/*" else -1
        if not depth:
            return edge.end()
    raise Place(source, start).error("this comment does not end")


def _block_docs(text: str) -> list[str]:
    lines = [line.strip() for line in text.splitlines()]
    return [line.removeprefix("*").removeprefix(" ").rstrip() for line in lines]
