"""Headers: what a guest calls, and what it has to have."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from wasinn_nb.guest.bindings import flat, names
from wasinn_nb.guest.bindings.types import Types, comment
from wasinn_nb.guest.componentize import abi
from wasinn_nb.guest.wit.model import Function, Interface, Resource, World

_ROOT = "$root"
_TEXT = """\
{intro}
#ifndef {guard}
#define {guard}

#include <wit.h>

#ifdef __cplusplus
extern "C" {{
#endif

{text}
#ifdef __cplusplus
}}
#endif

#endif
"""


def of_interfaces(interfaces: Iterable[Interface], *, guard: str, intro: str) -> str:
    """A header with everything that some interfaces have.

    Args:
        interfaces: what a guest may call.
        guard: the macro that says that the header was read.
        intro: the comment at its beginning.
    """
    types = Types()
    lines: list[str] = []
    for interface in interfaces:
        lines += _interface(interface, types)
    return _whole([*types.lines, *lines], guard, intro)


def of_world(world: World) -> str:
    """A header for a guest of a world: what it may call, and prototypes of what it must have.

    Raises:
        ComponentizeError: something of the world is what components cannot have yet.
    """
    types = Types()
    lines: list[str] = []
    for port in world.imports.values():
        if isinstance(port, Interface):
            lines += _interface(port, types)
        elif isinstance(port, Function):
            lines += _imported(port, world, _ROOT, types)
        else:
            abi.check_type(port, f"{world.id}.{port.name}")
            types.need(port)
    for name, port in world.exports.items():
        if isinstance(port, Function):
            lines += _exported(port, world, name, types)
            continue
        for function in port.functions.values():
            lines += _exported(function, port, f"{name}#{function.extern}", types)
    return _whole([*types.lines, *lines], "WIT_WORLD_H", f"The world {world.name}, for C.")


def _whole(lines: list[str], guard: str, intro: str) -> str:
    first = "\n".join(comment(intro))
    return _TEXT.format(intro=first, guard=guard, text="\n".join(lines))


def _interface(interface: Interface, types: Types) -> Iterator[str]:
    for type_ in interface.types.values():
        if not isinstance(type_.kind, Resource):
            abi.check_type(type_, f"{interface.id}.{type_.name}")
            types.need(type_.resolved)
            continue
        types.need(type_)
        drop = names.of_typedef(type_) + "_drop"
        yield f'WIT_IMPORT("{interface.id}", "[resource-drop]{type_.name}")'
        yield f"void wit_import_{drop}(int32_t handle);"
        yield f"static inline void {drop}({names.of_type(type_)} self) {{"
        yield f"    wit_import_{drop}(self.handle);\n}}\n"
    for function in interface.functions.values():
        yield from _imported(function, interface, interface.id, types)


def _signature(function: Function, owner: Interface | World, types: Types) -> tuple[str, list[str]]:
    abi.check(function, f"{owner.id}#{function.extern}")
    for type_ in function.types:
        types.need(type_)
    result = "void" if function.result is None else names.of_type(function.result)
    params = [f"{names.of_type(p.type)} {names.plain(p.name)}" for p in function.params]
    return result, params or ["void"]


def _imported(
    function: Function, owner: Interface | World, module: str, types: Types
) -> Iterator[str]:
    result, params = _signature(function, owner, types)
    name = names.of_import(function, owner)
    values = [one for p in function.params for one in flat.lowered(p.type, names.plain(p.name))]
    spilled = len(values) > abi.MOST_PARAMS
    returned = flat.lowered(function.result, "") if function.result else []
    core = ["void *"] if spilled else [flat.CORE[one.core] for one in values]
    given = ["&all"] if spilled else [one.value for one in values]
    if len(returned) > 1:
        core, given = [*core, "void *"], [*given, "&result"]
    core_result = flat.CORE[returned[0].core] if len(returned) == 1 else "void"
    yield f'WIT_IMPORT("{module}", "{function.extern}")'
    yield f"{core_result} wit_import_{name}({', '.join(core) or 'void'});"
    yield from comment(function.docs)
    yield f"static inline {result} {name}({', '.join(params)}) {{"
    if spilled:
        members = "; ".join(
            f"{names.of_type(p.type)} {names.plain(p.name)}" for p in function.params
        )
        yield f"    struct {{ {members}; }} all = {{"
        yield f"        {', '.join(names.plain(p.name) for p in function.params)}}};"
    call = f"wit_import_{name}({', '.join(given)})"
    if function.result is None:
        yield f"    {call};"
    elif len(returned) > 1:
        yield f"    {result} result;\n    {call};\n    return result;"
    else:
        yield f"    {result} result;\n    {core_result} core = {call};"
        lines = flat.lifted(function.result, "result", iter([flat.Flat(returned[0].core, "core")]))
        yield from (f"    {line}" for line in lines)
        yield "    return result;"
    yield "}\n"


def _exported(
    function: Function, owner: Interface | World, called: str, types: Types
) -> Iterator[str]:
    result, params = _signature(function, owner, types)
    name = names.of_export(function, owner)
    yield from comment(function.docs)
    yield f"{result} {name}({', '.join(params)});\n"
    wanted = [one for p in function.params for one in flat.lowered(p.type, "")]
    spilled = len(wanted) > abi.MOST_PARAMS
    cores = [f"{flat.CORE[one.core]} p{number}" for number, one in enumerate(wanted)]
    flats = iter([flat.Flat(one.core, f"p{number}") for number, one in enumerate(wanted)])
    returned = flat.lowered(function.result, "") if function.result else []
    many = len(returned) > 1
    core_result = "void *" if many else flat.CORE[returned[0].core] if returned else "void"
    yield f'WIT_EXPORT("{called}")'
    head = "void *all" if spilled else ", ".join(cores) or "void"
    yield f"{core_result} wit_export_{name}({head}) {{"
    locals_ = [f"{names.of_type(p.type)} a{n}" for n, p in enumerate(function.params)]
    if spilled:
        yield f"    struct args {{ {'; '.join(locals_)}; }} *args = (struct args *)all;"
        places = [f"args->a{n}" for n in range(len(locals_))]
    else:
        yield from (f"    {one};" for one in locals_)
        places = [f"a{n}" for n in range(len(locals_))]
        for param, place in zip(function.params, places, strict=True):
            yield from (f"    {line}" for line in flat.lifted(param.type, place, flats))
    call = f"{name}({', '.join(places)})"
    yield f"    {'static ' if many else ''}{result} result;" if function.result else ""
    yield f"    {'result = ' if function.result else ''}{call};"
    for param, place in zip(function.params, places, strict=True):
        yield from (f"    {line}" for line in flat.freed(param.type, place))
    if spilled:
        yield "    free(all);"
    if many:
        yield "    return &result;"
    elif function.result:
        yield f"    return {flat.lowered(function.result, 'result')[0].value};"
    yield "}\n"
    if function.result and abi.has_pointers(function.result):
        yield f'WIT_EXPORT("cabi_post_{called}")'
        yield f"void wit_post_{name}({result} *result) {{"
        yield from (f"    {line}" for line in flat.freed(function.result, "(*result)"))
        yield "}\n"
