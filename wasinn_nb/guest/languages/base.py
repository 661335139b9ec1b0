"""What a language is: how its toolchain is found, how it builds, how it explains its errors."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

from wasinn_nb.guest.build.cache import ArtifactCache
from wasinn_nb.guest.build.model import Diagnostic, Source
from wasinn_nb.nn.cancel import CancelToken

# Called with what is going on, in words, and for how many seconds it has been, where known.
Progress = Callable[[str, float | None], None]

_REPORT_SECONDS = 0.25


def throttled(progress: Progress | None, message: str) -> Callable[[float], None] | None:
    """A function of the seconds elapsed that reports ``message`` four times a second.

    Seconds that begin anew, in another phase, are reported at once.
    """
    if progress is None:
        return None
    last = float("-inf")

    def report(elapsed: float) -> None:
        nonlocal last
        if not last <= elapsed < last + _REPORT_SECONDS:
            last = elapsed
            progress(message, elapsed)

    return report


@dataclass(frozen=True, slots=True)
class Toolchain:
    """A compiler that was found.

    Attributes:
        name: ``"zig"``, ``"clang"``, ``"wasmtime"``.
        version: as its package states it.
        path: the executable; None for one that lives in this process.
        own_files: directories of its headers and sources. They belong to its version, and their
            names are no use in a message.
    """

    name: str
    version: str
    path: Path | None = None
    own_files: tuple[Path, ...] = ()

    @property
    def identity(self) -> str:
        """What a build depends on."""
        return f"{self.name}-{self.version}"

    @property
    def directory(self) -> Path | None:
        """Where the executable is, and where it is run."""
        return self.path.parent if self.path is not None else None


@dataclass(frozen=True, slots=True)
class Workspace:
    """What the builder lends to a language for one build.

    Attributes:
        path: an empty, private directory that goes away after the build.
        cwd: the directory that the user's relative paths (``-I``, quoted includes) start from.
        sdk: the guest SDK: ``include/`` and ``zig/``.
        toolchains: where a toolchain keeps what it builds once for all (its C library).
        artifacts: the shared store.
        background: nobody waits: run at low priority.
    """

    path: Path
    cwd: Path
    sdk: Path
    toolchains: Path
    artifacts: ArtifactCache
    background: bool = False

    def scrub(self, text: str, toolchain: Toolchain) -> str:
        """``text`` without the names of this machine's directories."""
        home = toolchain.directory
        for directory in (self.path, *toolchain.own_files, self.sdk / "include", self.sdk):
            text = text.replace(f"{directory}{os.sep}", "")
            if home is not None:
                # Zig shortens what lies below or near the directory it runs in.
                with suppress(ValueError):  # on another drive
                    near = re.escape(os.path.relpath(directory, home) + os.sep)
                    text = re.sub(rf"(?<![\w./\\-]){near}", "", text)
        text = text.replace(f"{self.toolchains}{os.sep}", "").replace(f"{self.cwd}{os.sep}", "")
        return text.replace(str(Path.home()) + os.sep, f"~{os.sep}")


@dataclass(frozen=True, slots=True)
class Compiled:
    """The outcome of a build that worked.

    Attributes:
        wasm: the module.
        log: what the compiler printed.
        dependencies: files of the user that went into it, absolute.
    """

    wasm: bytes
    log: str = ""
    dependencies: tuple[Path, ...] = ()


class CompileFailed(Exception):  # noqa: N818 - named after the fact; a BuildError is made from it
    """The compiler refused the source.

    Attributes:
        log: what it printed, for :meth:`Language.explain`.
        shown: the same for people, where a compiler writes for programs.
    """

    def __init__(self, log: str, *, shown: str | None = None) -> None:
        super().__init__(log)
        self.log = log
        self.shown = log if shown is None else shown


class Named(Protocol):
    """What every language has, whether its cells are compiled or run as they are."""

    @property
    def name(self) -> str:
        """The canonical name: ``c``, ``zig``, ``python``."""

    @property
    def aliases(self) -> tuple[str, ...]:
        """Other names that users type."""

    @property
    def install(self) -> str:
        """One line that says what to install when :meth:`detect` finds nothing."""

    @property
    def sample(self) -> str:
        """A smallest program, for warming what takes long at first; empty where nothing does."""

    def detect(self) -> Toolchain | None:
        """Find what builds or runs cells, in well under a millisecond once it was found."""

    def ready(self, toolchain: Toolchain, toolchains: Path) -> bool:
        """Whether what is made once for all is there already."""


class Language(Named, Protocol):
    """One language whose cells are compiled."""

    def build(
        self,
        source: Source,
        workdir: Workspace,
        toolchain: Toolchain,
        *,
        progress: Progress | None,
        cancel: CancelToken | None,
    ) -> Compiled:
        """Compile and link.

        Raises:
            CompileFailed: the compiler says no.
            Cancelled: through ``cancel``; the compiler has been killed.
        """

    def explain(self, stderr: str, source: Source) -> list[Diagnostic]:
        """What a build's output says, at the user's lines. Never raises, whatever the text."""


@runtime_checkable
class ScriptLanguage(Named, Protocol):
    """A language whose cells need no compiler: one component runs the text of any of them.

    The component is of the world ``wasinn:script/script`` (``wasinn_nb/wit/wasinn-script.wit``).
    It also says what is wrong with a cell, so there is nothing to build and nothing to explain.
    """

    def component(
        self,
        toolchain: Toolchain,
        artifacts: ArtifactCache,
        *,
        progress: Progress | None,
        cancel: CancelToken | None,
    ) -> bytes:
        """The component, at once if it was made before.

        Raises:
            Cancelled: through ``cancel``.
        """
