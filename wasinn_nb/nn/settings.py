"""Settings of a backend: their schema, and whose value wins.

A backend describes each setting once (:class:`Setting`); parsing of ``--set``, of a guest's JSON,
of a form, help, completion and the reload decision all follow from that description.

Precedence, highest first: pin, guest, load, default (the person at the notebook owns the machine).
"""

from __future__ import annotations

import difflib
import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal

from wasinn_nb.nn.errors import InvalidArgument, InvalidEncoding
from wasinn_nb.nn.offers import Offer, Span

Value = bool | int | float | str | None
Kind = Literal["int", "float", "bool", "str"]
_LISTED = 20
"""How many settings an error names."""


class Scope(StrEnum):
    """What has to be made anew when the setting changes."""

    MODEL = "model"  # the weights are loaded again
    CONTEXT = "context"  # new execution contexts only
    REQUEST = "request"  # nothing: it is read at the next compute
    HOST = "host"  # nothing: the host itself looks at it


class Origin(StrEnum):
    """Where an effective value came from."""

    DEFAULT = "default"
    LOAD = "load"
    GUEST = "guest"
    PIN = "pin"


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting of a backend.

    Args:
        key: the name on the wire, in kebab case (``n-gpu-layers``).
        kind: JSON type.
        default: value when nobody says anything; ``None`` leaves it to the library.
        help: one line.
        read: gives a string its usual form; raises :class:`InvalidArgument` for what is none.
        choices: the only strings (or ints) accepted, in the order a form shows them.
        names: words that users may write for values of an int setting; guests send numbers.
        minimum, maximum: inclusive bounds; for floats in ``clamp`` a smaller value becomes the
        minimum. clamp: below ``minimum`` is silently raised to it (WasmEdge does so for penalties).
        unit: shown after the value (``tokens``, ``layers``).
        path: the value names a file; a guest can only name one it was given.
        guest: a guest may set it.
        effect: False for keys that published guests send and that no host of today acts on.
        prominent: a form shows it at once, and the other settings behind "more".
        offers: the values that a form offers here, in order; others may be legal as well.
        span: what a form's slider runs over; other values within the bounds stay legal.
        unavailable: why the setting does nothing on this machine or for this model; empty if it
            does.
    """

    key: str
    kind: Kind
    scope: Scope
    default: Value = None
    help: str = ""
    read: Callable[[str], str] | None = None
    choices: tuple[str, ...] = ()
    names: Mapping[str, int] = field(default_factory=dict, hash=False)
    minimum: float | None = None
    maximum: float | None = None
    clamp: bool = False
    unit: str = ""
    path: bool = False
    guest: bool = True
    effect: bool = True
    prominent: bool = False
    offers: tuple[Offer, ...] = ()
    span: Span | None = None
    unavailable: str = ""

    @property
    def offered(self) -> tuple[Offer, ...]:
        """What a form offers: :attr:`offers`, or the choices and names where there are none."""
        if self.offers:
            return self.offers
        if self.choices:
            return tuple(Offer(word, word) for word in self.choices)
        return tuple(Offer(number, name) for name, number in self.names.items())

    def text(self, value: Value) -> str:
        """A value as a user writes it; :meth:`parse` reads it back."""
        if isinstance(value, bool):
            return "true" if value else "false"
        named = (name for name, number in self.names.items() if number == value)
        return next(named, "" if value is None else str(value))

    def check(self, value: object) -> Value:
        """The value as this setting holds it.

        Raises:
            InvalidArgument: wrong JSON type, unreadable, or outside the bounds or choices.
        """
        checked = self._typed(value)
        if self.read is not None and isinstance(checked, str):
            checked = self.read(checked)
        if isinstance(checked, str) and self.choices:
            checked = {word.lower(): word for word in self.choices}.get(checked.lower(), checked)
        if self.choices and checked not in self.choices:
            raise InvalidArgument(
                f"{self.key} is {checked!r}; it can be {', '.join(map(repr, self.choices))}."
            )
        if isinstance(checked, (int, float)) and not isinstance(checked, bool):
            return self._bounded(checked)
        return checked

    def parse(self, text: str) -> Value:
        """The value of a ``KEY=VALUE`` text, as a user types it.

        Raises:
            InvalidArgument: the text is not such a value.
        """
        if self.kind == "str":
            return self.check(text)
        if self.kind == "bool":
            words = {"true": True, "on": True, "yes": True, "1": True}
            words |= {"false": False, "off": False, "no": False, "0": False}
            if text.strip().lower() in words:
                return words[text.strip().lower()]
            raise InvalidArgument(f"{self.key} is {text!r}; write true or false.")
        if (name := text.strip().lower()) in self.names:
            return self.check(self.names[name])
        try:
            number: int | float = int(text, 10) if self.kind == "int" else float(text)
        except ValueError:
            noun = "a whole number" if self.kind == "int" else "a number"
            if self.names:
                noun += f" or one of {', '.join(self.names)}"
            raise InvalidArgument(f"{self.key} is {text!r}; it must be {noun}.") from None
        return self.check(number)

    def _typed(self, value: object) -> bool | int | float | str:
        if self.kind == "bool" and isinstance(value, bool):
            return value
        if self.kind == "str" and isinstance(value, str):
            return value
        if self.kind == "int" and isinstance(value, int) and not isinstance(value, bool):
            return value
        if self.kind == "float" and isinstance(value, (int, float)) and not isinstance(value, bool):
            try:
                number = float(value)
            except OverflowError:
                number = math.inf
            if math.isfinite(number):
                return number
        nouns = {"bool": "true or false", "str": "a string", "int": "a whole number"}
        raise InvalidArgument(
            f"{self.key} is {json.dumps(value, default=repr)[:80]}; "
            f"it must be {nouns.get(self.kind, 'a finite number')}."
        )

    def _bounded(self, value: float) -> int | float:
        if self.minimum is not None and value < self.minimum:
            if self.clamp:
                return type(value)(self.minimum)
            raise InvalidArgument(f"{self.key} is {value}; the least is {self.minimum:g}.")
        if self.maximum is not None and value > self.maximum:
            raise InvalidArgument(f"{self.key} is {value}; the most is {self.maximum:g}.")
        return value


@dataclass(frozen=True, slots=True)
class ParsedConfig:
    """A guest's configuration JSON, checked as a whole: all of it holds, or nothing is applied."""

    values: Mapping[str, Value] = field(default_factory=dict)
    unknown: tuple[str, ...] = ()


