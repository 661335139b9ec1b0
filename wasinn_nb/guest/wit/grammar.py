"""The grammar of WIT: types and functions."""

from __future__ import annotations

from typing import Literal

from wasinn_nb.guest.wit.cursor import Cursor
from wasinn_nb.guest.wit.source import Place
from wasinn_nb.guest.wit.syntax import FuncItem, Gate, Head, Member, Path, TypeExpr, TypeItem
from wasinn_nb.guest.wit.tokens import INTEGER, KEYWORD, NAME, STRING, TYPES, VERSION

_GENERIC = {"list": (1, 1), "option": (1, 1), "result": (0, 2), "tuple": (1, 10**6)} | {
    "borrow": (1, 1),
    "own": (1, 1),
    "map": (2, 2),
    "stream": (0, 1),
    "future": (0, 1),
}
_MEMBERS: dict[str, Literal["record", "variant", "enum", "flags"]] = {
    "record": "record",
    "variant": "variant",
    "enum": "enum",
    "flags": "flags",
}
_DEEPEST = 100


def gate(cursor: Cursor) -> Gate:
    """What stands before an item with an ``@``."""
    since = feature = ""
    while cursor.take("@"):
        place, word = cursor.place, cursor.step().text
        cursor.expect("(", f"@{word}")
        if word == "external-id":
            if cursor.step().kind != STRING:
                raise place.error("@external-id takes a string")
        else:
            key = cursor.step().text
            cursor.expect("=", repr(key))
            value = cursor.step()
            if (word, key) in {("since", "version"), ("deprecated", "version")}:
                if value.kind != VERSION:
                    raise Place(cursor.source, value.at).error(
                        f"expected a version such as 0.2.0, found {value.text!r}"
                    )
                since = value.text if word == "since" else since
            elif (word, key) == ("unstable", "feature"):
                feature = value.text
            else:
                raise place.error(
                    f"@{word}({key} = ...) means nothing in WIT",
                    hint="There are @since(version = ...), @unstable(feature = ...) and "
                    "@deprecated(version = ...).",
                )
        cursor.expect(")", f"@{word}(...")
    if since and feature:
        raise cursor.place.error("this is both @since and @unstable")
    return Gate(since, feature)


def type_expr(cursor: Cursor, depth: int = 0) -> TypeExpr:
    """A type."""
    place, token = cursor.place, cursor.here
    if depth > _DEEPEST:
        raise place.error("this type is nested too deeply")
    if token.kind == NAME and not (token.text == "map" and cursor.ahead().text == "<"):
        return TypeExpr(cursor.step().text, place)
    if token.text in TYPES:
        return TypeExpr(cursor.step().text, place)
    if token.text not in _GENERIC:
        raise cursor.unexpected("a type")
    name = cursor.step().text
    args: list[TypeExpr | None] = []
    length: int | None = None
    if cursor.take("<"):
        while not cursor.take(">"):
            if cursor.here.kind == INTEGER and name == "list" and args:
                length = int(cursor.step().text)
            else:
                args.append(None if cursor.take("_") else type_expr(cursor, depth + 1))
            if not cursor.take(","):
                cursor.expect(">", f"the types of '{name}'")
                break
    _check_args(place, name, args)
    if length == 0:
        raise place.error("a list of a fixed length has at least one element")
    return TypeExpr(name, place, tuple(args), length)


def _check_args(place: Place, name: str, args: list[TypeExpr | None]) -> None:
    least, most = _GENERIC[name]
    if not least <= len(args) <= most:
        wanted = "one type" if (least, most) == (1, 1) else f"{least} to {most} types"
        if least == most != 1:
            wanted = f"{least} types"
        raise place.error(
            f"'{name}' takes {wanted if name != 'tuple' else 'at least one type'}, "
            f"{len(args) or 'none'} {'are' if len(args) != 1 else 'is'} given"
        )
    if None in args and name != "result":
        raise place.error(f"'_' stands for nothing in a result only, not in '{name}'")


