"""Reads the WIT files that the package ships, as far as they go: what tests build components from.

A type is a tuple: its kind, then its parts. Names of types are resolved; resources stay names.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

import wasinn_nb

FOLDER = Path(wasinn_nb.__file__).parent / "wit"
_TOKENS = re.compile(r"///?[^\n]*|->|[A-Za-z0-9_][A-Za-z0-9_-]*|[{}()<>,;:=.@/]|\s+")
_PLAIN = {"u8", "u32", "s32", "u64", "f32", "f64", "bool", "string"}


@dataclass
class Interface:
    """``types`` in order; ``functions`` by their names in components: parameters and result."""

    name: str
    types: dict = field(default_factory=dict)
    uses: dict = field(default_factory=dict)
    functions: dict = field(default_factory=dict)


def read(stem):
    """The interfaces of a file, by full names, in an order in which uses come later."""
    text = (FOLDER / f"{stem}.wit").read_text()
    tokens = [t for t in _TOKENS.findall(text) if not t.isspace() and not t.startswith("//")]
    assert "".join(tokens) == re.sub(r"//[^\n]*|\s+", "", text)
    package, version = re.search(r"^package ([\w:-]+)@([\w.-]+);", text, re.MULTILINE).groups()
    found = {}
    reader = _Reader(tokens)
    while reader.more:
        if reader.take() == "interface":
            name = reader.take()
            found[name] = reader.interface(Interface(f"{package}/{name}@{version}"))
        else:
            reader.skip_statement()
    ordered = []

    def add(interface):
        for other in interface.uses.values():
            add(found[other])
        if interface not in ordered:
            ordered.append(interface)

    for interface in found.values():
        add(interface)
    for interface in ordered:
        for local, other in interface.uses.items():
            interface.uses[local] = found[other]
    return {interface.name: interface for interface in ordered}


class _Reader:
    def __init__(self, tokens):
        self.tokens = tokens[::-1]

    @property
    def more(self):
        return bool(self.tokens)

    def take(self, *expected):
        token = self.tokens.pop()
        assert not expected or token in expected, (token, expected)
        return token

    def at(self, token):
        if self.tokens[-1] == token:
            self.tokens.pop()
            return True
        return False

    def skip_statement(self):
        depth = 0
        while True:
            token = self.take()
            depth += {"{": 1, "}": -1}.get(token, 0)
            if depth == 0 and token in ";}":
                return

    def interface(self, interface):
        self.take("{")
        while not self.at("}"):
            word = self.take()
            if word == "use":
                other = self.take()
                self.take(".")
                for name, _ in self.block(lambda: None):
                    interface.uses[name] = other
                self.take(";")
            elif word == "type":
                name = self.take()
                self.take("=")
                interface.types[name] = self.type()
                self.take(";")
            elif word == "record":
                name = self.take()
                interface.types[name] = ("record", self.block(self.after_colon))
            elif word == "enum":
                name = self.take()
                interface.types[name] = ("enum", [n for n, _ in self.block(lambda: None)])
            elif word == "variant":
                name = self.take()
                interface.types[name] = ("variant", self.block(self.payload))
            elif word == "resource":
                name = self.take()
                interface.types[name] = ("resource",)
                self.resource(interface, name)
            else:
                self.function(interface, word)
        return interface

    def resource(self, interface, name):
        if self.at(";"):
            return
        this = [("self", ("borrow", name))]
        self.take("{")
        while not self.at("}"):
            word = self.take()
            if word == "constructor":
                params = self.params()
                self.take(";")
                interface.functions[f"[constructor]{name}"] = (params, ("named", name))
            else:
                self.function(interface, word, name, this)

    def function(self, interface, word, resource="", this=()):
        self.take(":")
        full = word
        if resource:
            static = self.at("static")
            full = f"[{'static' if static else 'method'}]{resource}.{word}"
            this = [] if static else this
        self.take("func")
        params = [*this, *self.params()]
        result = self.type() if self.at("->") else None
        self.take(";")
        interface.functions[full] = (params, result)

    def params(self):
        self.take("(")
        found = []
        while not self.at(")"):
            found.append((self.take(), self.after_colon()))
            self.at(",")
        return found

    def block(self, rest):
        self.take("{")
        found = []
        while not self.at("}"):
            found.append((self.take(), rest()))
            self.at(",")
        return found

    def after_colon(self):
        self.take(":")
        return self.type()

    def payload(self):
        if not self.at("("):
            return None
        found = self.type()
        self.take(")")
        return found

    def type(self):
        word = self.take()
        if word in _PLAIN:
            return (word,)
        if word == "_":
            return None
        if word in {"list", "option", "tuple", "result", "borrow"}:
            parts = []
            if self.at("<"):
                while not self.at(">"):
                    parts.append(self.type())
                    self.at(",")
            if word == "borrow":
                return ("borrow", parts[0][1])
            return (word, *parts)
        return ("named", word)
