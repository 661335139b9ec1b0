"""What is made of a module that a language has built: a component, if one is wanted."""

from __future__ import annotations

from typing import NoReturn

from wasinn_nb.guest.build.errors import BuildError
from wasinn_nb.guest.build.model import Diagnostic, InvalidWasm, Source, kind

_PACKAGE = "local:cell"


def key(source: Source) -> tuple[str, ...]:
    """What a build depends on beside the source; nothing for a core module."""
    if source.abi == "core":
        return ()
    from wasinn_nb.guest.adapters import fingerprint

    return source.abi, fingerprint(), source.wit


def packaged(wasm: bytes, source: Source, language: str) -> bytes:
    """The module itself, or the component that it becomes.

    Raises:
        BuildError: it can be none, or the WIT is wrong.
    """
    if source.abi == "core" or kind(wasm) == "component":
        return wasm
    from wasinn_nb.guest.adapters import ComponentizeError, as_component
    from wasinn_nb.guest.wit import WitError, WitSource, read, shipped

    packages, world = shipped(), None
    if source.wit:
        try:
            given = read(WitSource(source.wit, "the WIT"), known=packages, package=_PACKAGE)
        except WitError as error:
            _refuse(f"in the WIT: {error}", source, language)
        own = [
            world
            for name, package in given.packages.items()
            if name not in packages.packages
            for world in package.worlds.values()
        ]
        if len(own) != 1:
            _refuse(f"the WIT has {len(own)} worlds; it must have one", source, language)
        packages, world = given, own[0]
    try:
        return as_component(wasm, packages, world)
    except (ComponentizeError, InvalidWasm) as error:
        _refuse(f"this cannot be a component: {error}", source, language)


def _refuse(message: str, source: Source, language: str) -> NoReturn:
    found = [Diagnostic("error", message)]
    raise BuildError(found, label=source.label, language=language) from None
