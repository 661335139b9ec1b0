"""What the names of a core module's imports and exports mean to a component."""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

from wasinn_nb.guest.componentize.errors import ComponentizeError
from wasinn_nb.guest.wit.model import (
    Function,
    Interface,
    Packages,
    Resource,
    ResultOf,
    TypeDef,
    World,
)

ROOT, EXPORTED = "$root", "[export]"
RUN_PREFIX = "wasi:cli/run@"
_VERSION = re.compile(r"(\d+)\.(\d+)\.(\d+)$")
_INTRINSIC = re.compile(r"\[resource-(new|rep|drop)\](.+)")
_ASYNC = re.compile(r"\[(async|task|waitable|stream|future|context|subtask|thread|error-context)")

COMMAND = Interface("run", "wasi:cli@0.2.0")
COMMAND.functions["run"] = Function("run", "", "free", None, (), ResultOf())


class Call(NamedTuple):
    """An imported function of an interface, or of the world itself."""

    interface: Interface | None
    function: Function


class Intrinsic(NamedTuple):
    """What components do with handles.

    Attributes:
        operation: what.
        resource: of which kind.
        own: whether the component itself has the resources.
    """

    operation: Literal["new", "rep", "drop"]
    resource: TypeDef
    own: bool


class Ports:
    """The names of a world, and of the packages that are known.

    Args:
        packages: where interfaces are looked up.
        world: what the component is to be; None for a program.
    """

    def __init__(self, packages: Packages, world: World | None) -> None:
        self._packages = packages
        self._world = world
        self._imports = dict(world.imports) if world else {}
        self.exports: dict[str, Interface | Function] = dict(world.exports) if world else {}

    def called(self, interface: Interface) -> str:
        """What the component calls an interface that it imports."""
        for name, port in self._imports.items():
            if port is interface:
                return name
        return interface.id

    def interface(self, module: str) -> Interface | None:
        """The interface that a core module imports under this name."""
        port = self._imports.get(module)
        if isinstance(port, Interface):
            return port
        return self._packages.interface(module) or self._compatible(module)

    def understands(self, module: str) -> bool:
        """Whether it is one of the names that a component's world gives a meaning to."""
        return module == ROOT or self.interface(module.removeprefix(EXPORTED)) is not None

    def imported(self, module: str, name: str) -> Call | Intrinsic:
        """What an import means.

        Raises:
            ComponentizeError: nothing.
        """
        if _ASYNC.match(name) or _ASYNC.match(module):
            raise ComponentizeError(
                f"The program imports {module}#{name}: it is made for asynchronous components, "
                "which cannot be made from a core module here."
            )
        intrinsic = _INTRINSIC.fullmatch(name)
        if module == ROOT:
            return self._of_world(name, intrinsic)
        own = module.startswith(EXPORTED)
        plain = module.removeprefix(EXPORTED)
        port = self.exports.get(plain) if own else self.interface(plain)
        if not isinstance(port, Interface):
            raise ComponentizeError(f"The world has no interface {plain}, which is imported.")
        if intrinsic:
            return _intrinsic(intrinsic, port, own=own)
        function = port.functions.get(name)
        if function is None or own:
            there = ", ".join(port.functions) or "none"
            raise ComponentizeError(
                f"The interface {port.id} has no function {name!r}, which the program imports.",
                hint=f"Its functions: {there}.",
            )
        return Call(port, function)

    def _of_world(self, name: str, intrinsic: re.Match[str] | None) -> Call | Intrinsic:
        port = self._imports.get(intrinsic[2] if intrinsic else name)
        if isinstance(port, TypeDef) and intrinsic and port.is_resource:
            return Intrinsic("drop", port, own=False)
        if isinstance(port, Function) and not intrinsic:
            return Call(None, port)
        world = self._world.id if self._world else "of a program"
        raise ComponentizeError(
            f"The world {world} imports no function {name!r}, which the program imports."
        )

    def _compatible(self, module: str) -> Interface | None:
        """The interface in another release that this one includes, or that includes this one."""
        base, _, version = module.partition("@")
        track = _track(version)
        if track is None:
            return None
        package, _, name = base.partition("/")
        for found in self._packages.packages.values():
            other, _, release = found.name.partition("@")
            if other == package and _track(release) == track and name in found.interfaces:
                return found.interfaces[name]
        return None


def _track(version: str) -> tuple[str, ...] | None:
    """What versions have in common that hosts serve alike."""
    found = _VERSION.match(version)
    if found is None:
        return None
    major, minor, patch = found.groups()
    if major != "0":
        return (major,)
    return (major, minor) if minor != "0" else (major, minor, patch)


def _intrinsic(found: re.Match[str], interface: Interface, *, own: bool) -> Intrinsic:
    operation, name = found.groups()
    resource = interface.types.get(name)
    if resource is None or not resource.is_resource:
        raise ComponentizeError(
            f"The interface {interface.id} has no resource {name!r}, which the program imports "
            f"{found[0]!r} of."
        )
    if own and not isinstance(resource.kind, Resource):
        raise ComponentizeError(f"The resource {name!r} is not of {interface.id} itself.")
    if operation == "new":
        return Intrinsic("new", resource, own)
    return Intrinsic("rep" if operation == "rep" else "drop", resource, own)
