"""Which function does which verb. Imported at the first use of a magic, not at load."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from wasinn_nb.notebook import cells, commands, guests, health
from wasinn_nb.notebook.commands import Call

COMMANDS: dict[str, Callable[[Call], Any]] = {
    "load": commands.load,
    "preload": commands.preload,
    "unload": commands.unload,
    "forget": commands.forget,
    "models": commands.models,
    "config": commands.config,
    "panel": commands.panel,
    "run": cells.run_file,
    "guests": guests.listing,
    "export": guests.export,
    "backends": health.backends,
    "doctor": health.doctor,
}
