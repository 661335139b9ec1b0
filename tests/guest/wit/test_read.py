"""What WIT texts come to."""

from __future__ import annotations

import pytest

from wasinn_nb.guest.wit import Packages, WitSource, read, shipped
from wasinn_nb.guest.wit.model import (
    Alias,
    Borrow,
    Enum,
    Flags,
    Function,
    FutureOf,
    Interface,
    ListOf,
    MapOf,
    OptionOf,
    Own,
    Prim,
    Record,
    Resource,
    ResultOf,
    StreamOf,
    TupleOf,
    TypeDef,
    Variant,
    value_type,
)


def wit(text: str, **options: object) -> Packages:
    return read(WitSource(f"package a:b@1.2.3;\n{text}"), **options)  # type: ignore[arg-type]


def interface(text: str, **options: object) -> Interface:
    found = wit(f"interface i {{ {text} }}", **options).interface("a:b/i@1.2.3")
    assert found
    return found


def type_of(text: str, before: str = "") -> object:
    found = interface(f"{before} f: func(x: {text});").functions["f"]
    return found.params[0].type


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("u32", Prim("u32")),
        ("error-context", Prim("error-context")),
        ("list<list<u8>>", ListOf(ListOf(Prim("u8")))),
        ("list<f32, 16>", ListOf(Prim("f32"), 16)),
        ("option<string>", OptionOf(Prim("string"))),
        ("result", ResultOf()),
        ("result<u8>", ResultOf(Prim("u8"))),
        ("result<_, char>", ResultOf(None, Prim("char"))),
        ("result<u8, char>", ResultOf(Prim("u8"), Prim("char"))),
        ("tuple<u8, bool,>", TupleOf((Prim("u8"), Prim("bool")))),
        ("map<string, u8>", MapOf(Prim("string"), Prim("u8"))),
        ("stream<u8>", StreamOf(Prim("u8"))),
        ("stream", StreamOf()),
        ("future", FutureOf()),
    ],
)
def test_types(text, expected):
    assert type_of(text) == expected


def test_types_with_names():
    found = interface(
        """
        /// A point.
        record point { /// across
                       x: f32, y: f32 }
        variant shape { dot(point), none }
        enum color { red, green, }
        flags rights { read, write }
        type points = list<point>;
        type same = point;
        resource thing;
        """
    )
    point = found.types["point"]
    assert point.docs == "A point."
    assert isinstance(point.kind, Record)
    assert [(one.name, one.docs) for one in point.kind.fields] == [("x", "across"), ("y", "")]
    shape = found.types["shape"].kind
    assert isinstance(shape, Variant)
    assert [(one.name, one.type) for one in shape.cases] == [("dot", point), ("none", None)]
    assert isinstance(found.types["color"].kind, Enum)
    assert isinstance(found.types["rights"].kind, Flags)
    assert found.types["points"].kind == Alias(ListOf(point))
    assert value_type(found.types["points"]) == ListOf(point)
    assert found.types["same"].resolved is point
    assert isinstance(found.types["thing"].kind, Resource)


def test_a_resource_and_its_functions():
    found = interface(
        """
        resource blob {
          /// From bytes.
          constructor(bytes: list<u8>);
          write: func(bytes: list<u8>);
          merge: static func(a: borrow<blob>, b: blob) -> blob;
          later: async func() -> own<blob>;
        }
        free: func(b: blob);
        """
    )
    blob = found.types["blob"]
    assert list(found.functions) == [
        "[constructor]blob",
        "[method]blob.write",
        "[static]blob.merge",
        "[method]blob.later",
        "free",
    ]
    made, write, merge, later, free = found.functions.values()
    assert (made.kind, made.docs, made.result) == ("constructor", "From bytes.", Own(blob))
    assert [one.type for one in write.params] == [Borrow(blob), ListOf(Prim("u8"))]
    assert [one.type for one in merge.params] == [Borrow(blob), Own(blob)]
    assert later.is_async
    assert later.result == Own(blob)
    assert free.params[0].type == Own(blob)


def test_a_constructor_that_may_fail():
    found = interface("resource r { constructor() -> result<r, string>; }")
    result = found.functions["[constructor]r"].result
    assert result == ResultOf(Own(found.types["r"]), Prim("string"))


def test_the_order_of_definitions_does_not_matter():
    found = interface("f: func() -> later; type later = last; record last { a: u8 }")
    assert found.functions["f"].result is found.types["later"]


def test_names_that_are_words_of_wit():
    found = interface("%record: func(%type: u8, map: u8, async: u8); enum %enum { %flags }")
    assert [one.name for one in found.functions["record"].params] == ["type", "map", "async"]
    assert "enum" in found.types


