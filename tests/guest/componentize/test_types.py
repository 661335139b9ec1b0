"""Whatever types a world has, what is made for it is a component."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.guest.componentize.cores import packages, trivial, validated
from wasinn_nb.guest.componentize import componentize

_PRIMS = ["bool", "u8", "s16", "u32", "u64", "f32", "f64", "char", "string"]
_NAMES = ["one", "two", "three"]
_KINDS = ["record", "variant", "enum", "flags", "alias", "resource"]


@st.composite
def types(draw: st.DrawFn, names: tuple[str, ...], depth: int = 0) -> str:
    """A type that may mention these names."""
    kinds = ["prim", "name"] if depth > 2 else ["prim", "name", "list", "option", "result", "tuple"]
    kind = draw(st.sampled_from(kinds))
    inner = types(names, depth + 1)
    if kind == "prim" or (kind == "name" and not names):
        return draw(st.sampled_from(_PRIMS))
    if kind == "name":
        return draw(st.sampled_from(names))
    if kind == "result":
        ok, err = draw(st.one_of(st.just("_"), inner)), draw(st.one_of(st.none(), inner))
        return f"result<{ok}, {err}>" if err else ("result" if ok == "_" else f"result<{ok}>")
    if kind == "tuple":
        return f"tuple<{', '.join(draw(st.lists(inner, min_size=1, max_size=6)))}>"
    return f"{kind}<{draw(inner)}>"


@st.composite
def interfaces(draw: st.DrawFn, name: str, used: tuple[str, ...]) -> str:
    """An interface with some types, and a function about each."""
    lines = [
        f"use {where}.{{{names}}};" for where, _, names in (one.partition(".") for one in used)
    ]
    known = tuple(one.partition(".")[2] for one in used)
    for number, kind in enumerate(draw(st.lists(st.sampled_from(_KINDS), max_size=5))):
        called = f"{name}-{_NAMES[number % 3]}{number}"
        own = types(known)
        if kind == "record":
            lines.append(f"record {called} {{ a: {draw(own)}, b: {draw(own)} }}")
        elif kind == "variant":
            lines.append(f"variant {called} {{ a({draw(own)}), b, c({draw(own)}) }}")
        elif kind == "alias":
            lines.append(f"type {called} = {draw(own)};")
        elif kind == "resource":
            lines.append(
                f"resource {called} {{ constructor(x: {draw(own)}); get: func() -> {draw(own)}; "
                f"of: static func(y: borrow<{called}>) -> {called}; }}"
            )
        else:
            lines.append(f"{kind} {called} {{ a, b, c }}")
        known = (*known, called)
    for number in range(draw(st.integers(0, 3))):
        params = draw(st.lists(types(known), max_size=5))
        result = draw(st.one_of(st.none(), types(known)))
        listed = ", ".join(f"p{at}: {one}" for at, one in enumerate(params))
        lines.append(f"f{number}: func({listed}){f' -> {result}' if result else ''};")
    return f"interface {name} {{ {' '.join(lines)} }}"


@st.composite
def worlds(draw: st.DrawFn) -> str:
    """A world that imports an interface and exports two, of which one uses what the others have."""
    shared = "interface shared { resource handle; record pair { a: handle, b: list<string> } }"
    imported = draw(interfaces("inn", ("shared.handle", "shared.pair")))
    first = draw(interfaces("out", ("shared.pair",)))
    resource = (
        "interface mine { resource thing { constructor(); } record things { all: list<thing> } }"
    )
    second = draw(interfaces("more", ("mine.thing", "mine.things", "shared.handle")))
    ports = draw(
        st.lists(
            st.sampled_from(
                ["import inn;", "import out;", "export out;", "export more;", "export mine;"]
            ),
            unique=True,
        )
    )
    function = "use shared.{pair}; import log: func(x: pair); export go: func(p: pair) -> string;"
    if draw(st.booleans()):
        ports.append(function)
    return f"{shared} {resource} {imported} {first} {second} world w {{ {' '.join(ports)} }}"


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(worlds())
def test_it_is_valid(text):
    found = packages(text)
    world = found.world("t:t/w")
    assert world
    validated(componentize(trivial(world), found, world))
