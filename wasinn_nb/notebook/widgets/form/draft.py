"""Changes that somebody makes in a form and has not applied."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from wasinn_nb.nn.errors import InvalidArgument
from wasinn_nb.nn.settings import Schema, Value

if TYPE_CHECKING:
    from wasinn_nb.notebook.widgets.requests import Request

_MOST = 1000
_LONGEST = 100_000


@dataclass(frozen=True, slots=True)
class Draft:
    """Pins to be set and pins to be dropped.

    Args:
        values: by setting, what stands in the field: a value, or a text that may be none.
        unset: settings whose pins go.
        view: the view that it comes from; 0 for the kernel.
        seq: the view's count of its drafts.
    """

    values: Mapping[str, Value] = field(default_factory=dict)
    unset: tuple[str, ...] = ()
    view: int = 0
    seq: int = 0

    @classmethod
    def read(cls, request: Request) -> Draft:
        """The draft in a view's message.

        Raises:
            InvalidArgument: it is none.
        """
        values, unset = request.mapping("set"), request.names("unset")
        if len(values) + len(unset) > _MOST:
            raise InvalidArgument(f"A draft has {len(values) + len(unset)} changes.")
        checked = {key: _scalar(key, value) for key, value in values.items()}
        view, seq = int(request.number("view")), int(request.number("seq"))
        return cls(checked, tuple(unset), view, seq)

    def checked(self, schema: Schema) -> tuple[dict[str, Value], dict[str, str]]:
        """The values that settings can have, and by setting what is wrong with the others."""
        values: dict[str, Value] = {}
        errors: dict[str, str] = {}
        for key, raw in self.values.items():
            try:
                values |= schema.check_user({key: raw})
            except InvalidArgument as error:
                errors[key] = error.message
        return values, errors

    def differing(self, pins: Mapping[str, Value]) -> Draft:
        """This draft without what is pinned so already, be it by code."""
        values = {k: raw for k, raw in self.values.items() if not _is(raw, pins, k)}
        unset = tuple(key for key in self.unset if key in pins)
        return replace(self, values=values, unset=unset)

    def without(self, applied: Draft) -> Draft:
        """What is left when another draft has been applied; what was changed since stays."""
        values = {k: raw for k, raw in self.values.items() if not _is(raw, applied.values, k)}
        unset = tuple(key for key in self.unset if key not in applied.unset)
        return Draft(values, unset)

    def as_json(self) -> dict[str, Any]:
        """As views know it."""
        return {"set": dict(self.values), "unset": list(self.unset)}


def _is(raw: Value, values: Mapping[str, Value], key: str) -> bool:
    """Whether a setting has this value; unlike in Python, true is not 1."""
    if key not in values:
        return False
    return raw == values[key] and isinstance(raw, bool) is isinstance(values[key], bool)


def _scalar(key: str, value: object) -> Value:
    if value is not None and not isinstance(value, (bool, int, float, str)):
        raise InvalidArgument(f"A view sent a {type(value).__name__} as the value of {key!r}.")
    if isinstance(value, str) and len(value) > _LONGEST:
        raise InvalidArgument(f"A view sent {len(value)} characters as the value of {key!r}.")
    return value
