"""The names that a core module has for the parameters of what it exports."""

from __future__ import annotations

from wasinn_nb.guest.build.model import InvalidWasm
from wasinn_nb.guest.wat.names import Names
from wasinn_nb.guest.wat.reader import Reader
from wasinn_nb.guest.wat.sections import EXPORT, Sections

_FUNCTION = 0


def parameter_names(wasm: bytes) -> dict[str, list[str]]:
    """Names by the exported function's, in order; those that have none are missing."""
    try:
        sections = Sections(Reader(wasm))
        names = Names(sections.named("name"))
        exported = _exported(sections.section(EXPORT))
    except InvalidWasm:
        return {}
    found = {}
    for name, index in exported.items():
        known = names.local_names(index)
        found[name] = [known[i] for i in range(len(known)) if i in known]
    return found


def _exported(section: Reader) -> dict[str, int]:
    """Indices of the functions that are exported."""
    if not section:
        return {}
    every = section.vector(lambda: (section.name(), section.byte(), section.unsigned()))
    return {name: index for name, kind, index in every if kind == _FUNCTION}
