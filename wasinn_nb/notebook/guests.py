"""The verbs about guests: what this kernel has built, and saving one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from IPython.core.error import UsageError

from wasinn_nb.nn.errors import WasinnError
from wasinn_nb.nn.memory import format_bytes
from wasinn_nb.notebook import views
from wasinn_nb.notebook.parser import did_you_mean
from wasinn_nb.notebook.text import Table, duration

if TYPE_CHECKING:
    from wasinn_nb.guest.guest import Guest
    from wasinn_nb.notebook.commands import Call


def listing(call: Call) -> views.Listing[Guest]:
    """``%wasinn guests``."""
    table = Table(
        ("guest", "language", "size", "from", "built in"),
        empty="No guest was built or loaded yet. Write one in a `%%wasinn c` cell.",
    )
    guests = call.host.guests
    for name, guest in guests.items():
        built = guest.built
        took = (
            "" if built is None else "cached" if built.from_cache else duration(built.build_seconds)
        )
        form = f"{guest.language}, component" if guest.abi == "component" else guest.language
        language = guest.language if guest.is_script else form
        table.rows.append((name, language, format_bytes(len(guest.wasm)), guest.label, took))
    return views.Listing(guests.values(), table)


def export(call: Call) -> views.Document:
    """``%wasinn export``."""
    guest = find(call, call.options.name)
    if guest.is_script:
        raise UsageError(
            f"{guest.name} is the text of a {guest.language} cell, and no module of its own: it "
            "runs here only."
        )
    path = Path(call.options.file).expanduser()
    if path.is_dir():
        path /= f"{guest.name}.wasm"
    data = guest.wat.encode() if path.suffix.lower() == ".wat" else guest.wasm
    try:
        path.write_bytes(data)
    except OSError as error:
        reason = error.strerror or str(error)
        raise WasinnError(f"{path} cannot be written: {reason}.") from None
    return views.line(f"{path}: {format_bytes(len(data))}")


def find(call: Call, name: str) -> Any:
    """The guest called ``name``.

    Raises:
        UsageError: there is none.
    """
    guests = call.host.guests
    if name not in guests:
        known = did_you_mean(name, guests) or " `%wasinn guests` lists them."
        raise UsageError(f"There is no guest named {name!r}.{known}")
    return guests[name]
