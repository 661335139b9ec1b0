"""The types of a component, as far as one has to know them to change what some of them are.

A type here is a text: two that cross in the same way have the same one. It remembers in which of
the component's types of instances there stands a ``list<u8>`` that it is made of.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from wasinn_nb.guest.componentize.builder import CORE_MODULE, FUNC, INSTANCE, TYPE
from wasinn_nb.guest.wat.reader import Reader

BYTES, TEXT = b"\x70\x7d", b"\x73"
"""``list<u8>`` and ``string`` as they stand in a binary."""

_NAMES = "bool s8 u8 s16 u16 s32 u32 s64 u64 f32 f64 char string"
_PRIMITIVES = {0x7F - place: name for place, name in enumerate(_NAMES.split())}
_LIST, _OPTION, _RESULT, _TUPLE, _RECORD, _VARIANT = 0x70, 0x6B, 0x6A, 0x6F, 0x72, 0x71
_ENUM, _FLAGS, _OWN, _BORROW = 0x6D, 0x6E, 0x69, 0x68
_STREAM, _FUTURE = 0x66, 0x65
_FUNCTION, _ASYNC_FUNCTION, _INSTANCE_TYPE, _RESOURCE = 0x40, 0x43, 0x42, 0x3F
_HANDLES = {_OWN: "own", _BORROW: "borrow"}
_TYPE_DECLARED, _ALIAS_DECLARED, _EXPORT_DECLARED = 1, 2, 4
_OUTER, _ONE_OUT = 2, 1
_LONGEST = 100  # of a text; types within types can double with each


class NotUnderstood(Exception):  # noqa: N818 - no error: a component is left as it is
    """The component holds something that this does not know enough about."""


@dataclass(frozen=True)
class Type:
    """A type.

    Attributes:
        text: what it is.
        homes: the types of instances, by their numbers in the component, whose ``list<u8>`` is
            in it.
        exports: of a type of instances, what it has: the sort and the type of each.
        places: in a type of instances, where in the binary each ``list<u8>`` of it is.
    """

    text: str
    homes: frozenset[int] = frozenset()
    exports: dict[str, tuple[int, Type]] = field(default_factory=dict)
    places: tuple[int, ...] = ()


PLAIN = Type("other")


class Types:
    """The types of a component, or inside of a type of instances.

    Args:
        outer: those around it.
        home: the number of the type of instances.
        core_function: called where the number of a core function is read.
    """

    def __init__(
        self,
        outer: Types | None = None,
        home: int = -1,
        core_function: Callable[[Reader], object] | None = None,
    ) -> None:
        self.all: list[Type] = []
        self._outer = outer
        self._home = home
        self._core_function = core_function
        self._places: list[int] = []

    def at(self, number: int) -> Type:
        """The type of a number."""
        if not 0 <= number < len(self.all):
            raise NotUnderstood
        return self.all[number]

    def define(self, reader: Reader) -> None:
        """The next type."""
        self.all.append(self._defined(reader))

    def extern(self, reader: Reader) -> tuple[int, Type]:
        """What is imported or exported: its sort and type. A type gets its number here."""
        sort = reader.byte()
        if sort == 0 and reader.byte() == CORE_MODULE:
            reader.unsigned()
            return CORE_MODULE, PLAIN
        if sort in (FUNC, INSTANCE):
            return sort, self.at(reader.unsigned())
        if sort != TYPE:
            raise NotUnderstood
        found = self.at(reader.unsigned()) if _flag(reader) == 0 else Type("resource")
        self.all.append(found)
        return TYPE, found

    def result(self, reader: Reader) -> Type:
        """What a function returns."""
        return self._value(reader) if _flag(reader) == 0 else _nothing(reader)

    def _defined(self, reader: Reader) -> Type:
        start = reader.at
        kind = reader.byte()
        if kind in _PRIMITIVES:
            return Type(_PRIMITIVES[kind])
        if kind in (_FUNCTION, _ASYNC_FUNCTION):
            params = reader.vector(lambda: self._named(reader))
            return _made("func" if kind == _FUNCTION else "async", [*params, self.result(reader)])
        if kind == _INSTANCE_TYPE and self._outer is None:
            return Types(self, len(self.all)).instance(reader)
        if kind == _RESOURCE and self._core_function is not None:
            reader.byte()
            if _flag(reader):
                self._core_function(reader)
            return Type("resource")
        found = self._compound(kind, reader)
        if found.text == "list(u8)" and self._outer is not None:
            # of another length it is not what is looked for, and it stays as it is
            if reader.data[start : reader.at] != BYTES:
                raise NotUnderstood
            self._places.append(start)
            return Type(found.text, frozenset((self._home,)))
        return found

    def _compound(self, kind: int, reader: Reader) -> Type:  # noqa: PLR0911 - one a kind
        if kind == _LIST:
            return _made("list", [self._value(reader)])
        if kind == _OPTION:
            return _made("option", [self._value(reader)])
        if kind == _RESULT:
            return _made("result", [self._optional(reader), self._optional(reader)])
        if kind == _TUPLE:
            return _made("tuple", reader.vector(lambda: self._value(reader)))
        if kind == _RECORD:
            return _made("record", reader.vector(lambda: self._named(reader)))
        if kind == _VARIANT:
            return _made("variant", reader.vector(lambda: self._case(reader)))
        if kind in (_STREAM, _FUTURE):
            return _made("stream", [self._optional(reader)])
        if kind in (_ENUM, _FLAGS):
            reader.vector(reader.name)
            return Type("enum" if kind == _ENUM else "flags")
        if kind in _HANDLES:
            self.at(reader.unsigned())
            return Type(_HANDLES[kind])
        raise NotUnderstood

    def instance(self, reader: Reader) -> Type:
        """The type of instances that these are the types of."""
        exports: dict[str, tuple[int, Type]] = {}
        for _ in range(reader.unsigned()):
            declared = reader.byte()
            if declared == _TYPE_DECLARED:
                self.define(reader)
            elif declared == _ALIAS_DECLARED:
                self.all.append(self._alias(reader))
            elif declared == _EXPORT_DECLARED:
                called = extern_name(reader)
                exports[called] = self.extern(reader)
            else:
                raise NotUnderstood
        return Type("instance", frozenset(), exports, tuple(self._places))

    def _alias(self, reader: Reader) -> Type:
        if (reader.byte(), reader.byte(), reader.unsigned()) != (TYPE, _OUTER, _ONE_OUT):
            raise NotUnderstood
        if self._outer is None:
            raise NotUnderstood
        return self._outer.at(reader.unsigned())

    def _value(self, reader: Reader) -> Type:
        number = reader.signed(33)
        if number >= 0:
            return self.at(number)
        if number + 0x80 not in _PRIMITIVES:
            raise NotUnderstood
        return Type(_PRIMITIVES[number + 0x80])

    def _named(self, reader: Reader) -> Type:
        reader.name()
        return self._value(reader)

    def _optional(self, reader: Reader) -> Type:
        return self._value(reader) if _flag(reader) else Type("")

    def _case(self, reader: Reader) -> Type:
        reader.name()
        found = self._optional(reader)
        if reader.byte():
            raise NotUnderstood
        return found


class Signature(NamedTuple):
    """A function of ``wasi:nn`` that takes or gives bytes."""

    port: str
    text: str


SIGNATURES = {
    "tensor": {
        "[constructor]tensor": Signature("new", "func(list(u32),enum,list(u8),own)"),
        "[method]tensor.data": Signature("data", "func(borrow,list(u8))"),
    },
    "graph": {
        "load": Signature("load", "func(list(list(u8)),enum,enum,result(own,own))"),
    },
}
"""By interface and name; the last of the types is the result."""


def extern_name(reader: Reader) -> str:
    """The name of an import or an export."""
    if reader.byte() > 1:
        raise NotUnderstood
    return reader.name()


def _flag(reader: Reader) -> int:
    found = reader.byte()
    if found > 1:
        raise NotUnderstood
    return found


def _nothing(reader: Reader) -> Type:
    if reader.byte():
        raise NotUnderstood
    return Type("")


def _made(kind: str, parts: list[Type]) -> Type:
    homes = frozenset[int]().union(*(one.homes for one in parts))
    text = ",".join(one.text for one in parts)
    return Type(f"{kind}({text if len(text) < _LONGEST else '...'})", homes)
