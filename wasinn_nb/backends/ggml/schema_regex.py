"""GBNF for the ``pattern`` of a JSON schema: text that matches it, written as a JSON string."""

from __future__ import annotations

import json
from typing import NoReturn

from wasinn_nb.nn.errors import InvalidArgument

Ranges = list[tuple[int, int]]

# what JSON may hold unescaped, and the two that it escapes
_ALL: Ranges = [(0x20, 0xD7FF), (0xE000, 0x10FFFF)]
_ESCAPED = '"\\'
_DIGIT: Ranges = [(48, 57)]
_WORD: Ranges = [(48, 57), (65, 90), (95, 95), (97, 122)]
_SPACE: Ranges = [(32, 32), (160, 160)]
_CLASSES = {"d": _DIGIT, "w": _WORD, "s": _SPACE}
_CONTROL = {"t": 9, "n": 10, "r": 13, "f": 12, "v": 11, "0": 0}
_MOST = 1000
_DEPTH = 50


def literal(text: str) -> str:
    """A GBNF literal."""
    return json.dumps(text, ensure_ascii=False).replace("\\b", "\\x08").replace("\\f", "\\x0C")


def complement(ranges: Ranges) -> Ranges:
    """All characters that JSON may hold but these."""
    left = []
    for low, high in _ALL:
        at = low
        for a, b in sorted(ranges):
            if b < at or a > high:
                continue
            if a > at:
                left.append((at, a - 1))
            at = max(at, b + 1)
        if at <= high:
            left.append((at, high))
    return left


def characters(ranges: Ranges) -> str:
    """One of these characters, escaped where JSON wants it."""
    plain = complement(complement(ranges) + [(ord(c), ord(c)) for c in _ESCAPED])
    ways = ["[" + "".join(_range(a, b) for a, b in plain) + "]"] if plain else []
    ways += [literal("\\" + c) for c in _ESCAPED if any(a <= ord(c) <= b for a, b in ranges)]
    ways += [
        literal(json.dumps(chr(code))[1:-1])
        for code in sorted(set(_CONTROL.values()))
        if any(a <= code <= b for a, b in ranges)
    ]
    if not ways:
        raise InvalidArgument("A character class in the JSON schema's pattern is empty.")
    return ways[0] if len(ways) == 1 else f"({' | '.join(ways)})"


def _range(low: int, high: int) -> str:
    return _code(low) if low == high else f"{_code(low)}-{_code(high)}"


def _code(code: int) -> str:
    if chr(code).isalnum() and code < 128:
        return chr(code)
    return f"\\U{code:08X}"


def regex(pattern: str) -> str:
    """What the inside of a JSON string has to be to match.

    Raises:
        InvalidArgument: malformed, or with parts that no grammar can express.
    """
    return _Regex(pattern).read()


class _Regex:
    """A reader of the common part of ECMAScript's and Python's regular expressions."""

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._at = 0
        self._depth = 0

    def read(self) -> str:
        anything = characters(_ALL) + "*"
        ways = []
        while True:
            start = "" if self._take("^") else anything + " "
            body = self._sequence()
            ways.append(start + body + ("" if self._take("$") else " " + anything))
            if not self._take("|"):
                break
        if self._at < len(self._pattern):
            self._fail("unexpected " + self._pattern[self._at])
        return f"({' | '.join(ways)})"

    def _alternatives(self) -> str:
        self._depth += 1
        if self._depth > _DEPTH:
            self._fail("nested too deeply")
        ways = [self._sequence()]
        while self._take("|"):
            ways.append(self._sequence())
        self._depth -= 1
        return f"({' | '.join(ways)})"

    def _sequence(self) -> str:
        items = []
        while self._at < len(self._pattern) and self._peek() not in "|)$":
            items.append(self._item() + self._repetition())
        return " ".join(items) or '""'

    def _item(self) -> str:
        char = self._next()
        if char == "(":
            if self._take("?") and not self._take(":"):
                self._fail("groups that look around or have names are not supported")
            group = self._alternatives()
            if not self._take(")"):
                self._fail("a group is not closed")
            return group
        if char == "[":
            return characters(self._class())
        if char == ".":
            return characters(_ALL)
        if char == "\\":
            return characters(self._escape())
        if char in "*+?^":
            self._fail(f"{char} stands where nothing can")
        return characters([(ord(char), ord(char))])

    def _repetition(self) -> str:
        char = self._peek()
        if char and char in "*+?":
            self._at += 1
            times = char
        elif char == "{":
            least, most = self._counts()
            times = f"{{{least},{most}}}" if most else f"{{{least},}}"
        else:
            return ""
        self._take("?")
        return times

    def _counts(self) -> tuple[int, int | None]:
        end = self._pattern.find("}", self._at)
        least, comma, most = self._pattern[self._at + 1 : max(end, 0)].partition(",")
        if not (least.isascii() and least.isdigit()) or (most and not most.isdigit()):
            self._fail("a repetition is malformed")
        self._at = end + 1
        if comma and not most:
            return int(least[:9]), None
        low, high = int(least[:9]), int((most or least)[:9])
        if high < max(low, 1) or high > _MOST:
            self._fail(f"a repetition of {low} to {high}")
        return low, high

    def _class(self) -> Ranges:
        negated = self._take("^")
        ranges: Ranges = []
        while not self._take("]"):
            low = self._class_item()
            single = len(low) == 1 and low[0][0] == low[0][1]
            if single and self._peek() == "-" and self._peek(1) not in ("]", ""):
                self._at += 1
                high = self._class_item()
                if len(high) != 1 or high[0][0] != high[0][1] or high[0][0] < low[0][0]:
                    self._fail("a range of characters is malformed")
                low = [(low[0][0], high[0][0])]
            ranges += low
        return complement(ranges) if negated else ranges

    def _class_item(self) -> Ranges:
        char = self._next()
        return self._escape() if char == "\\" else [(ord(char), ord(char))]

    def _escape(self) -> Ranges:
        char = self._next()
        if char.lower() in _CLASSES:
            ranges = _CLASSES[char.lower()]
            return ranges if char.islower() else complement(ranges)
        if char in ("x", "u"):
            size = 2 if char == "x" else 4
            digits = self._pattern[self._at : self._at + size]
            self._at += size
            try:
                code = int(digits, 16) if len(digits) == size else -1
            except ValueError:
                code = -1
            if code < 0:
                self._fail(f"\\{char} without its digits")
            return [(code, code)]
        if char in _CONTROL:
            return [(_CONTROL[char], _CONTROL[char])]
        if char.isalnum():
            self._fail(f"\\{char} is not supported")
        return [(ord(char), ord(char))]

    def _peek(self, ahead: int = 0) -> str:
        return self._pattern[self._at + ahead : self._at + ahead + 1]

    def _next(self) -> str:
        char = self._peek()
        if not char:
            self._fail("it ends too early")
        self._at += 1
        return char

    def _take(self, char: str) -> bool:
        if self._peek() != char:
            return False
        self._at += 1
        return True

    def _fail(self, reason: str) -> NoReturn:
        raise InvalidArgument(f"The JSON schema's pattern {self._pattern!r}: {reason}.")
