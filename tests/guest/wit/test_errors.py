"""What is wrong with a WIT text is told with its place."""

from __future__ import annotations

import copy
import pickle
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wasinn_nb.guest.wit import WitError, WitSource, read, shipped

_CASES = [
    ("interface i { f: func(a: u32) -> strng; }", "there is no type 'strng'"),
    ("interface i { f: func(a u32); }", "expected ':' after 'a', found 'u32'"),
    ("interface i { f: fnc(); }", "expected 'func' after 'f:', found 'fnc'"),
    ("interface i { f: func() }", "expected ';' after the function 'f', found '}'"),
    ("interface i { f: func();", "expected a type or a function, found the end of the text"),
    ("interface i { f: func(type: u8); }", "'type' cannot be a parameter's name"),
    ("interface i { my_func: func(); }", "'my_func' is no name in WIT"),
    ("interface i { my_func: func(); }", "Write 'my-func'."),
    ("interface i { getIt: func(); }", "Write 'get-it'."),
    ("interface i { f: func(); f: func(); }", "'f' is there twice"),
    ("interface i { f: func(a: u8, a: u8); }", "two parameters are called 'a'"),
    ("interface i { record r { a: u8, a: u8 } }", "'a' is there twice in 'r'"),
    ("interface i { resource r { f: func(); f: static func(); } }", "'f' is there twice"),
    ("interface i { record r { a: list<r> } }", "the type 'r' is a part of itself"),
    ("interface i { enum e {} }", "enum 'e' has nothing in it"),
    ("interface i { get-it: func(); GET-IT: func(); }", "'GET-IT' is there twice"),
    ("world w { export a: func(); export A: func(); }", "the world exports 'A' twice"),
    ("use nowhere as here;", "there is no interface 'nowhere'"),
    ("use i as j; interface i {} interface j {}", "'j' is there twice in this text"),
    ("interface i { type t = list<u8, u8>; }", "'list' takes one type, 2 are given"),
    ("interface i { type t = list; }", "'list' takes one type, none are given"),
    ("interface i { type t = tuple<>; }", "'tuple' takes at least one type"),
    ("interface i { type t = option<_>; }", "'_' stands for nothing in a result only"),
    ("interface i { type t = list<u8, 0>; }", "has at least one element"),
    ("interface i { type t = map<f32, u8>; }", "the keys of a map"),
    ("interface i { f: func(x: borrow<u8>); }", "'u8' is no resource"),
    ("interface i { resource r; f: func() -> borrow<r>; }", "cannot return a borrowed handle"),
    ("interface i { resource r { constructor() -> u8; } }", "a constructor of r gives"),
    ("interface i { use j.{t}; } interface j { use i.{t}; }", "depends on itself"),
    ("interface i { use j.{t}; } interface j {}", "has no type 't'"),
    ("interface i {} interface i {}", "'i' is there twice in a:b"),
    ("interface i { use wasi:io/streams@0.3.0.{s}; }", "there is no package wasi:io@0.3.0"),
    ("interface i { use wasi:io/streams@0.3.0.{s}; }", "There is wasi:io@0.2.0."),
    ("world w { import nothing; }", "there is no interface 'nothing' in a:b"),
    ("world w { import w2; } world w2 {}", "'w2' is a world, not an interface"),
    ("world w { include i; } interface i {}", "'i' is an interface, not a world"),
    ("world w { include w; }", "'w' depends on itself"),
    ("world w { export f: func(); export f: func(); }", "the world exports 'f' twice"),
    (
        "world w { import f: func(); include v; } world v { import f: func(); }",
        "Include it under another name",
    ),
    ("world w { include v with { g as h } } world v {}", "has nothing called 'g'"),
    ("inteface i {}", "expected 'interface', 'world', 'use' or 'package', found 'inteface'"),
    ("@unstabel(feature = x) interface i {}", "@unstabel(feature = ...) means nothing"),
    ("interface i { @since(version = 1) f: func(); }", "expected a version such as 0.2.0"),
    ("/* no end", "this comment does not end"),
    ("interface i { # }", "'#' means nothing in WIT"),
    ("interface i { \u202e }", "the character U+202E must not stand in WIT"),
]


@pytest.mark.parametrize(("text", "words"), _CASES)
def test_it_is_told(text, words):
    with pytest.raises(WitError) as error:
        read(WitSource(f"package a:b;\n{text}"), known=shipped())
    assert words in str(error.value)
    assert str(error.value).startswith("wit:2:")


def test_where():
    text = "package a:b;\n\ninterface i {\n  // é\n  f: func(a: u32, b: nope);\n}\n"
    with pytest.raises(WitError) as error:
        read(WitSource(text, "my.wit"))
    found = error.value
    assert (found.source, found.line, found.column) == ("my.wit", 5, 22)
    assert found.problem == "there is no type 'nope'"
    again = pickle.loads(pickle.dumps(found))
    assert str(again) == str(copy.copy(found)) == str(found)


def test_a_text_without_a_package():
    with pytest.raises(WitError, match="does not say which package"):
        read(WitSource("interface i {}"))
    assert "local:cell" in read(WitSource("interface i {}"), package="local:cell").packages


def test_a_package_that_is_there_already():
    with pytest.raises(WitError, match=r"the package wasi:io@0\.2\.0 is there already"):
        read(WitSource("package wasi:io@0.2.0; interface mine {}"), known=shipped())


def test_types_that_are_nested_without_end():
    deep = "list<" * 5000 + "u8" + ">" * 5000
    with pytest.raises(WitError, match="nested too deeply"):
        read(WitSource(f"package a:b; interface i {{ type t = {deep}; }}"))


_LETTERS = "package a:b ; interface i { } world w import export use include with as record variant"
_MORE = "enum flags resource type func static constructor u8 list option result tuple borrow own"
_REST = 'string map stream async f g x 0.2.0 1 -> ( ) < > , : . / @ = _ { } ; : /* */ % " -'
_WORDS = [*f"{_LETTERS} {_MORE} {_REST}".split(), "/// doc\n"]


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(_WORDS), max_size=40).map(" ".join))
def test_whatever_words_it_has(text):
    with suppress(WitError):
        read(WitSource(text), package="a:b")


_TEXT = (
    "package a:b@0.1.0;\ninterface i { use j.{t as s}; resource r { constructor(x: s); "
    "m: func() -> result<list<u8>, string>; } variant v { a(r), b } } "
    "interface j { record t { x: u8 } } world w { import i; export go: func(x: u8); }"
)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_text_that_was_changed_somewhere(data):
    at = data.draw(st.integers(0, len(_TEXT)))
    until = data.draw(st.integers(at, min(len(_TEXT), at + 4)))
    new = data.draw(st.text(max_size=3))
    with suppress(WitError):
        read(WitSource(_TEXT[:at] + new + _TEXT[until:]))
