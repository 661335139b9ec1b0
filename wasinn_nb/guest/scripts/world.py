"""``wasinn:script``: how a cell's text crosses to the component that runs it, and what comes back.

The WIT is ``wasinn_nb/wit/wasinn-script.wit``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from wasinn_nb.abi.wit.codec import (
    BOOL,
    F64,
    U8,
    U32,
    Bytes,
    Case,
    Codec,
    Enum,
    Err,
    List,
    Option,
    Record,
    Result,
    String,
    Tuple,
    Variant,
)
from wasinn_nb.abi.wit.linker import Function, Interface

HOST = "wasinn:script/host@0.1.0"
CELLS = ("wasinn:script/cells@0.1.0", "wasinn:script/async-cells@0.1.0")
FORGETS_CHECKS = CELLS[0]
"""Of whose checks nothing is left."""

_PLACE = Record({"line": U32, "column": U32})
_PROBLEM = Record({"message": String(), "at": _PLACE})
_UNCAUGHT = Record({"message": String(), "at": _PLACE, "trace": List(String())})
_CELL = Record(
    {
        "source": String(),
        "label": String(),
        "first-line": U32,
        "args": List(String()),
        "env": List(Tuple(String(), String())),
    }
)
_OUTCOME = Variant(
    {"done": None, "waiting": F64, "syntax": _PROBLEM, "raised": _UNCAUGHT, "exit": U8}
)
CALLS: Mapping[str, tuple[Sequence[Codec], Codec]] = {
    "check": ((_CELL,), Option(_PROBLEM)),
    "run": ((_CELL,), _OUTCOME),
    "step": ((), _OUTCOME),
}
"""What a cell's component exports: parameters and result of each function."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell to be run."""

    source: str
    label: str
    first_line: int = 1
    args: Sequence[str] = ()
    env: Sequence[tuple[str, str]] = ()

    def fields(self) -> dict[str, Any]:
        """As the record of the WIT."""
        return {
            "source": self.source,
            "label": self.label,
            "first-line": self.first_line,
            "args": self.args,
            "env": self.env,
        }


@dataclass(frozen=True, slots=True)
class Uncaught:
    """What kept a cell from being run, or ended it.

    Attributes:
        message: in the language's words.
        line, column: where in the cell; 0 where it is not known.
        trace: the functions it came through, innermost first.
    """

    message: str
    line: int = 0
    column: int = 0
    trace: tuple[str, ...] = ()

    @classmethod
    def read(cls, fields: Mapping[str, Any]) -> Uncaught:
        """From a ``problem`` or an ``uncaught`` of the WIT."""
        at = fields["at"]
        return cls(fields["message"], at["line"], at["column"], tuple(fields.get("trace", ())))


class World(Protocol):
    """What a run gives to its cell."""

    def print(self, channel: str, text: str) -> None:
        """Print to ``"output"`` or ``"error"``."""

    def sleep(self, seconds: float) -> None:
        """Wait, until the run is stopped at most."""

    def stopped(self) -> bool:
        """Whether the run is to end."""

    def keeps(self) -> bool:
        """Whether another cell will find what this one defines."""

    def report(self, text: str) -> None:
        """The exception that the cell ends with, as its language prints it."""

    def stdin(self) -> bytes:
        """All of standard input."""

    def input(self, name: str) -> bytes | None:
        """The file of this name in ``/in``."""

    def output(self, name: str, data: bytes) -> str:
        """Leave a file in ``/out``; returns why it could not be, or an empty string."""


def interface(world: World) -> Interface:
    """What a cell's component imports of the world it is in."""

    def output(name: str, data: bytes) -> Err | None:
        problem = world.output(name, data)
        return Err(problem) if problem else None

    channel = Enum(("output", "error"))
    functions = {
        "print": Function((channel, String()), None, world.print),
        "sleep": Function((F64,), None, world.sleep),
        "stopped": Function((), BOOL, world.stopped),
        "keeps": Function((), BOOL, world.keeps),
        "report": Function((String(),), None, world.report),
        "stdin": Function((), Bytes(), world.stdin),
        "input": Function((String(),), Option(Bytes()), world.input),
        "output": Function((String(), Bytes()), Result(None, String()), output),
    }
    return Interface({}, functions)


__all__ = [
    "CALLS",
    "CELLS",
    "FORGETS_CHECKS",
    "HOST",
    "Case",
    "Cell",
    "Uncaught",
    "World",
    "interface",
]
