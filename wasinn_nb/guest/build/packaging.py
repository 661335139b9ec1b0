"""What is made of a module that a language has built: a component, if one is wanted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wasinn_nb.guest.build.errors import BuildError
from wasinn_nb.guest.build.model import Diagnostic, InvalidWasm, Source, kind

if TYPE_CHECKING:
    from wasinn_nb.guest.wit import Packages
    from wasinn_nb.guest.wit.model import World

_PACKAGE = "local:cell"


def key(source: Source) -> tuple[str, ...]:
    """What a build depends on beside the source; nothing for a core module.

    Raises:
        BuildError: a core module has no world.
    """
    if source.abi == "core":
        if source.wit:
            message = "a world in WIT is what a component has: build with --abi component"
            raise _refused(message, source, source.language)
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

    try:
        packages, world = world_of(source) if source.wit else (None, None)
        return as_component(wasm, packages, world)
    except (ComponentizeError, InvalidWasm) as error:
        raise _refused(f"this cannot be a component: {error}", source, language) from None


def header(source: Source) -> str:
    """C for what the world has.

    Raises:
        BuildError: the WIT is wrong, or has what components cannot have yet.
    """
    from wasinn_nb.guest.adapters import ComponentizeError
    from wasinn_nb.guest.bindings import of_world

    try:
        return of_world(world_of(source)[1])
    except ComponentizeError as error:
        raise _refused(f"in the WIT: {error}", source, source.language) from None


def packages_of(source: Source) -> Packages:
    """The packages of a source's WIT, with those that it may refer to.

    Raises:
        WitError: it is no WIT.
    """
    from wasinn_nb.guest.wit import WitSource, read, shipped

    return read(WitSource(source.wit, "the WIT"), known=shipped(), package=_PACKAGE)


def world_of(source: Source) -> tuple[Packages, World]:
    """The world that a component is to have, and the packages that it refers to.

    Raises:
        BuildError: the WIT is wrong.
    """
    from wasinn_nb.guest.wit import WitError, shipped

    known = shipped()
    try:
        given = packages_of(source)
    except WitError as error:
        raise _refused(f"in the WIT: {error}", source, source.language) from None
    own = [
        world
        for name, package in given.packages.items()
        if name not in known.packages
        for world in package.worlds.values()
    ]
    if len(own) != 1:
        message = f"the WIT has {len(own)} worlds; it must have one"
        raise _refused(message, source, source.language)
    return given, own[0]


def _refused(message: str, source: Source, language: str) -> BuildError:
    return BuildError([Diagnostic("error", message)], label=source.label, language=language)
