"""From a core module to a component."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from wasinn_nb.guest.componentize import abi, core
from wasinn_nb.guest.componentize.builder import UTF8, Builder, CoreItem, Options
from wasinn_nb.guest.componentize.errors import ComponentizeError
from wasinn_nb.guest.componentize.exports import Exports
from wasinn_nb.guest.componentize.imports import Imports
from wasinn_nb.guest.componentize.lifting import Lift, lifts, post_return
from wasinn_nb.guest.componentize.parts import REALLOCS, Parts
from wasinn_nb.guest.componentize.ports import Call, Intrinsic, Ports
from wasinn_nb.guest.componentize.wiring import Wiring
from wasinn_nb.guest.wit.model import Function, Interface, Packages, World

_NOTHING: Mapping[str, str] = MappingProxyType({})
_NO_ADAPTERS: Mapping[str, bytes] = MappingProxyType({})


def componentize(
    data: bytes,
    packages: Packages,
    world: World | None = None,
    adapters: Mapping[str, bytes] = _NO_ADAPTERS,
    encodings: Mapping[str, str] = _NOTHING,
) -> bytes:
    """Make a component.

    Args:
        data: a finished core module, whose imports and exports are named as wit-component has
            them: ``wasi:nn/graph@...`` and ``load-by-name``, ``[method]tensor.data``,
            ``[resource-drop]tensor``; ``cabi_realloc``, ``cabi_post_...``, ``interface#function``.
            Its ``_start`` becomes ``wasi:cli/run``, its ``_initialize`` runs at the beginning.
        packages: where interfaces are looked up that it, or an adapter, imports.
        world: what the component exports; None for a program.
        adapters: core modules by the name that is imported of them, in the order in which they
            are instantiated; one under two names is instantiated once. They may import
            ``env.memory`` and functions of ``__main_module__``, both the program's, interfaces,
            and what earlier adapters export.
        encodings: by the names of interfaces, how texts cross: ``utf8``, ``utf16`` or
            ``latin1+utf16``.

    Raises:
        ComponentizeError: the module imports what is not there, lacks what it should export, or
            has it with another type.
        InvalidWasm: a module is damaged.
    """
    ports = Ports(packages, world)
    parts = Parts(data, ports, adapters)
    found = lifts(parts.main.core, ports.exports)
    builder = Builder()
    imports = Imports(builder, ports)
    interfaces = {one.called: one.port for one in found if isinstance(one.port, Interface)}
    exports = Exports(builder, imports, interfaces)
    _need(imports, parts, found)
    wiring = Wiring(parts, builder, imports, exports, found, encodings)
    run = wiring.build(run=any(None in one.core.values() for one in found))
    for one in found:
        _export(one, parts, builder, exports, wiring, run)
    return builder.finish()


def _need(imports: Imports, parts: Parts, found: list[Lift]) -> None:
    """Tell which interfaces and types are needed, and have them imported."""
    calls: list[Call] = []
    for part in (parts.main, *parts.adapters.values()):
        for _, provider in part.given:
            if isinstance(provider, Call):
                calls.append(provider)
                imports.need(provider)
            elif isinstance(provider, Intrinsic) and not provider.own:
                imports.need_type(provider.resource)
    for lift in found:
        if isinstance(lift.port, Function):
            for type_ in lift.port.types:
                imports.need_type(type_)
    imports.all()
    for call in calls:
        if call.interface is None:
            imports.function(call)


def _export(
    lift: Lift,
    parts: Parts,
    builder: Builder,
    exports: Exports,
    wiring: Wiring,
    run: CoreItem | None,
) -> None:
    lifted: dict[str, int] = {}
    for name, function in lift.functions.items():
        called = lift.core[name]
        options = Options() if called is None else _options(parts, wiring, called, function)
        item = run if called is None else wiring.main(called)
        assert item is not None  # noqa: S101 - there is a main program where one is exported
        lifted[name] = builder.lift(item, options, exports.type_of(function))
    if isinstance(lift.port, Interface):
        exports.interface(lift.called, lift.port, lifted)
    else:
        exports.function(lift.called, lifted[lift.port.extern])


def _options(parts: Parts, wiring: Wiring, called: str, function: Function) -> Options:
    lowered = abi.exported(function)
    post = post_return(parts.main.core, called, lowered)
    memory = realloc = None
    if lowered.memory:
        if not parts.main.core.exports_memory():
            raise ComponentizeError(
                f"The program exports {called}, but no memory, as 'memory', to pass values in."
            )
        memory = wiring.main("memory", core.MEMORY).number
    if lowered.realloc:
        name = parts.main.realloc()
        if name is None:
            raise ComponentizeError(
                f"The program exports {called}, which takes text or lists, but no {REALLOCS[-1]!r} "
                "to ask for memory with.",
                hint="It is void *cabi_realloc(void *old, size_t old_size, size_t align, "
                "size_t new_size).",
            )
        realloc = wiring.main(name).number
    after = wiring.main(post).number if post else None
    return Options(memory, realloc, after, UTF8)