def member(cursor: Cursor, what: str, kind: str) -> Member:
    """A field, a case, a flag or a parameter."""
    docs = cursor.here.docs
    gate(cursor)
    place = cursor.place
    name = cursor.name(what).text
    type_: TypeExpr | None = None
    if kind == "record":
        cursor.expect(":", f"{name!r}")
        type_ = type_expr(cursor)
    elif kind == "variant" and cursor.take("("):
        type_ = type_expr(cursor)
        cursor.expect(")", f"the type of {name!r}")
    return Member(name, place, type_, docs)


def type_item(cursor: Cursor, docs: str, gated: Gate) -> tuple[TypeItem | FuncItem, ...]:
    """A type with a name; of a resource also its functions."""
    word = cursor.step().text
    place = cursor.place
    name = cursor.name(f"the name of a {word}").text
    head = Head(name, place, docs, gated)
    if word == "type":
        cursor.expect("=", repr(name))
        found = Member("", place, type_expr(cursor))
        cursor.expect(";", f"the type {name!r}")
        return (TypeItem(head, "type", (found,)),)
    if word == "resource":
        return (TypeItem(head, "resource"), *_resource(cursor, name))
    kind = _MEMBERS[word]
    what = {"record": "a field's name", "flags": "a flag"}.get(word, "a case")
    cursor.expect("{", f"{word} {name!r}")
    members = cursor.listed("}", lambda: member(cursor, what, kind), what)
    if not members and kind in {"variant", "enum"}:
        raise place.error(f"{word} {name!r} has nothing in it")
    return (TypeItem(head, kind, members),)


def _resource(cursor: Cursor, name: str) -> tuple[FuncItem, ...]:
    if cursor.take(";"):
        return ()
    cursor.expect("{", f"resource {name!r}")
    found: list[FuncItem] = []
    while not cursor.take("}"):
        docs, gated = cursor.here.docs, gate(cursor)
        place = cursor.place
        if cursor.take("constructor"):
            head = Head("constructor", place, docs, gated)
            params, result = signature(cursor, "constructor")
            found.append(FuncItem(head, "constructor", params, result, False, name))
        else:
            head = Head(cursor.name("a function's name").text, place, docs, gated)
            cursor.expect(":", repr(head.name))
            kind: Literal["static", "method"] = "static" if cursor.take("static") else "method"
            found.append(func_type(cursor, head, kind, name))
            continue
        cursor.expect(";", f"the function {head.name!r}")
    return tuple(found)


def func_type(
    cursor: Cursor,
    head: Head,
    kind: Literal["free", "method", "static"] = "free",
    resource: str = "",
) -> FuncItem:
    """``async func(...) -> T;`` of something whose name has been read."""
    is_async = cursor.take("async")
    cursor.expect("func", f"'{head.name}:'")
    params, result = signature(cursor, head.name)
    cursor.expect(";", f"the function {head.name!r}")
    return FuncItem(head, kind, params, result, is_async, resource)


def signature(cursor: Cursor, name: str) -> tuple[tuple[Member, ...], TypeExpr | None]:
    """``(name: T, ...) -> T``."""
    cursor.expect("(", f"{name!r}")
    params = cursor.listed(")", lambda: member(cursor, "a parameter's name", "record"), name)
    return params, type_expr(cursor) if cursor.take("->") else None


def path(cursor: Cursor, what: str) -> Path:
    """``graph``, or ``wasi:nn/graph@0.2.0``."""
    place = cursor.place
    first = cursor.name(what).text
    if not cursor.at(":", "/"):
        return Path(first, place)
    words = [first]
    while cursor.take(":"):
        words.append(":" + cursor.name("the name of a package").text)
    names: list[str] = []
    while cursor.take("/"):
        names.append(cursor.name(what).text)
    if not names or len(words) == 1:
        raise place.error(
            f"{''.join(words)!r} is no interface", hint="Write 'namespace:package/interface'."
        )
    return Path(names[-1], place, "/".join(["".join(words), *names[:-1]]) + version(cursor))


def version(cursor: Cursor) -> str:
    """``@0.2.0``, or nothing."""
    if not cursor.at("@"):
        return ""
    cursor.step()
    if cursor.here.kind != VERSION:
        raise cursor.unexpected("a version such as 0.2.0")
    return f"@{cursor.step().text}"


def starts_type(cursor: Cursor) -> bool:
    """Whether a type with a name follows."""
    return cursor.here.kind == KEYWORD and cursor.at(*_MEMBERS, "type", "resource")
