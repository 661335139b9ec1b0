"""A core guest as a component: what it imports is made of WASI 0.2, wasi:nn and wasinn:llm.

The adapters are programs in C (``src/``), 20 kB each, that come compiled: they are the same for all
guests and languages, and nobody should need a compiler for C to have a guest in Go as a component.
``python -m scripts.adapters`` makes them anew.
"""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from wasinn_nb.guest.adapters.duplicates import without_duplicates
from wasinn_nb.guest.componentize import ComponentizeError, componentize
from wasinn_nb.guest.componentize.core import read_core
from wasinn_nb.guest.wit import Packages, shipped
from wasinn_nb.guest.wit.model import World

__all__ = ["ComponentizeError", "as_component", "fingerprint"]

WASI = "wasi_snapshot_preview1"
NN = "wasi_ephemeral_nn"
_PEEK, _BRIDGE = "wasinn:peek", "wasinn:bridge"
_CORE = "wasinn:llm/core@0.1.0"
_FOLDER = Path(__file__).parent
_STANDARD = frozenset(
    {"load", "load_by_name", "init_execution_context", "set_input", "compute", "get_output"}
)


def as_component(
    wasm: bytes, packages: Packages | None = None, world: World | None = None
) -> bytes:
    """The component that a core module becomes.

    One that needs the six functions of the standard imports ``wasi:nn`` alone, so that it runs
    wherever that is; with any of the others it imports ``wasinn:llm/core`` as well.

    Args:
        wasm: of any language, with ``_start`` or ``_initialize``.
        packages: the user's WIT with what it refers to, for modules with typed exports.
        world: of it, what the component exports.

    Raises:
        ComponentizeError: it cannot be one, for example because it imports something else.
    """
    wasm, renamed = without_duplicates(wasm)
    called = {wanted.name for wanted in read_core(wasm).imports if wanted.module == NN}
    adapter = _adapter("standard" if called <= _STANDARD else "core")
    adapters = {_PEEK: _adapter("peek"), _BRIDGE: _adapter("bridge")}
    adapters |= {WASI: adapter, NN: adapter}
    adapters |= {called: adapters[of] for called, of in renamed.items() if of in adapters}
    return componentize(wasm, packages or shipped(), world, adapters, {_CORE: "latin1+utf16"})


@cache
def _adapter(name: str) -> bytes:
    return (_FOLDER / f"{name}.wasm").read_bytes()


@cache
def fingerprint() -> str:
    """Changes with everything that makes other components of the same modules."""
    package = _FOLDER.parents[1]
    digest = hashlib.sha256()
    for pattern in ("guest/adapters/*.*", "guest/componentize/*.py", "guest/wit/*.py", "wit/*.wit"):
        for path in sorted(package.glob(pattern)):
            digest.update(path.read_bytes())
    return digest.hexdigest()
