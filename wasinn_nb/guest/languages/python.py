"""Python, run by CPython: a component that the package carries, or that a checkout makes once.

It is made by ``interpreters/python/build.py`` with componentize-py. A wheel has it compressed; what
is unpacked, or made, is kept in the user's cache.
"""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
import threading
from functools import cache
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

from wasinn_nb.guest.build.cache import ArtifactCache
from wasinn_nb.guest.build.process import run
from wasinn_nb.guest.languages.base import Progress, Toolchain, throttled
from wasinn_nb.nn.cancel import CancelToken
from wasinn_nb.nn.errors import WasinnError

_PACKED = Path(__file__).with_name("python.wasm.xz")
_CHECKOUT = Path(__file__).resolve().parents[3]
_BUILD = _CHECKOUT / "interpreters" / "python" / "build.py"
# what the component is made of, beside componentize-py
_SOURCES = ("interpreters/python", "wasinn_nb/wit")
_KIND = "interpreter"
_BUILDER = "componentize-py"
_UNPACKING = "unpacking the Python interpreter, once for all notebooks"
_MAKING = "making the Python interpreter, once for all notebooks (about half a minute)"
_LAST_LINES = 8


@cache
def _packed() -> Toolchain:
    return Toolchain("cpython", hashlib.sha256(_PACKED.read_bytes()).hexdigest()[:12])


@cache
def _made() -> Toolchain:
    digest = hashlib.sha256(metadata.version(_BUILDER).encode())
    for folder in _SOURCES:
        for path in sorted((_CHECKOUT / folder).rglob("*.*")):
            if path.suffix in {".py", ".wit"}:
                digest.update(path.read_bytes())
    return Toolchain(_BUILDER, f"{metadata.version(_BUILDER)}-{digest.hexdigest()[:12]}")


class Python:
    """Python as scripts: what a cell defines is there for the next one."""

    name = "python"
    aliases = ("py",)
    install = f"pip install {_BUILDER} (a wheel of wasinn-nb needs nothing)"
    sample = "pass"

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._component: tuple[str, bytes] = ("", b"")

    def detect(self) -> Toolchain | None:
        """The component is there, or what makes it is."""
        if _PACKED.exists():
            return _packed()
        if _BUILD.exists() and find_spec(_BUILDER.replace("-", "_")) is not None:
            return _made()
        return None

    def ready(self, toolchain: Toolchain, toolchains: Path) -> bool:
        """Whether it has to be made first; unpacking takes no time worth telling."""
        del toolchains
        return toolchain.name != _BUILDER or self._component[0] == toolchain.identity

    def component(
        self,
        toolchain: Toolchain,
        artifacts: ArtifactCache,
        *,
        progress: Progress | None,
        cancel: CancelToken | None,
    ) -> bytes:
        """The component: one object for all cells of a process, which has 30 MB.

        Raises:
            WasinnError: it could not be made.
            Cancelled: through ``cancel``.
        """
        identity, wasm = self._component
        if identity == toolchain.identity:
            return wasm
        waiting = throttled(progress, "waiting for the Python interpreter to be made elsewhere")
        with artifacts.lock(_KIND, toolchain.identity, cancel=cancel, on_wait=waiting), self._lock:
            found = artifacts.get(_KIND, toolchain.identity)
            if found is None:
                if toolchain.name == _BUILDER:
                    found = _make(progress, cancel)
                else:
                    if progress is not None:
                        progress(_UNPACKING, None)
                    found = _unpacked(_PACKED.read_bytes())
                artifacts.put(_KIND, toolchain.identity, found)
            self._component = (toolchain.identity, found)
        return found


def _unpacked(data: bytes) -> bytes:
    try:
        import lzma
    except ImportError:
        raise WasinnError(
            "This Python was built without lzma, which the interpreter of Python cells is packed "
            "with.",
            hint="Use a Python that has the module lzma.",
        ) from None
    return lzma.decompress(data)


def _make(progress: Progress | None, cancel: CancelToken | None) -> bytes:
    """Run the build, in a directory that goes away."""
    with tempfile.TemporaryDirectory(prefix="wasinn-python-") as folder:
        product = Path(folder, "python.wasm")
        finished = run(
            [sys.executable, str(_BUILD), str(product)],
            cwd=Path(folder),
            env={**os.environ, "TMPDIR": folder},
            cancel=cancel,
            on_tick=throttled(progress, _MAKING),
        )
        if finished.returncode != 0:
            said = finished.output.replace(f"{folder}{os.sep}", "").strip().split("\n")
            raise WasinnError(
                f"{_BUILDER} could not make the Python interpreter: "
                + "\n".join(said[-_LAST_LINES:])
            )
        return product.read_bytes()


LANGUAGE = Python()
