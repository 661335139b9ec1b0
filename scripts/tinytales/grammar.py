"""Templates and the rules of English that they need.

A template is one or more sentences with three marks:

* ``[a|b|c]``: one of the alternatives, which may be empty and may nest;
* ``{key}``: a fact of the scene, or else a word of the list of that name; where a fact is a
  tuple, one of its members; ``{Key}`` is the same with a capital;
* ``a(n)``: the indefinite article that fits the next word.
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from typing import Final

from .lexicon import LISTS

Facts = Mapping[str, str | tuple[str, ...]]

_CHOICE: Final = re.compile(r"\[([^\[\]]*)\]")
_FIELD: Final = re.compile(r"\{(\w+)\}")
_ARTICLE: Final = re.compile(r"\b([Aa])\(n\) (\S+)")
_START: Final = re.compile(r"(^|[.!?] )(\w)")

# Spelling and sound disagree in these.
_CONSONANT_SOUND: Final = ("uni", "use", "usu", "one", "once", "euro", "ukul")
_PLURALS: Final = {
    "mouse": "mice", "goose": "geese", "wolf": "wolves", "leaf": "leaves", "sheep": "sheep",
    "deer": "deer", "moose": "moose", "fish": "fish", "fisherman": "fishermen", "child": "children",
    "postman": "postmen", "snowman": "snowmen", "elf": "elves", "kangaroo": "kangaroos",
}  # fmt: skip
_VOWEL_SOUND: Final = ("hour", "honest", "heir", "honor")


def article(word: str) -> str:
    """``"a"`` or ``"an"``, by the sound that ``word`` starts with."""
    lowered = word.lower().lstrip("\"'“(")
    if lowered.startswith(_VOWEL_SOUND):
        return "an"
    if lowered.startswith(_CONSONANT_SOUND):
        return "a"
    return "an" if lowered[:1] in set("aeiouåéèêëáíóöüäø") else "a"


def with_article(noun: str) -> str:
    """``"fox"`` to ``"a fox"``; a phrase that already has ``the`` stays as it is."""
    return noun if noun.startswith("the ") else f"{article(noun)} {noun}"


def plural(noun: str) -> str:
    """``"fox"`` to ``"foxes"``."""
    if noun in _PLURALS:
        return _PLURALS[noun]
    if noun.endswith(("s", "x", "ch", "sh", "o")):
        return noun + "es"
    if noun.endswith("y") and noun[-2:-1] not in set("aeiou"):
        return noun[:-1] + "ies"
    return noun + "s"


def capitalise(text: str) -> str:
    """``text`` with its first letter in upper case and the rest untouched."""
    return text[:1].upper() + text[1:]


def _field(key: str, rng: random.Random, facts: Facts) -> str:
    value = facts.get(key) or LISTS.get(key)
    if value is None:
        if not key[0].isupper():
            raise KeyError(f"template field {{{key}}} is neither a fact of the scene nor a list")
        return capitalise(_field(key[0].lower() + key[1:], rng, facts))
    return value if isinstance(value, str) else rng.choice(value)


def expand(template: str, rng: random.Random, facts: Facts) -> str:
    """One text of ``template``. Raises KeyError for a field that nothing defines."""
    text = template
    while _CHOICE.search(text):
        text = _CHOICE.sub(lambda m: rng.choice(m.group(1).split("|")), text)
    text = _FIELD.sub(lambda m: _field(m.group(1), rng, facts), text)
    text = _ARTICLE.sub(lambda m: f"{'A' if m[1] == 'A' else 'a'}{article(m[2])[1:]} {m[2]}", text)
    text = re.sub(r" {2,}", " ", text).strip()
    return _START.sub(lambda m: m.group(1) + m.group(2).upper(), text)
