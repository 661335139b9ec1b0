"""One export as a Python callable."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from wasinn_nb.abi.wit.codec import Err
from wasinn_nb.guest.errors import GuestError, GuestHandleClosed, GuestResultError, GuestTypeError
from wasinn_nb.guest.exports.composites import OptionForm, ResultForm
from wasinn_nb.guest.exports.forms import Form, Mismatch
from wasinn_nb.guest.exports.resources import Passing
from wasinn_nb.guest.words import plain

if TYPE_CHECKING:
    from wasinn_nb.guest.exports.calls import Caller
    from wasinn_nb.guest.exports.live import Live

_LONGEST_ERROR = 2000

Enter = Callable[["Live", Sequence[Any]], Any]
"""Calls the export in an instance, with what the codecs write; returns what they read."""


@dataclass(frozen=True, slots=True)
class Param:
    """One parameter: its name in WIT and in Python, and its type."""

    wit: str
    name: str
    form: Form


@dataclass(frozen=True, slots=True)
class Described:
    """What an export takes and gives.

    Attributes:
        name: as it is called in Python, with the interface's or resource's name before it.
        params, result: its types; a result of None is none.
        docs: what its author says of it.
        problem: why it cannot be called from Python; empty if it can.
        text: its signature where it has such a problem.
        bound: its first parameter is the object that it is a method of.
    """

    name: str
    params: tuple[Param, ...] = ()
    result: Form | None = None
    docs: str = ""
    problem: str = ""
    text: str = ""
    bound: bool = False

    @property
    def signature(self) -> str:
        """As WIT has it: ``classify(pixels: list<f32>) -> u32``."""
        if self.text:
            return f"{self.name}{self.text}"
        shown = self.params[1:] if self.bound else self.params
        params = ", ".join(f"{one.wit}: {one.form.wit}" for one in shown)
        result = f" -> {self.result.wit}" if self.result else ""
        return f"{self.name}({params}){result}"


class Export:
    """Calls one export.

    Args:
        described: its types.
        caller: of its guest.
        enter: how it is called.
    """

    def __init__(self, described: Described, caller: Caller, enter: Enter) -> None:
        self.described = described
        self.signature = _signature(described)
        self._caller = caller
        self._enter = enter

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Check what is given, call, and make of the result what Python has for it."""
        described, form = self.described, self.described.result
        if described.problem:
            raise GuestError(f"{described.name}() cannot be called: {described.problem}.")
        given = self._bound(args, kwargs)
        passing = Passing(self._caller.live)
        values = [
            self._lowered(param, value, passing)
            for param, value in zip(described.params, given, strict=True)
        ]

        def work(live: Live) -> Any:
            try:
                passing.enter(live)
            except GuestHandleClosed as closed:  # nothing was called, so the instance stays
                return closed
            value = self._enter(live, values)
            return None if form is None else form.lift(value, passing)

        value = self._caller.call(described.name, work)
        if isinstance(value, GuestHandleClosed):
            raise value
        return self._opened(form, value) if isinstance(form, ResultForm) else value

    def _opened(self, form: ResultForm, value: Any) -> Any:
        if not isinstance(value, Err):
            return value.value
        said = f": {_in_words(value.value)}" if form.err else "."
        raise GuestResultError(
            f"{self.described.name}() returned an error{said}", value=value.value
        )

    def _bound(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Sequence[Any]:
        if not kwargs and len(args) == len(self.described.params):
            return args
        try:
            bound = self.signature.bind(*args, **kwargs)
        except TypeError as error:
            raise GuestTypeError(
                f"{self.described.name}(): {error}.", hint=f"It is {self.described.signature}."
            ) from None
        bound.apply_defaults()
        return list(bound.arguments.values())

    def _lowered(self, param: Param, value: Any, passing: Passing) -> Any:
        try:
            return param.form.lower(value, passing)
        except Mismatch as mismatch:
            place = f"{param.name}{mismatch.path}"
            why = f" ({mismatch.why})" if mismatch.why else ""
            raise GuestTypeError(
                f"{self.described.name}(): {place} is {mismatch.wit}{why}, "
                f"and it was given {mismatch.given}."
            ) from None


class Function:
    """An exported function. ``?`` shows its signature and what its author says of it."""

    def __init__(self, export: Export) -> None:
        described = export.described
        self.__name__ = described.name.rpartition(".")[2]
        self.__qualname__ = described.name
        self.__doc__ = docstring(described)
        self.__signature__ = export.signature
        self._export = export

    def __call__(self, *args: Any, **kwargs: Any) -> Any:  # noqa: D102 - each has its own
        return self._export(*args, **kwargs)

    def __repr__(self) -> str:
        return f"<{self._export.described.signature}>"


def _in_words(error: Any) -> str:
    """What a guest gave as an error: its own words where it is text."""
    return plain(error if isinstance(error, str) else repr(error), _LONGEST_ERROR)


def method(export: Export) -> Any:
    """An export as a function, which binds as a method does."""

    def call(*args: Any, **kwargs: Any) -> Any:
        return export(*args, **kwargs)

    described = export.described
    call.__name__ = described.name.rpartition(".")[2]
    call.__qualname__ = described.name
    call.__doc__ = docstring(described)
    setattr(call, "__signature__", export.signature)  # noqa: B010 - unknown to type checkers
    return call


def docstring(described: Described) -> str:
    """What the author says of a function, above it as WIT writes it."""
    text = described.signature
    if described.problem:
        text += f"\n\nIt cannot be called from Python: {described.problem}."
    return f"{described.docs}\n\n{text}" if described.docs else text


def _signature(described: Described) -> inspect.Signature:
    params: list[inspect.Parameter] = []
    optional = True
    for param in reversed(described.params):
        optional = optional and isinstance(param.form, OptionForm)
        params.append(
            inspect.Parameter(
                param.name,
                inspect.Parameter.POSITIONAL_OR_KEYWORD,
                default=None if optional else inspect.Parameter.empty,
                annotation=param.form.annotation,
            )
        )
    params.reverse()
    if described.bound:
        params[0] = params[0].replace(name="self", annotation=inspect.Parameter.empty)
    result = described.result
    returned: Any = None
    if result is not None:
        returned = result.returned if isinstance(result, ResultForm) else result.annotation
    return inspect.Signature(params, return_annotation=returned)
