"""Forms of types that are made of others, such as records, variants, enums, flags and options.

Records are dataclasses, variants a class for each case, enums and flags those of Python. The
classes are made for the guest that has the types; what another guest has made, or a dict, is taken
for a record all the same.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, make_dataclass
from types import GenericAlias
from typing import TYPE_CHECKING, Any

from wasinn_nb.abi.wit import codec as codecs
from wasinn_nb.abi.wit.codec import Codec, Err
from wasinn_nb.abi.wit.values import Flags, OuterOption, Some
from wasinn_nb.guest.exports.forms import Form, Mismatch, described
from wasinn_nb.guest.exports.naming import camel, snake, upper

if TYPE_CHECKING:
    from wasinn_nb.guest.exports.resources import Passing


@dataclass(frozen=True, slots=True)
class Ok:
    """A result that is there, in a place where a result is a value."""

    value: Any = None


class RecordForm:
    """A record: a dataclass. Taken are its objects, dicts, and what has the attributes."""

    def __init__(
        self, name: str, members: Mapping[str, Form], *, home: str, docs: str = ""
    ) -> None:
        self.wit = name
        self._members = [(wit, snake(wit), form) for wit, form in members.items()]
        self.codec: Codec = codecs.Record({wit: form.codec for wit, form in members.items()})
        self.annotation = self.made = _dataclass(name, members, home, docs)

    def lower(self, value: Any, passing: Passing) -> dict[str, Any]:
        """From an object or a dict; options that a dict lacks are None."""
        made = {}
        for wit, attribute, form in self._members:
            item = self._member(value, wit, attribute, form)
            try:
                made[wit] = form.lower(item, passing)
            except Mismatch as mismatch:
                raise mismatch.inside(f".{attribute}") from None
        if isinstance(value, Mapping):
            known = {name for wit, attribute, _ in self._members for name in (wit, attribute)}
            if unknown := [key for key in value if key not in known]:
                raise Mismatch(self.wit, value, f"it has no field {unknown[0]!r}")
        return made

    def lift(self, value: Mapping[str, Any], passing: Passing) -> Any:
        """As an object."""
        return self.made(*(form.lift(value[wit], passing) for wit, _, form in self._members))

    def _member(self, value: Any, wit: str, attribute: str, form: Form) -> Any:
        if isinstance(value, Mapping):
            for name in (attribute, wit):
                if name in value:
                    return value[name]
            if isinstance(form, OptionForm):
                return None
        elif hasattr(value, attribute) and not isinstance(value, type):
            return getattr(value, attribute)
        names = ", ".join(attribute for _, attribute, _ in self._members)
        fields_of = f"the field {attribute} is missing; it has {names}"
        raise Mismatch(self.wit, value, fields_of)


def _dataclass(name: str, members: Mapping[str, Form], home: str, docs: str) -> type:
    listed: list[Any] = []
    for wit, form in reversed(list(members.items())):
        # who follows something that must be given must be given too, or it could not be left out
        optional = isinstance(form, OptionForm) and all(len(one) == 3 for one in listed)
        one = (snake(wit), form.annotation)
        listed.insert(0, (*one, field(default=None)) if optional else one)
    made: type = make_dataclass(camel(name), listed, slots=True, namespace={"__eq__": _same})
    inside = ", ".join(f"{wit}: {form.wit}" for wit, form in members.items())
    _place(made, camel(name), home, docs, f"record {name} {{ {inside} }}")
    return made


def _same(one: Any, other: Any) -> Any:
    """Field by field, also where a field is an array."""
    if other.__class__ is not one.__class__:
        return NotImplemented
    return all(equal(getattr(one, f.name), getattr(other, f.name)) for f in fields(one))


def equal(one: Any, other: Any) -> bool:
    """Whether two values are the same, arrays and what has them in it among them."""
    import numpy as np

    if isinstance(one, np.ndarray) or isinstance(other, np.ndarray):
        return np.array_equal(one, other)
    if isinstance(one, (list, tuple)) and type(one) is type(other):
        return len(one) == len(other) and all(map(equal, one, other))
    return bool(one == other)


def _place(made: type, name: str, home: str, docs: str, text: str) -> None:
    made.__module__, made.__qualname__ = home, name
    made.__doc__ = f"{docs}\n\n{text}" if docs else text


class _CaseBase:
    """What a case of a variant is: an object of its own class."""

    __slots__ = ("value",)
    __match_args__: tuple[str, ...] = ("value",)
    label = ""

    def __init__(self, value: Any) -> None:
        self.value = value

    def __repr__(self) -> str:
        return f"{type(self).__qualname__}({self.value!r})"

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and equal(self.value, getattr(other, "value", None))

    def __hash__(self) -> int:
        return hash((type(self), self.value))


class _EmptyCase(_CaseBase):
    __slots__ = ()
    __match_args__ = ()

    def __init__(self) -> None:
        self.value = None

    def __repr__(self) -> str:
        return f"{type(self).__qualname__}()"


class VariantForm:
    """A variant: a class with one class for each case, as ``Shape.Circle(1.0)``."""

    def __init__(
        self, name: str, cases: Mapping[str, Form | None], *, home: str, docs: str = ""
    ) -> None:
        self.wit = name
        self._cases = dict(cases)
        inner = {case: form.codec if form else None for case, form in cases.items()}
        self.codec: Codec = codecs.Variant(inner)
        title = camel(name)
        inside = ", ".join(f"{case}({form.wit})" if form else case for case, form in cases.items())
        base = type(title, (), {"__slots__": ()})
        _place(base, title, home, docs, f"variant {name} {{ {inside} }}")
        self._classes: dict[str, Any] = {}
        for case, form in cases.items():
            kind = _CaseBase if form else _EmptyCase
            made = type(camel(case), (kind, base), {"__slots__": (), "label": case})
            _place(made, f"{title}.{camel(case)}", home, "", f"case {case} of {name}")
            self._classes[case] = made
            setattr(base, camel(case), made)
        self.annotation = self.made = base

    def lower(self, value: Any, passing: Passing) -> codecs.Case:
        """From an object of a case's class; from the name of a case without a value."""
        label, payload = self._opened(value)
        form = self._cases[label]
        if form is None:
            return codecs.Case(label)
        try:
            return codecs.Case(label, form.lower(payload, passing))
        except Mismatch as mismatch:
            raise mismatch.inside(f".{camel(label)}") from None

    def lift(self, value: codecs.Case, passing: Passing) -> Any:
        """As an object of the case's class."""
        form, made = self._cases[value.name], self._classes[value.name]
        return made(form.lift(value.value, passing)) if form else made()

    def _opened(self, value: Any) -> tuple[str, Any]:
        label = getattr(value, "label", None)
        if isinstance(value, _CaseBase) and label in self._cases:
            if (self._cases[label] is None) == isinstance(value, _EmptyCase):
                return label, value.value
        elif isinstance(value, type) and issubclass(value, _EmptyCase) and label in self._cases:
            return str(label), None
        elif isinstance(value, str) and value in self._cases and self._cases[value] is None:
            return value, None
        names = ", ".join(
            f"{self.made.__name__}.{camel(case)}({'...' if form else ''})"
            for case, form in self._cases.items()
        )
        raise Mismatch(self.wit, value, f"it is one of {names}")


