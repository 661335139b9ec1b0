"""Properties that go to OpenVINO as they are, by its own names."""

from __future__ import annotations

import json

from wasinn_nb.nn.errors import InvalidArgument

Properties = dict[str, object]


def parse_properties(text: str) -> Properties:
    """Read the setting ``properties``.

    Raises:
        InvalidArgument: not a JSON object of strings, numbers, booleans or further such objects.
    """
    if not text.strip():
        return {}
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidArgument(f"properties is not valid JSON: {error}.") from None
    if not isinstance(document, dict) or not _plain(document, depth=3):
        raise InvalidArgument(
            f"properties is {text[:80]!r}; it must be a JSON object of property names and values.",
            hint='For example {"DYNAMIC_QUANTIZATION_GROUP_SIZE": 0}.',
        )
    return document


def _plain(value: object, depth: int) -> bool:
    if isinstance(value, dict):
        return depth > 0 and all(_plain(item, depth - 1) for item in value.values())
    return isinstance(value, (str, int, float, bool))


def properties_text(text: str) -> str:
    """The setting without spaces around it; raises as :func:`parse_properties`."""
    parse_properties(text)
    return text.strip()
