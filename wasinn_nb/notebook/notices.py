"""What the host did on its own account while a cell ran: told in that cell."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from wasinn_nb.nn.events import EventKind
from wasinn_nb.notebook.text import printable

if TYPE_CHECKING:
    from wasinn_nb.api import Host


@contextmanager
def noticed(host: Host) -> Iterator[None]:
    """Print the notices of the block (a model unloaded to make room) to standard error."""
    with host.bus.watching() as subscription:
        try:
            yield
        finally:
            for event in subscription.drain():
                if event.kind is EventKind.NOTICE:
                    print(printable(str(event.data.get("text", ""))), file=sys.stderr)  # noqa: T201
