"""A binary as text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from wasinn_nb.guest.build.model import Source, kind
from wasinn_nb.guest.wat.component import component_fields
from wasinn_nb.guest.wat.module import Field, module_fields
from wasinn_nb.guest.wat.reader import Reader

_STEP = "  "


class Text(NamedTuple):
    """A module or a component as text.

    Attributes:
        text: WebAssembly text. That of a core module can be assembled again, unless it is cut.
        cut: the text ends early, with a comment that says so.
    """

    text: str
    cut: bool


def disassemble(wasm: bytes, *, source: Source | None = None, limit: int | None = None) -> Text:
    """The text of a binary.

    Instructions that come from a cell have its lines above them as comments, if the binary has
    debug information. A component is shown in outline, with the whole of the modules in it.

    Args:
        wasm: a core module or a component.
        source: what it was built from: the text of the lines.
        limit: the most characters; the text ends before the first field that goes beyond.

    Raises:
        InvalidWasm: the binary is damaged, or has an instruction that is unknown.
    """
    whole = Reader(bytes(wasm))
    module = kind(whole.data) == "module"
    fields = module_fields(whole, source) if module else component_fields(whole)
    return _within(fields, limit)


def _within(fields: Iterator[Field], limit: int | None) -> Text:
    """As many fields as may be."""
    found: list[str] = []
    size = 0
    for depth, text in fields:
        indentation = _STEP * depth
        line = indentation + text.replace("\n", f"\n{indentation}")
        size += len(line) + 1
        if limit is not None and size > limit:
            found.append(
                f"{indentation};; The text is cut here, it is too long. Guest.wat has all of it."
            )
            found += [f"{_STEP * outer})" for outer in range(depth - 1, -1, -1)]
            return Text("\n".join(found) + "\n", cut=True)
        found.append(line)
    return Text("\n".join(found) + "\n", cut=False)
