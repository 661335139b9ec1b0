"""Why a module does not become a component."""

from __future__ import annotations

from wasinn_nb.nn.errors import WasinnError


class ComponentizeError(WasinnError):
    """A module and a world do not fit each other, or the module lacks what a component needs."""
