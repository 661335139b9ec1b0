from __future__ import annotations

from tests.guest.run.conftest import backend, registry, runner

__all__ = ["backend", "registry", "runner"]
