"""JavaScript, run by QuickJS: a component that the package carries."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from wasinn_nb.guest.build.cache import ArtifactCache
from wasinn_nb.guest.languages.base import Progress, Toolchain
from wasinn_nb.nn.cancel import CancelToken

_COMPONENT = Path(__file__).with_name("javascript.wasm")


@cache
def _wasm() -> bytes:
    return _COMPONENT.read_bytes()


@cache
def _toolchain() -> Toolchain:
    return Toolchain("quickjs", hashlib.sha256(_wasm()).hexdigest()[:12])


class JavaScript:
    """JavaScript as scripts: what a cell declares is there for the next one."""

    name = "js"
    aliases = ("javascript",)
    install = "npm run build --workspace interpreters/javascript (a wheel of wasinn-nb has it)"
    sample = ""

    def detect(self) -> Toolchain | None:
        """The component is there, unless this is a checkout where nobody has built it."""
        return _toolchain() if _COMPONENT.exists() else None

    def ready(self, toolchain: Toolchain, toolchains: Path) -> bool:
        """There is nothing to prepare."""
        del toolchain, toolchains
        return True

    def component(
        self,
        toolchain: Toolchain,
        artifacts: ArtifactCache,
        *,
        progress: Progress | None,
        cancel: CancelToken | None,
    ) -> bytes:
        """The component, as it was built."""
        del toolchain, artifacts, progress, cancel
        return _wasm()


LANGUAGE = JavaScript()
