"""JSON schemas (draft 4 to 2020-12, what grammars can express of it) to GBNF.

Objects have their properties in the schema's order. Not enforced, as with llama.cpp:
``multipleOf``, ``uniqueItems``, ``patternProperties``, ``not``, ``if``, the counts of properties,
and formats but dates, times and UUIDs.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any
from urllib.parse import unquote

from wasinn_nb.backends.ggml.schema_numbers import integers, numbers
from wasinn_nb.backends.ggml.schema_regex import characters, complement, literal, regex
from wasinn_nb.nn.errors import InvalidArgument

_SURROGATE = re.compile("[\ud800-\udfff]")
_MAX_PARTS = 5000
_MOST = 1000
"""Longer texts and lists are not asked for, whatever a schema would allow."""

_DAY = (
    '("0" [1-9] | "1" [0-2]) "-" ("0" [1-9] | "1" [0-9] | "2" [0-8])'
    ' | ("0" [13-9] | "1" [0-2]) "-" ("29" | "30")'
    ' | ("0" [13578] | "1" [02]) "-31"'
)
_DATE = f'[1-9] [0-9]{{3}} "-" ({_DAY})'
_CLOCK = '([01] [0-9] | "2" [0-3]) ":" [0-5] [0-9]'
_TIME = f'{_CLOCK} ":" [0-5] [0-9] ("." [0-9]{{1,6}})? ("Z" | [+-] {_CLOCK})'
_HEX = "[0-9a-f]"
_FORMATS = {
    "date": _DATE,
    "time": _TIME,
    "date-time": f'{_DATE} "T" {_TIME}',
    "uuid": '"-" '.join(f"{_HEX}{{{size}}} " for size in (8, 4, 4, 4, 12)),
}

_COMMON = {
    "ws": '(" " | "\\n" [ \\t]{0,20})?',
    "char": f"{characters(complement([(34, 34), (92, 92), (127, 127)]))} "
    '| "\\\\" (["\\\\/bfnrt] | "u" [0-9a-cA-C] [0-9a-fA-F]{3})',
    "string": '"\\"" char* "\\""',
    "integer": integers(None, None),
    "number": numbers(None, None),
    "boolean": '"true" | "false"',
    "null": '"null"',
    "array": '"[" ws (value (ws "," ws value)* ws)? "]"',
    "object": '"{" ws (string ws ":" ws value (ws "," ws string ws ":" ws value)* ws)? "}"',
    "value": "string | number | object | array | boolean | null",
}
_IMPLIED = {
    "object": ("properties", "required", "additionalProperties"),
    "array": ("items", "prefixItems", "minItems", "maxItems"),
    "string": ("pattern", "minLength", "maxLength", "format"),
    "number": ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"),
}


def convert(schema: dict[str, Any]) -> str:
    """The GBNF text of a schema.

    Raises:
        InvalidArgument: malformed, or nothing could match it.
        RecursionError: nested too deeply.
    """
    converter = _Converter(schema)
    root = converter.visit(schema)
    lines = [f"root ::= {root}"]
    lines += [f"{name} ::= {body}" for name, body in (_COMMON | converter.rules).items()]
    return "\n".join(lines) + "\n"


class _Converter:
    """One conversion.

    Attributes:
        rules: the rules made so far, by name.
    """

    def __init__(self, document: dict[str, Any]) -> None:
        self.rules: dict[str, str] = {}
        self._document = document
        self._refs: dict[str, str] = {}
        self._parts = 0

    def visit(self, schema: Any) -> str:
        """An expression for a schema, safe to stand in a sequence."""
        self._count()
        if schema is True or schema == {}:
            return "value"
        if not isinstance(schema, dict):
            raise InvalidArgument(f"The JSON schema has {json.dumps(schema)[:80]} for a schema.")
        if "$ref" in schema:
            return self._ref(schema["$ref"])
        if "const" in schema:
            return literal(_json(schema["const"]))
        if "enum" in schema:
            return self._any_of([literal(_json(value)) for value in _list(schema, "enum")])
        if "allOf" in schema:
            return self.visit(self._all_of(schema))
        for key in ("anyOf", "oneOf"):
            if key in schema:
                rest = {k: v for k, v in schema.items() if k != key}
                return self._any_of([self._variant(rest, way) for way in _list(schema, key)])
        kinds = schema.get("type", self._implied(schema))
        if isinstance(kinds, list):
            return self._any_of([self._typed(schema, kind) for kind in kinds])
        return self._typed(schema, kinds)

    def _variant(self, rest: dict[str, Any], way: Any) -> str:
        plain = isinstance(way, dict) and not set(rest).isdisjoint(
            word for words in _IMPLIED.values() for word in (*words, "type", "allOf", "anyOf")
        )
        return self.visit(self._merged(rest, way)) if plain else self.visit(way)

    def _typed(self, schema: dict[str, Any], kind: Any) -> str:
        match kind:
            case "object":
                return self._object(schema)
            case "array":
                return self._array(schema)
            case "string":
                return self._string(schema)
            case "integer" | "number":
                return _number(schema, whole=kind == "integer")
            case "boolean" | "null" | "value":
                return str(kind)
        raise InvalidArgument(f"The JSON schema has an unknown type: {json.dumps(kind)[:80]}.")

    def _implied(self, schema: dict[str, Any]) -> str:
        return next(
            (kind for kind, words in _IMPLIED.items() if any(w in schema for w in words)), "value"
        )

    # -- composition ---------------------------------------------------------------------------

    def _ref(self, ref: Any) -> str:
        target = self._target(ref)
        if ref not in self._refs:
            name = self._refs[ref] = f"ref-{len(self._refs)}"
            self.rules[name] = self.visit(target)
        return self._refs[ref]

    def _target(self, ref: Any) -> Any:
        if not isinstance(ref, str) or not ref.startswith("#"):
            raise InvalidArgument(f"The JSON schema refers to {json.dumps(ref)[:80]}, elsewhere.")
        target: Any = self._document
        for step in ref[1:].split("/")[1:]:
            key = unquote(step).replace("~1", "/").replace("~0", "~")
            if isinstance(target, list) and key.isdigit() and int(key[:9]) < len(target):
                target = target[int(key[:9])]
            elif isinstance(target, dict) and key in target:
                target = target[key]
            else:
                raise InvalidArgument(
                    f"The JSON schema refers to {ref[:80]!r}, which is not there."
                )
        return target

    def _all_of(self, schema: dict[str, Any]) -> dict[str, Any]:
        merged: dict[str, Any] = {key: value for key, value in schema.items() if key != "allOf"}
        for part in _list(schema, "allOf"):
            merged = self._merged(merged, part)
        return merged

    def _merged(self, schema: dict[str, Any], part: Any) -> dict[str, Any]:
        """Both schemas as one."""
        self._count()
        seen = 0
        while isinstance(part, dict) and "$ref" in part:
            part = self._target(part["$ref"])
            seen += 1
            if seen > len(self._refs) + 100:
                raise InvalidArgument("The JSON schema's references go in a circle.")
        if part is True:
            part = {}
        if not isinstance(part, dict):
            raise InvalidArgument(f"The JSON schema has {json.dumps(part)[:80]} for a schema.")
        if "allOf" in part:
            part = self._all_of(part)
        merged: dict[str, Any] = schema | part
        if isinstance(schema.get("properties"), dict) and isinstance(part.get("properties"), dict):
            merged["properties"] = schema["properties"] | part["properties"]
        if isinstance(schema.get("required"), list) and isinstance(part.get("required"), list):
            merged["required"] = schema["required"] + part["required"]
        for key, choose in (("minimum", max), ("maximum", min), ("minLength", max),
                            ("maxLength", min), ("minItems", max), ("maxItems", min)):  # fmt: skip
            if _is_number(schema.get(key)) and _is_number(part.get(key)):
                merged[key] = choose(schema[key], part[key])
        return merged

    # -- types ---------------------------------------------------------------------------------

    def _string(self, schema: dict[str, Any]) -> str:
        if "pattern" in schema:
            return self._rule(f'"\\"" {regex(str(schema["pattern"]))} "\\""')
        kind = schema.get("format")
        if isinstance(kind, str) and kind in _FORMATS:
            return self._rule(f'"\\"" {_FORMATS[kind]} "\\""')
        times = _times(schema, "minLength", "maxLength")
        return "string" if times == "*" else self._rule(f'"\\"" char{times} "\\""')

    def _array(self, schema: dict[str, Any]) -> str:
        items = schema.get("items", True)
        fixed = items if isinstance(items, list) else schema.get("prefixItems")
        if fixed:
            if not isinstance(fixed, list):
                raise InvalidArgument("The JSON schema's prefixItems is not a list.")
            fixed = fixed[: _size(schema, "maxItems", len(fixed))]
            ways = ' ws "," ws '.join(self.visit(item) for item in fixed)
            return self._rule(f'"[" ws {ways} ws "]"' if ways else '"[" ws "]"')
        least = _size(schema, "minItems", 0)
        if items is False or schema.get("maxItems") == 0:
            return self._rule('"[" ws "]"')
        item = self.visit(items)
        rest = _times({"a": max(least - 1, 0)} | _less(schema, "maxItems"), "a", "maxItems")
        inner = f'{item} (ws "," ws {item}){rest} ws' if rest != "{0}" else f"{item} ws"
        return self._rule(f'"[" ws {inner if least else f"({inner})?"} "]"')

    def _object(self, schema: dict[str, Any]) -> str:
        properties = schema.get("properties", {})
        required = schema.get("required", [])
        extra = schema.get("additionalProperties", not properties and not required)
        if not isinstance(properties, dict) or not isinstance(required, list):
            raise InvalidArgument("The JSON schema's properties or required is malformed.")
        if not all(isinstance(name, str) for name in required):
            raise InvalidArgument("The JSON schema's required has what is no name.")
        properties = properties | {n: True for n in required if n not in properties}
        more = '""'
        if extra is not False:
            key = self._rule(f'"\\"" {_other_than(list(properties))} "\\""')
            member = self._rule(f'{key} ws ":" ws {self.visit(extra)}')
            more = f'(ws "," ws {member})*'
            first = f"({member} {more})?"
        else:
            first = '""'
        # from the last property to the first: what may follow once a member was written, and
        # what may begin the object
        for name, inner in reversed(list(properties.items())):
            if inner is False and name not in required:
                continue
            pair = f'{literal(_json(name))} ws ":" ws {self.visit(inner)}'
            follow = self._rule(more)
            begin = f"{pair} {follow}"
            if name in required:
                first, more = begin, f'ws "," ws {begin}'
            else:
                first = f"{begin} | {self._rule(first)}"
                more = f'ws "," ws {begin} | {follow}'
        return self._rule(f'"{{" ws ({first}) ws "}}"')

    # -- rules ---------------------------------------------------------------------------------

    def _any_of(self, ways: list[str]) -> str:
        if not ways:
            raise InvalidArgument("The JSON schema has an empty list of alternatives.")
        return self._rule(" | ".join(dict.fromkeys(ways)))

    def _rule(self, body: str) -> str:
        name = f"part-{len(self.rules)}"
        self.rules[name] = body
        return name

    def _count(self) -> None:
        self._parts += 1
        if self._parts > _MAX_PARTS:
            raise InvalidArgument(f"The JSON schema has more than {_MAX_PARTS:,} parts.")


def _json(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    # half of a surrogate pair exists as an escape only
    return text if _SURROGATE.search(text) is None else json.dumps(value)


def _list(schema: dict[str, Any], key: str) -> list[Any]:
    value = schema[key]
    if not isinstance(value, list):
        raise InvalidArgument(f"The JSON schema's {key} is not a list.")
    return value


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _number(schema: dict[str, Any], *, whole: bool) -> str:
    bounds: dict[str, tuple[float | None, bool]] = {}
    for key, exclusive in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
        value, beyond = schema.get(key), schema.get(exclusive)
        for bound in (value, None if isinstance(beyond, bool) else beyond):
            if bound is not None and not (_is_number(bound) and abs(bound) < 1e15):
                raise InvalidArgument(f"The JSON schema's {key} is {json.dumps(bound)[:80]}.")
        if beyond is None or isinstance(beyond, bool):
            bounds[key] = value, bool(beyond)
        elif value is None or (beyond >= value if key == "minimum" else beyond <= value):
            bounds[key] = beyond, True
        else:
            bounds[key] = value, False
    (low, open_low), (high, open_high) = bounds["minimum"], bounds["maximum"]
    if low is None and high is None:
        return "integer" if whole else "number"
    if not whole:
        return numbers(low, high, open_low=open_low, open_high=open_high)
    least = None if low is None else math.floor(low) + 1 if open_low else math.ceil(low)
    most = None if high is None else math.ceil(high) - 1 if open_high else math.floor(high)
    return integers(least, most)


def _size(schema: dict[str, Any], key: str, default: int) -> int:
    value = schema.get(key, default)
    if not _is_number(value) or value != int(value) or value < 0:
        raise InvalidArgument(f"The JSON schema's {key} is {json.dumps(value)[:80]}.")
    return int(value)


def _less(schema: dict[str, Any], key: str) -> dict[str, Any]:
    return {key: _size(schema, key, 0) - 1} if key in schema else {}


def _times(schema: dict[str, Any], low: str, high: str) -> str:
    """How often something stands, from two keys of a schema."""
    least = _size(schema, low, 0)
    if high not in schema:
        return f"{{{least},}}" if least else "*"
    most = min(_size(schema, high, 0), max(least, _MOST))
    if most < least:
        raise InvalidArgument(f"The JSON schema's {high} is below its {low}.")
    return f"{{{least},{most}}}" if most else "{0}"


def _other_than(names: list[str]) -> str:
    """The inside of a JSON string that is none of ``names``."""
    if not names:
        return "char*"
    known = [ord(name[0]) for name in names if name]
    ways = [f"{characters(complement([(c, c) for c in (*known, 34, 92, 127)]))} char*"]
    for code in dict.fromkeys(known):
        rest = [name[1:] for name in names if name and ord(name[0]) == code]
        if code >= 32 and chr(code) not in '"\\' and not 0xD800 <= code <= 0xDFFF:
            ways.append(f"{literal(chr(code))} {_other_than(rest)}")
    return f"({' | '.join(ways)})" + ("" if "" in names else "?")