class EnumForm:
    """An enum: members in capitals, equal to their names in WIT."""

    def __init__(self, name: str, labels: Iterable[str], *, home: str, docs: str = "") -> None:
        self.wit = name
        self._labels = tuple(labels)
        self.codec: Codec = codecs.Enum(self._labels)
        labelled = [(upper(label), label) for label in self._labels]
        made: Any = enum.StrEnum(camel(name), labelled)  # type: ignore[misc] # at run time
        _place(made, camel(name), home, docs, f"enum {name} {{ {', '.join(self._labels)} }}")
        self.annotation = self.made = made
        self._known = {snake(label): label for label in self._labels}

    def lower(self, value: Any, _passing: Passing) -> str:
        """From a member, or its name."""
        if isinstance(value, str):
            if value in self._labels:
                return str(value)
            if snake(value) in self._known:
                return self._known[snake(value)]
        raise Mismatch(self.wit, value, f"it is one of {', '.join(map(repr, self._labels))}")

    def lift(self, value: str, _passing: Passing) -> Any:
        """As a member."""
        return self.made(value)


class FlagsForm:
    """Flags: members in capitals, which ``|`` puts together."""

    def __init__(self, name: str, labels: Iterable[str], *, home: str, docs: str = "") -> None:
        self.wit = name
        self._labels = tuple(labels)
        self.codec: Codec = Flags(self._labels)
        bits = [(upper(label), 1 << i) for i, label in enumerate(self._labels)]
        made: Any = enum.Flag(camel(name), bits)  # type: ignore[misc] # at run time
        _place(made, camel(name), home, docs, f"flags {name} {{ {', '.join(self._labels)} }}")
        self.annotation = self.made = made
        self._known = {snake(label): i for i, label in enumerate(self._labels)}

    def lower(self, value: Any, _passing: Passing) -> list[str]:
        """From members; from a name, or some names."""
        if isinstance(value, enum.Flag) and type(value).__name__ == self.made.__name__:
            bits = value.value
        elif isinstance(value, str):
            bits = self._bit(value)
        elif isinstance(value, Iterable):
            bits = 0
            for name in value:
                bits |= name.value if isinstance(name, self.made) else self._bit(name)
        else:
            raise Mismatch(self.wit, value, self._names)
        return [label for i, label in enumerate(self._labels) if bits >> i & 1]

    def lift(self, value: list[str], _passing: Passing) -> Any:
        """As members."""
        bits = sum(1 << self._labels.index(label) for label in set(value))
        return self.made(bits)

    @property
    def _names(self) -> str:
        return f"it has {', '.join(map(repr, self._labels))}"

    def _bit(self, name: Any) -> int:
        if not isinstance(name, str) or snake(name) not in self._known:
            raise Mismatch(self.wit, name, self._names)
        return 1 << self._known[snake(name)]