def test_types_of_other_interfaces():
    found = wit(
        """
        interface user { use owner.{thing, point as place}; f: func(t: thing) -> place; }
        interface owner { resource thing; record point { x: u8 } }
        """
    )
    user, owner = found.interface("a:b/user@1.2.3"), found.interface("a:b/owner@1.2.3")
    assert user
    assert owner
    function = user.functions["f"]
    assert isinstance(function.result, TypeDef)
    assert function.result.name == "place"
    assert function.result.resolved is owner.types["point"]
    taken = function.params[0].type
    assert isinstance(taken, Own)
    assert taken.resource.resolved is owner.types["thing"]


def test_texts_of_one_package_and_of_several():
    one = WitSource("package a:b; interface x { use y.{t}; f: func() -> t; }", "x.wit")
    two = WitSource("interface y { use c:d/z@0.1.0.{t}; }", "y.wit")
    three = WitSource("package c:d@0.1.0 { interface z { type t = u8; } }", "z.wit")
    found = read(two, one, three, package="a:b")
    assert set(found.packages) == {"a:b", "c:d@0.1.0"}
    x = found.interface("a:b/x")
    assert x
    result = x.functions["f"].result
    assert result is not None
    assert value_type(result) == Prim("u8")


def test_interfaces_with_other_names_in_a_text():
    found = read(
        WitSource("package a:b; use c:d/long-name as short; interface i { use short.{t}; }"),
        WitSource("package c:d; interface long-name { type t = u8; }"),
    )
    i = found.interface("a:b/i")
    assert i
    assert "t" in i.types


def test_a_world():
    found = wit(
        """
        /// Of all kinds.
        world w {
          import i;
          import mine: interface { f: func(); }
          import log: func(text: string);
          import other: i;
          use i.{thing};
          type text = string;
          export run: async func() -> thing;
          export j;
        }
        interface i { resource thing; }
        interface j { g: func(); }
        """
    )
    world = found.world("a:b/w@1.2.3")
    assert world
    assert world.docs == "Of all kinds."
    i = found.interface("a:b/i@1.2.3")
    assert i
    assert world.imports["a:b/i@1.2.3"] is i
    assert world.imports["other"] is i
    mine = world.imports["mine"]
    assert isinstance(mine, Interface)
    assert mine.id == "mine"
    assert isinstance(world.imports["log"], Function)
    assert isinstance(world.imports["text"], TypeDef)
    assert set(world.exports) == {"run", "a:b/j@1.2.3"}


def test_worlds_in_worlds():
    found = wit(
        """
        world base { import i; import log: func(); export run: func(); }
        world both { include base with { log as say }; import log: func(x: u8); }
        interface i {}
        """
    )
    both = found.world("a:b/both@1.2.3")
    assert both
    assert set(both.imports) == {"log", "a:b/i@1.2.3", "say"}
    assert set(both.exports) == {"run"}


def test_gates():
    text = """
        @since(version = 1.0.0) a: func();
        @since(version = 1.3.0) b: func();
        @unstable(feature = fancy) c: func();
        @since(version = 1.2.0) @deprecated(version = 1.2.3) d: func();
        @since(version = 1.2.3-rc.1) e: func();
        """
    assert set(interface(text).functions) == {"a", "d", "e"}
    assert set(interface(text, features={"fancy"}).functions) == {"a", "c", "d", "e"}


def test_documentation():
    found = interface(
        """
        // not this
        /// One line,
        ///   and another.
        ///
        /// A paragraph.
        f: func();
        /** In a block,
          * with stars. /* nested */
          */
        g: func();
        /* not this */ h: func();
        """
    )
    f, g, h = found.functions.values()
    assert f.docs == "One line,\n  and another.\n\nA paragraph."
    assert g.docs == "In a block,\nwith stars. /* nested */"
    assert not h.docs


def test_what_comes_with_the_package():
    models = shipped().interface("wasinn:llm/models@0.1.0")
    assert models
    assert models.functions["[method]token-stream.next"].docs.startswith("The next token.")
    world = shipped().world("wasinn:script/script@0.1.0")
    assert world
    assert "wasi:nn/graph@0.2.0-rc-2024-10-28" in world.imports
    assert shipped() is shipped()


def test_what_is_known_can_be_used():
    found = wit(
        "interface i { use wasi:nn/tensor@0.2.0-rc-2024-10-28.{tensor}; f: func(t: tensor); }",
        known=shipped(),
    )
    i = found.interface("a:b/i@1.2.3")
    assert i
    taken = i.functions["f"].params[0].type
    assert isinstance(taken, Own)
    tensor = found.interface("wasi:nn/tensor@0.2.0-rc-2024-10-28")
    assert tensor
    assert taken.resource.resolved is tensor.types["tensor"]
