"""What the authors of a component say of what it exports."""

from __future__ import annotations

from typing import Any


class Docs:
    """The words of WIT packages, where there are any.

    Args:
        packages: a :class:`wasinn_nb.guest.wit.model.Packages`, or None.
    """

    def __init__(self, packages: Any = None) -> None:
        self._packages = packages

    def interface_docs(self, interface: str) -> str:
        """Of an interface."""
        found = self._interface(interface)
        return found.docs if found is not None else ""

    def type_docs(self, interface: str, name: str) -> str:
        """Of a type."""
        found = self._interface(interface)
        defined = found.types.get(name) if found is not None else None
        return defined.docs if defined is not None else ""

    def function_docs(self, interface: str, name: str) -> str:
        """Of a function, by its name in the component."""
        found = self._interface(interface)
        if found is None:
            return ""
        functions = [one for one in found.functions.values() if one.extern == name]
        return functions[0].docs if functions else ""

    def _interface(self, name: str) -> Any:
        return self._packages.interface(name) if self._packages is not None and name else None
