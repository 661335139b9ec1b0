"""GBNF grammars and JSON schemas, checked before llama.cpp sees them.

llama.cpp walks every path of an ambiguous grammar, and what it refuses it reports on stderr only.
:func:`check_grammar` refuses the same first, with words.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from wasinn_nb.backends.ggml.gbnf import MAX_BYTES, CountTokens, Grammar, Item, Parser, Ref, Repeat
from wasinn_nb.backends.ggml.schema import convert
from wasinn_nb.nn.errors import InvalidArgument

MAX_PATHS = 1_000_000


def check_grammar(text: str, count_tokens: CountTokens | None = None) -> Grammar:
    """Check a GBNF text.

    Args:
        text: the grammar; its start is the rule ``root``.
        count_tokens: number of tokens of a text, to check ``<token>`` items; None skips that.

    Raises:
        InvalidArgument: it is malformed, or would take llama.cpp for ever.
    """
    grammar = Parser(text, count_tokens).parse()
    if "root" not in grammar.rules:
        raise InvalidArgument("The grammar has no rule named root.")
    _check_references(grammar)
    _Paths(grammar).check()
    return grammar


def schema_to_grammar(schema: str) -> str:
    """The GBNF text for a JSON schema.

    Raises:
        InvalidArgument: it is not JSON, not a schema, or uses what cannot be expressed.
    """
    if len(schema) > MAX_BYTES:
        raise InvalidArgument(f"The JSON schema is longer than {MAX_BYTES // 1024} KiB.")
    try:
        document = json.loads(schema)
        if not isinstance(document, dict):
            raise InvalidArgument("A JSON schema is a JSON object.")
        grammar = convert(document)
    except RecursionError:
        raise InvalidArgument("The JSON schema is nested too deeply.") from None
    except ValueError as error:
        raise InvalidArgument(f"The JSON schema is not JSON: {error}.") from None
    check_grammar(grammar)
    return grammar


def _check_references(grammar: Grammar) -> None:
    for name, alternatives in grammar.rules.items():
        todo: list[Item] = [item for sequence in alternatives for item in sequence]
        while todo:
            item = todo.pop()
            if isinstance(item, Repeat):
                todo += item.items
            elif isinstance(item, Ref) and item.name not in grammar.rules:
                raise InvalidArgument(
                    f"The grammar's rule {name!r} uses {item.name!r}, which is not defined."
                )


class _Paths:
    """How many ways lead from a rule to the first text it consumes.

    llama.cpp walks all of them, for left recursion and for the states of the start, so their number
    has to be small; an endless number is left recursion.
    """

    def __init__(self, grammar: Grammar) -> None:
        self._rules = grammar.rules
        self._nullable: set[str] = set()
        self._paths: dict[str, int] = {}
        self._walking: set[str] = set()

    def check(self) -> None:
        self._find_nullable()
        try:
            total = sum(self._of_rule(name) for name in self._rules)
            # llama.cpp makes a rule of each repetition, wherever it stands
            total += sum(self._of_repeat(item) for item in self._repeats())
        except RecursionError:
            raise InvalidArgument("The grammar's rules are nested too deeply.") from None
        if total > MAX_PATHS:
            raise InvalidArgument("The grammar is too ambiguous: too many ways to begin.")

    def _find_nullable(self) -> None:
        users: dict[str, set[str]] = {}
        for name, alternatives in self._rules.items():
            for sequence in alternatives:
                for used in _references(sequence):
                    users.setdefault(used, set()).add(name)
        todo = set(self._rules)
        while todo:
            name = todo.pop()
            if name in self._nullable:
                continue
            if any(all(map(self._empty, sequence)) for sequence in self._rules[name]):
                self._nullable.add(name)
                todo |= users.get(name, set())

    def _empty(self, item: Item) -> bool:
        if isinstance(item, Ref):
            return item.name in self._nullable
        return isinstance(item, Repeat) and (item.least == 0 or all(map(self._empty, item.items)))

    def _repeats(self) -> Iterator[Repeat]:
        todo = [item for rule in self._rules.values() for sequence in rule for item in sequence]
        while todo:
            item = todo.pop()
            if isinstance(item, Repeat):
                yield item
                todo += item.items

    def _of_rule(self, name: str) -> int:
        known = self._paths.get(name)
        if known is not None:
            return known
        if name in self._walking:
            shown = "a group" if name.startswith("(") else repr(name)
            raise InvalidArgument(f"The grammar is left-recursive: {shown} begins with itself.")
        self._walking.add(name)
        total = sum(1 + self._of_sequence(sequence) for sequence in self._rules[name])
        self._walking.discard(name)
        self._paths[name] = min(total, MAX_PATHS + 1)
        return self._paths[name]

    def _of_sequence(self, sequence: tuple[Item, ...]) -> int:
        total = 0
        for item in sequence:
            if isinstance(item, Ref):
                total += self._of_rule(item.name)
            elif isinstance(item, Repeat):
                total += self._of_repeat(item)
            if not self._empty(item):
                break
        return total

    def _of_repeat(self, item: Repeat) -> int:
        empty = all(map(self._empty, item.items))
        if empty and item.endless:
            raise InvalidArgument(
                "The grammar is left-recursive: it repeats without end what may be empty."
            )
        inner = 1 + self._of_sequence(item.items)
        return inner * (item.most or item.least or 1) if empty else inner


def _references(sequence: tuple[Item, ...]) -> set[str]:
    found: set[str] = set()
    todo = list(sequence)
    while todo:
        item = todo.pop()
        if isinstance(item, Ref):
            found.add(item.name)
        elif isinstance(item, Repeat):
            todo += item.items
    return found