class Schema(Mapping[str, Setting]):
    """The settings of one backend, by key."""

    def __init__(self, settings: Iterable[Setting]) -> None:
        self._settings = {s.key: s for s in settings}

    def __getitem__(self, key: str) -> Setting:
        return self._settings[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._settings)

    def __len__(self) -> int:
        return len(self._settings)

    def with_first(self, settings: Iterable[Setting]) -> Schema:
        """This schema with these settings first, in the place of those with the same keys."""
        first = {s.key: s for s in settings}
        return Schema(
            [*first.values(), *(s for key, s in self._settings.items() if key not in first)]
        )

    def find(self, key: str) -> Setting:
        """The setting that a *user* names (underscores are accepted for hyphens).

        Raises:
            InvalidArgument: unknown; the message suggests the nearest names.
        """
        name = key.strip().replace("_", "-")
        if name in self._settings:
            return self._settings[name]
        effective = [k for k, s in self._settings.items() if s.effect]
        near = difflib.get_close_matches(name, effective, n=3, cutoff=0.6)
        hint = f"Did you mean {' or '.join(near)}?" if near else _known(effective)
        raise InvalidArgument(f"There is no setting {key!r}.", hint=hint)

    def check_user(self, values: Mapping[str, object]) -> dict[str, Value]:
        """Check a user's mapping (from Python, ``--config`` JSON or a form); all or nothing.

        Strings given for numbers and booleans are parsed. ``None`` leaves the setting alone.

        Raises:
            InvalidArgument: unknown key or bad value.
        """
        checked: dict[str, Value] = {}
        for key, value in values.items():
            setting = self.find(key)
            if value is None:
                continue
            text = isinstance(value, str) and setting.kind != "str"
            checked[setting.key] = setting.parse(str(value)) if text else setting.check(value)
        return checked

    def parse_guest(self, data: bytes | bytearray | memoryview) -> ParsedConfig:
        """Read a guest's configuration or metadata JSON (ABI sheet 4.2).

        Valid JSON that is not an object sets nothing; of a duplicate key the first counts; unknown
        keys are reported, not refused.

        Raises:
            InvalidEncoding: not JSON.
            InvalidArgument: a known key has the wrong JSON type or a value out of bounds.
        """
        try:
            document = json.loads(
                bytes(data).decode("utf-8"),
                object_pairs_hook=_first_wins,
                parse_constant=_no_constant,
            )
        except (ValueError, RecursionError) as error:
            raise InvalidEncoding(f"The configuration is not valid JSON: {error}.") from None
        if not isinstance(document, dict):
            return ParsedConfig()
        values: dict[str, Value] = {}
        unknown: list[str] = []
        for key, value in document.items():
            setting = self._settings.get(key)
            if setting is None or not setting.guest:
                unknown.append(key)
            else:
                values[key] = setting.check(value)
        return ParsedConfig(values, tuple(unknown))

    def resolve(
        self,
        *,
        host: Mapping[str, Value] | None = None,
        load: Mapping[str, Value] | None = None,
        guest: Mapping[str, Value] | None = None,
        pins: Mapping[str, Value] | None = None,
    ) -> EffectiveConfig:
        """The value of every setting, and where each came from.

        Args:
            host: defaults of this host in place of the backend's.
            load, guest, pins: the layers of values, lowest first.
        """
        values = {key: s.default for key, s in self._settings.items()} | dict(host or {})
        origins = dict.fromkeys(self._settings, Origin.DEFAULT)
        for origin, layer in ((Origin.LOAD, load), (Origin.GUEST, guest), (Origin.PIN, pins)):
            for key, value in (layer or {}).items():
                values[key] = value
                origins[key] = origin
        return EffectiveConfig(self, values, origins)


