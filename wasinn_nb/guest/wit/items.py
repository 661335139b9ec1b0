"""The grammar of WIT: packages, interfaces, worlds."""

from __future__ import annotations

from typing import Literal

from wasinn_nb.guest.wit import grammar
from wasinn_nb.guest.wit.cursor import Cursor
from wasinn_nb.guest.wit.source import Place, WitSource
from wasinn_nb.guest.wit.syntax import (
    FuncItem,
    Gate,
    Head,
    IncludeItem,
    InterfaceItem,
    PackageItem,
    Path,
    PortItem,
    TopUse,
    TypeItem,
    UseItem,
    WorldItem,
)
from wasinn_nb.guest.wit.tokens import END


def parse(source: WitSource) -> list[PackageItem]:
    """The packages that a text says something of, the text's own first.

    Raises:
        WitError: it is no WIT.
    """
    cursor = Cursor(source)
    own = PackageItem("", cursor.place, "", (), ())
    nested: list[PackageItem] = []
    if cursor.at("package"):
        docs, place, name = _package(cursor)
        if cursor.at("{"):
            nested.append(_nested(cursor, docs, place, name))
        else:
            cursor.expect(";", f"package {name!r}")
            own = PackageItem(name, place, docs, (), ())
    uses, items = _items(cursor, nested)
    if own.name or items:
        nested.insert(0, PackageItem(own.name, own.place, own.docs, uses, items))
    return nested


def _package(cursor: Cursor) -> tuple[str, Place, str]:
    docs = cursor.step().docs
    place = cursor.place
    name = cursor.name("the name of a package").text
    if not cursor.at(":"):
        raise place.error(f"{name!r} is no package", hint="Write 'package namespace:name;'.")
    while cursor.take(":"):
        name += f":{cursor.name('the name of a package').text}"
    while cursor.take("/"):
        name += f"/{cursor.name('the name of a package').text}"
    return docs, place, name + grammar.version(cursor)


def _nested(cursor: Cursor, docs: str, place: Place, name: str) -> PackageItem:
    cursor.expect("{", f"package {name!r}")
    uses, items = _items(cursor, None)
    cursor.expect("}", f"the package {name!r}")
    return PackageItem(name, place, docs, uses, items)


def _items(
    cursor: Cursor, nested: list[PackageItem] | None
) -> tuple[tuple[TopUse, ...], tuple[InterfaceItem | WorldItem, ...]]:
    uses: list[TopUse] = []
    items: list[InterfaceItem | WorldItem] = []
    while cursor.here.kind != END and not (nested is None and cursor.at("}")):
        docs = cursor.here.docs
        gated = grammar.gate(cursor)
        if cursor.at("interface"):
            items.append(_interface(cursor, docs, gated))
        elif cursor.at("world"):
            items.append(_world(cursor, docs, gated))
        elif cursor.at("use"):
            uses.append(_top_use(cursor))
        elif cursor.at("package") and nested is not None:
            nested.append(_nested(cursor, *_package(cursor)))
        else:
            raise cursor.unexpected("'interface', 'world', 'use' or 'package'")
    return tuple(uses), tuple(items)


def _top_use(cursor: Cursor) -> TopUse:
    cursor.step()
    found = grammar.path(cursor, "an interface")
    name = cursor.name("a name").text if cursor.take("as") else found.name
    cursor.expect(";", "the interface")
    return TopUse(found, name)


def _interface(cursor: Cursor, docs: str, gated: Gate) -> InterfaceItem:
    cursor.step()
    place = cursor.place
    name = cursor.name("the name of an interface").text
    cursor.expect("{", f"interface {name!r}")
    return InterfaceItem(Head(name, place, docs, gated), _interface_items(cursor))


def _interface_items(cursor: Cursor) -> tuple[TypeItem | FuncItem | UseItem, ...]:
    items: list[TypeItem | FuncItem | UseItem] = []
    while not cursor.take("}"):
        docs, gated = cursor.here.docs, grammar.gate(cursor)
        place = cursor.place
        if cursor.at("use") and cursor.ahead().text != ":":
            items.append(_use(cursor, gated))
        elif grammar.starts_type(cursor):
            items += grammar.type_item(cursor, docs, gated)
        else:
            name = cursor.name("a type or a function").text
            cursor.expect(":", repr(name))
            items.append(grammar.func_type(cursor, Head(name, place, docs, gated)))
    return tuple(items)