class TupleForm:
    """A tuple."""

    def __init__(self, items: Iterable[Form]) -> None:
        self.items = tuple(items)
        self.wit = f"tuple<{', '.join(item.wit for item in self.items)}>"
        kinds = tuple(item.annotation for item in self.items)
        self.annotation: Any = GenericAlias(tuple, kinds)
        self.codec: Codec = codecs.Tuple(*(item.codec for item in self.items))

    def lower(self, value: Any, passing: Passing) -> tuple[Any, ...]:
        """From a sequence of as many."""
        if isinstance(value, (str, bytes, dict, set)) or not hasattr(value, "__len__"):
            raise Mismatch(self.wit, value)
        if len(value) != len(self.items):
            raise Mismatch(self.wit, value, f"it has {len(self.items)} elements")
        made = []
        for at, (form, item) in enumerate(zip(self.items, value, strict=True)):
            try:
                made.append(form.lower(item, passing))
            except Mismatch as mismatch:
                raise mismatch.inside(f"[{at}]") from None
        return tuple(made)

    def lift(self, value: tuple[Any, ...], passing: Passing) -> tuple[Any, ...]:
        """As a tuple."""
        pairs = zip(self.items, value, strict=True)
        return tuple(form.lift(item, passing) for form, item in pairs)


class OptionForm:
    """An option: the value, or None. An option in an option is :class:`Some`, or None."""

    def __init__(self, some: Form) -> None:
        self._some = some
        self.wit = f"option<{some.wit}>"
        self.annotation: Any = some.annotation | None
        # a value that can be None itself would pass for one that is not there
        self._outer = isinstance(some, OptionForm)
        self.codec: Codec = (OuterOption if self._outer else codecs.Option)(some.codec)

    def lower(self, value: Any, passing: Passing) -> Any:
        """From a value, or None."""
        if value is None:
            return None
        if not self._outer:
            return self._some.lower(value, passing)
        inner = value.value if isinstance(value, Some) else value
        return Some(self._some.lower(inner, passing))

    def lift(self, value: Any, passing: Passing) -> Any:
        """As the value, or None."""
        if value is None:
            return None
        if not self._outer:
            return self._some.lift(value, passing)
        return Some(self._some.lift(value.value, passing))


class ResultForm:
    """A result: where a function returns it, its value, or an exception. Else ``Ok`` or ``Err``."""

    def __init__(self, ok: Form | None, err: Form | None) -> None:
        self.ok = ok
        self.err = err
        inner = [ok.wit if ok else "_", err.wit if err else ""]
        self.wit = f"result<{', '.join(filter(None, inner))}>" if ok or err else "result"
        self.annotation: Any = Ok | Err
        self.codec: Codec = codecs.Result(ok.codec if ok else None, err.codec if err else None)

    @property
    def returned(self) -> Any:
        """The annotation where it is what a function returns."""
        return self.ok.annotation if self.ok else None

    def lower(self, value: Any, passing: Passing) -> Any:
        """From ``Ok`` or ``Err``."""
        if not isinstance(value, (Ok, Err)):
            raise Mismatch(self.wit, value, "it is Ok(...) or Err(...)")
        form = self.ok if isinstance(value, Ok) else self.err
        if form is None:
            if value.value is not None:
                raise Mismatch(self.wit, value, f"that has no value, but {described(value.value)}")
            made = None
        else:
            try:
                made = form.lower(value.value, passing)
            except Mismatch as mismatch:
                raise mismatch.inside(f".{type(value).__name__}") from None
        return made if isinstance(value, Ok) else Err(made)

    def lift(self, value: Any, passing: Passing) -> Any:
        """As ``Ok`` or ``Err``."""
        if isinstance(value, Err):
            return Err(self.err.lift(value.value, passing) if self.err else None)
        return Ok(self.ok.lift(value, passing) if self.ok else None)
