"""What the authors of a component say of what it exports.

Binaries keep no such words. They come from the WIT that a guest was built with, and from that of
the packages which are known here.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from wasinn_nb.guest.build.packaging import packages_of
from wasinn_nb.guest.wit import Packages, WitError, shipped
from wasinn_nb.guest.wit.model import Function, Interface, TypeDef, World

if TYPE_CHECKING:
    from wasinn_nb.guest.build.model import Source


class Docs:
    """The words of WIT packages, by what components call things.

    Args:
        packages: where they stand.
    """

    def __init__(self, packages: Packages) -> None:
        self._packages = packages

    def interface_docs(self, interface: str) -> str:
        """Of an interface."""
        found = self._interface(interface)
        return found.docs if found is not None else ""

    def type_docs(self, interface: str, name: str) -> str:
        """Of a type."""
        defined = self.type_(interface, name)
        return defined.docs if defined is not None else ""

    def function_docs(self, interface: str, name: str) -> str:
        """Of a function; of the world itself if ``interface`` is empty."""
        found = self.function(interface, name)
        return found.docs if found is not None else ""

    def type_(self, interface: str, name: str) -> TypeDef | None:
        """A type, where it is defined; of the world itself if ``interface`` is empty."""
        if not interface:
            ours = (world.imports.get(name) for world in self._worlds())
            return next((one.resolved for one in ours if isinstance(one, TypeDef)), None)
        found = self._interface(interface)
        defined = found.types.get(name) if found is not None else None
        return defined.resolved if defined is not None else None

    def function(self, interface: str, name: str) -> Function | None:
        """A function; of the world itself if ``interface`` is empty."""
        if not interface:
            ours = (one for one in self._of_worlds(name) if isinstance(one, Function))
            return next(ours, None)
        found = self._interface(interface)
        functions = found.functions.values() if found is not None else ()
        return next((one for one in functions if one.extern == name), None)

    def _interface(self, name: str) -> Interface | None:
        if not name:
            return None
        found = self._packages.interface(name)
        inline = (one for one in self._of_worlds(name) if isinstance(one, Interface))
        return found or next(inline, None)

    def _of_worlds(self, name: str) -> Iterator[object]:
        """What worlds export under a name."""
        for world in self._worlds():
            if name in world.exports:
                yield world.exports[name]

    def _worlds(self) -> Iterator[World]:
        for package in self._packages.packages.values():
            yield from package.worlds.values()


def docs_of(source: Source | None) -> Docs:
    """The words for a guest of this source."""
    if source is None or not source.wit:
        return Docs(shipped())
    try:
        return Docs(packages_of(source))
    except WitError:  # who builds with it is told
        return Docs(shipped())
