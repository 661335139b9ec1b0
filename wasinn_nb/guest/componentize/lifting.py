"""The functions of a program that a component exports."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from wasinn_nb.guest.componentize import abi, glue
from wasinn_nb.guest.componentize.abi import Lowered
from wasinn_nb.guest.componentize.core import CoreModule, CoreType
from wasinn_nb.guest.componentize.errors import ComponentizeError
from wasinn_nb.guest.componentize.ports import COMMAND, RUN_PREFIX
from wasinn_nb.guest.wit.model import Alias, Function, Interface, Resource, TypeDef

_POST = "cabi_post_"


@dataclass(frozen=True, slots=True, eq=False)
class Lift:
    """An export of the component.

    Attributes:
        called: its name.
        port: what it is.
        core: for each of its functions the one of the program; None for the main program.
        destructors: for each resource what ends one, if anything does.
    """

    called: str
    port: Interface | Function
    core: dict[str, str | None]
    destructors: dict[TypeDef, str | None] = field(default_factory=dict)

    @property
    def functions(self) -> dict[str, Function]:
        """Its functions."""
        if isinstance(self.port, Function):
            return {self.port.extern: self.port}
        return self.port.functions


def lifts(module: CoreModule, exports: Mapping[str, Interface | Function]) -> list[Lift]:
    """What a component has to export, found in its program.

    Args:
        module: the program.
        exports: what the world exports.

    Raises:
        ComponentizeError: the program lacks something, or has it with another type.
    """
    found = [_lift(module, called, port) for called, port in exports.items()]
    for name in (glue.START, glue.INITIALIZE):
        there = module.function(name)
        if there is not None and there != CoreType(()):
            raise ComponentizeError(
                f"The program's {name} is {there}, it should be {CoreType(())}."
            )
    start = module.function(glue.START)
    if start is not None and not any(called.startswith(RUN_PREFIX) for called in exports):
        found.append(Lift(COMMAND.id, COMMAND, {"run": None}))
    return _sorted(found)


def post_return(module: CoreModule, name: str, lowered: Lowered) -> str | None:
    """What is called once the result of a function has been read.

    Raises:
        ComponentizeError: there is such a function with another type.
    """
    called = f"{_POST}{name}"
    there = module.function(called)
    expected = CoreType(lowered.type.results)
    if there is not None and there != expected:
        raise ComponentizeError(f"The program's {called!r} is {there}, it should be {expected}.")
    return None if there is None else called


def _sorted(found: list[Lift]) -> list[Lift]:
    """Interfaces behind those whose types they use."""
    by_port = {lift.port: lift for lift in found}
    ordered: dict[Lift, None] = {}

    def add(lift: Lift | None) -> None:
        if lift is None or lift in ordered:
            return
        for owner in _used(lift.port):
            add(by_port.get(owner))
        ordered[lift] = None

    for lift in found:
        add(lift)
    return list(ordered)


def _used(port: Interface | Function) -> Iterator[Interface]:
    """The interfaces that an interface takes types over from."""
    for type_ in port.types.values() if isinstance(port, Interface) else ():
        target = type_.kind.target if isinstance(type_.kind, Alias) else None
        owner = target.owner if isinstance(target, TypeDef) else port
        if isinstance(owner, Interface) and owner is not port:
            yield owner


def _lift(module: CoreModule, called: str, port: Interface | Function) -> Lift:
    if isinstance(port, Function):
        return Lift(called, port, {port.extern: _core(module, called, port, called)})
    if called.startswith(RUN_PREFIX) and module.function(f"{called}#run") is None:
        if module.function(glue.START) is None:
            raise ComponentizeError(
                f"The world exports {called}, but the program has no main function."
            )
        return Lift(called, port, {"run": None})
    functions = {
        name: _core(module, f"{called}#{name}", function, f"{called}#{name}")
        for name, function in port.functions.items()
    }
    destructors: dict[TypeDef, str | None] = {}
    for type_ in port.types.values():
        if isinstance(type_.kind, Resource):
            name = f"{called}#[dtor]{type_.name}"
            there = module.function(name)
            if there is not None and there != CoreType(("i32",)):
                raise ComponentizeError(f"The program's {name!r} is {there}, it should be (i32).")
            destructors[type_] = None if there is None else name
    return Lift(called, port, dict(functions), destructors)


def _core(module: CoreModule, name: str, function: Function, title: str) -> str:
    abi.check(function, title)
    expected = abi.exported(function).type
    there = module.function(name)
    if there is None:
        raise ComponentizeError(
            f"The world exports {title}, but the program does not.",
            hint=f"It is {expected} in the core module, exported as {name!r}; in C: "
            f'__attribute__((export_name("{name}"))).',
        )
    if there != expected:
        raise ComponentizeError(
            f"The program exports {title} as {there}, but the world says {expected}."
        )
    return name
