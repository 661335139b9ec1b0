"""A function that a module would run while it is instantiated, when the rest is not there yet."""

from __future__ import annotations

from wasinn_nb.guest.componentize.binary import CORE_HEADER, name, section, unsigned
from wasinn_nb.guest.componentize.core import FUNC, CoreModule
from wasinn_nb.guest.wat import sections
from wasinn_nb.guest.wat.reader import Reader

STARTER = "[start]"


def without_start(module: CoreModule) -> bytes:
    """The module with that function exported, as :data:`STARTER`, in place of being run."""
    start = module.sections.section(sections.START)
    if not start:
        return module.data
    number = start.unsigned()
    exports = module.sections.section(sections.EXPORT)
    count = exports.unsigned() if exports else 0
    there = exports.take(len(exports)) if exports else b""
    added = name(STARTER) + bytes((FUNC,)) + unsigned(number)
    content = section(sections.EXPORT, unsigned(count + 1) + there + added)
    reader = Reader(module.data, len(CORE_HEADER))
    parts = [CORE_HEADER]
    while reader:
        begin = reader.at
        kind = reader.byte()
        reader.part()
        # exports stand right before the start, whether or not the module has others
        if kind == sections.START:
            parts.append(content)
        elif kind != sections.EXPORT:
            parts.append(module.data[begin : reader.at])
    return b"".join(parts)