@dataclass(frozen=True, slots=True)
class EffectiveConfig:
    """Every setting with its value and origin. Immutable; compare parts with :meth:`select`."""

    schema: Schema
    values: Mapping[str, Value]
    origins: Mapping[str, Origin]

    def __getitem__(self, key: str) -> Value:
        return self.values[key]

    def __repr__(self) -> str:
        said = (k for k, origin in self.origins.items() if origin is not Origin.DEFAULT)
        return (
            f"<EffectiveConfig {', '.join(f'{k}={self.values[k]!r}' for k in said) or 'defaults'}>"
        )

    def select(self, scope: Scope) -> dict[str, Value]:
        """The values of one scope; two graphs with equal MODEL parts are the same load."""
        return {k: v for k, v in self.values.items() if self.schema[k].scope is scope}

    def with_model_of(self, loaded: EffectiveConfig) -> EffectiveConfig:
        """This configuration, with the MODEL settings that a graph was loaded with."""
        values, origins = dict(self.values), dict(self.origins)
        for key in loaded.select(Scope.MODEL):
            values[key], origins[key] = loaded.values[key], loaded.origins[key]
        return EffectiveConfig(self.schema, values, origins)

    def overlay(self, guest: Mapping[str, Value]) -> EffectiveConfig:
        """This configuration with a guest's later values, except where a pin holds."""
        values, origins = dict(self.values), dict(self.origins)
        for key, value in guest.items():
            if origins.get(key) is not Origin.PIN:
                values[key], origins[key] = value, Origin.GUEST
        return EffectiveConfig(self.schema, values, origins)


def _known(keys: Sequence[str]) -> str:
    more = len(keys) - _LISTED
    rest = f" and {more} more; `%wasinn config NAME` lists them" if more > 0 else ""
    return f"Known are {', '.join(keys[:_LISTED])}{rest}."


def _first_wins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    document: dict[str, Any] = {}
    for key, value in pairs:
        document.setdefault(key, value)
    return document


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a JSON number")
