"""Why a build failed, in the user's terms."""

from __future__ import annotations

from collections.abc import Sequence

from wasinn_nb.guest.build.model import Diagnostic
from wasinn_nb.guest.build.render import render
from wasinn_nb.nn.errors import WasinnError

_SHOWN = 5


class ToolchainMissing(WasinnError):  # noqa: N818 - named after the fault
    """No compiler for a language was found; the message says what to install."""


class UnknownLanguage(WasinnError):  # noqa: N818 - named after the fault
    """The cell names a language that this package does not build."""


class BuildError(WasinnError):
    """The source does not compile or link.

    ``str()`` is what a compiler prints: the cell's own lines, each with a caret.

    Attributes:
        diagnostics: everything the compiler said, errors first.
        log: its raw output without the paths of this machine.
        label: what the cell is called in the text.
        language: what it is written in; empty where that does not matter.
    """

    def __init__(
        self, diagnostics: Sequence[Diagnostic], *, log: str = "", label: str, language: str = ""
    ) -> None:
        self.diagnostics = sorted(diagnostics, key=lambda found: found.severity != "error")
        self.log = log
        self.label = label
        self.language = language
        errors = [found for found in self.diagnostics if found.severity == "error"]
        shown = [render(found, label) for found in errors[:_SHOWN]]
        if len(errors) > _SHOWN:
            shown.append(f"({len(errors) - _SHOWN} more errors)")
        super().__init__("\n".join(shown) or f"{label} does not compile.")
