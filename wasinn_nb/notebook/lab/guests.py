"""The guests of the kernel, for pages that save or look at them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from wasinn_nb.nn.errors import WasinnError
from wasinn_nb.notebook.parser import did_you_mean

if TYPE_CHECKING:
    from wasinn_nb.api import Host
    from wasinn_nb.guest.guest import Guest
    from wasinn_nb.notebook.lab.cells import Cells
    from wasinn_nb.notebook.widgets.answers import Handler
    from wasinn_nb.notebook.widgets.requests import Request

# characters of WebAssembly text that a tab shows without getting slow
_LONGEST_TEXT = 4_000_000
_UNFIT = re.compile(r"[^\w.-]+")


class Guests:
    """What was built or loaded, under the names that the user sees.

    Args:
        host: has the guests.
        cells: which cells they are from.
    """

    def __init__(self, host: Host, cells: Cells) -> None:
        self._host = host
        self._cells = cells

    def handlers(self) -> dict[str, Handler]:
        """What pages may ask, by kind."""
        return {"guests": self._list, "wasm": self._wasm}

    def slow_handlers(self) -> dict[str, Handler]:
        """What takes a while."""
        return {"wat": self._wat}

    def newest_first(self) -> list[tuple[str, Guest]]:
        """Those with a name, and those that a cell made last, by the cell's label."""
        kept = list(self._host.guests.items())[::-1]
        known = {guest for _, guest in kept}
        for guest in self._cells.guests():
            if guest not in known:
                # a later guest took its name
                turn = self._cells.of(guest)[1]
                turns = (self._cells.of(other)[1] for _, other in kept)
                older = (place for place, other in enumerate(turns) if 0 < other < turn)
                kept.insert(next(older, len(kept)), (guest.label, guest))
        return kept

    def _find(self, request: Request) -> tuple[str, Guest]:
        name = request.text("name")
        guests = self.newest_first()
        for key, guest in guests:
            if key == name:
                return key, guest
        for _, guest in guests:
            if guest.built is not None and guest.label == name:
                return name, guest
        near = did_you_mean(name, [key for key, _ in guests]).strip()
        raise WasinnError(
            f"There is no guest named {name!r}.", hint=near or "Run its cell, which builds it."
        )

    def _list(self, _request: Request) -> dict[str, Any]:
        rows = [
            {
                "name": name,
                "language": guest.language,
                "size": len(guest.wasm),
                "cell": self._cells.of(guest)[0],
            }
            for name, guest in self.newest_first()
        ]
        return {"guests": rows}

    def _wasm(self, request: Request) -> dict[str, Any]:
        name, guest = self._find(request)
        stem = _UNFIT.sub("-", name.removesuffix(".wasm")).strip("-.")
        return {"name": name, "file": f"{stem or 'guest'}.wasm", "buffers": [guest.wasm]}

    def _wat(self, request: Request) -> dict[str, Any]:
        from wasinn_nb.guest.wat.printer import disassemble

        name, guest = self._find(request)
        text = disassemble(guest.wasm, source=guest.source, limit=_LONGEST_TEXT)
        return {"name": name, "text": text.text, "cut": text.cut}