def _use(cursor: Cursor, gated: Gate) -> UseItem:
    cursor.step()
    found = grammar.path(cursor, "an interface")
    cursor.expect(".", f"the interface {found.name!r}")
    cursor.expect("{", "'.'")
    return UseItem(found, _renamed(cursor, end=";"), gated)


def _renamed(cursor: Cursor, end: str) -> tuple[tuple[str, str, Place], ...]:
    """``a, b as c }``, and what has to follow."""

    def one() -> tuple[str, str, Place]:
        place, name = cursor.place, cursor.name("a name").text
        return name, cursor.name("a name").text if cursor.take("as") else name, place

    names = cursor.listed("}", one, "the names")
    if end:
        cursor.expect(end, "the names")
    return names


def _world(cursor: Cursor, docs: str, gated: Gate) -> WorldItem:
    cursor.step()
    place = cursor.place
    name = cursor.name("the name of a world").text
    cursor.expect("{", f"world {name!r}")
    items: list[PortItem | UseItem | TypeItem | IncludeItem] = []
    while not cursor.take("}"):
        docs_, gated_ = cursor.here.docs, grammar.gate(cursor)
        if cursor.at("import"):
            items.append(_port(cursor, "import", docs_, gated_))
        elif cursor.at("export"):
            items.append(_port(cursor, "export", docs_, gated_))
        elif cursor.at("include"):
            items.append(_include(cursor, gated_))
        elif cursor.at("use"):
            items.append(_use(cursor, gated_))
        elif grammar.starts_type(cursor):
            items += _world_type(cursor, docs_, gated_)
        else:
            raise cursor.unexpected("'import', 'export', 'include', 'use' or a type")
    return WorldItem(Head(name, place, docs, gated), tuple(items))


def _world_type(cursor: Cursor, docs: str, gated: Gate) -> list[TypeItem | PortItem]:
    """A type of a world's own; the functions of a resource are imports as the resource is."""
    return [
        item if isinstance(item, TypeItem) else PortItem("import", item.head, item)
        for item in grammar.type_item(cursor, docs, gated)
    ]


def _include(cursor: Cursor, gated: Gate) -> IncludeItem:
    cursor.step()
    found = grammar.path(cursor, "a world")
    names: tuple[tuple[str, str, Place], ...] = ()
    if cursor.take("with"):
        cursor.expect("{", "'with'")
        names = _renamed(cursor, end="")
        cursor.take(";")
    else:
        cursor.expect(";", f"include {found.name!r}")
    return IncludeItem(found, names, gated)


def _port(
    cursor: Cursor, direction: Literal["import", "export"], docs: str, gated: Gate
) -> PortItem:
    cursor.step()
    place = cursor.place
    what: Path | FuncItem | InterfaceItem
    named = cursor.ahead().text == ":" and not _is_package(cursor)
    if not named:
        what = grammar.path(cursor, "an interface or a name")
        cursor.expect(";", f"the interface {what.name!r}")
        return PortItem(direction, Head("", place, docs, gated), what)
    head = Head(cursor.name("a name").text, place, docs, gated)
    cursor.step()
    if cursor.at("func") or (cursor.at("async") and cursor.ahead().text == "func"):
        what = grammar.func_type(cursor, head)
    elif cursor.at("interface"):
        cursor.step()
        cursor.expect("{", "'interface'")
        what = InterfaceItem(head, _interface_items(cursor))
    else:
        what = grammar.path(cursor, "'func', 'interface' or the name of an interface")
        cursor.expect(";", f"the interface {what.name!r}")
    return PortItem(direction, head, what)


def _is_package(cursor: Cursor) -> bool:
    """Whether ``a:b`` is the beginning of ``a:b/c``; with a space behind the colon it is not."""
    colon, behind = cursor.ahead(1), cursor.ahead(2)
    return behind.at == colon.at + 1 and cursor.ahead(3).text in {"/", ":", "@"}
