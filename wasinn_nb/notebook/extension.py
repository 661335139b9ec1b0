"""Loading and unloading of the extension: every hook it sets in a shell, and how each is undone."""

from __future__ import annotations

from typing import Any

from wasinn_nb.notebook.completion import MagicMatcher
from wasinn_nb.notebook.magics import WasinnMagics
from wasinn_nb.notebook.transformer import MAGIC, AwaitTransformer
from wasinn_nb.notebook.views import FORMS, Formats

_NAME = WasinnMagics.__name__


class Extension:
    """The hooks of one shell."""

    def __init__(self, shell: Any) -> None:
        self._shell = shell
        self.magics = WasinnMagics(shell=shell, parent=shell)
        target = f"get_ipython().magics_manager.registry[{_NAME!r}]"
        self._transformer = AwaitTransformer(shell, target)
        self._matcher = MagicMatcher(lambda: self.magics.host, shell.user_ns).matcher()
        self._formats = Formats(shell, FORMS)

    def connect(self) -> None:
        """Set every hook."""
        self.magics.extension = self
        self.magics.raw_cell = lambda: self._transformer.raw_cell
        self._shell.register_magics(self.magics)
        self._shell.configurables.append(self.magics)
        self._shell.Completer.custom_matchers.append(self._matcher)
        self._transformer.connect()
        self._formats.connect()

    def disconnect(self) -> None:
        """Undo every hook."""
        self._formats.disconnect()
        self._transformer.disconnect()
        self._shell.Completer.custom_matchers.remove(self._matcher)
        self._shell.configurables.remove(self.magics)
        manager = self._shell.magics_manager
        for kind in ("line", "cell"):
            manager.magics[kind].pop(MAGIC, None)
        manager.registry.pop(_NAME, None)


def loaded(shell: Any) -> Extension | None:
    """The extension's hooks in ``shell``, if it is loaded there."""
    magics = shell.magics_manager.registry.get(_NAME)
    extension: Extension | None = getattr(magics, "extension", None)
    return extension


def load(shell: Any) -> None:
    """Set the hooks, once; nothing is printed, and nothing heavy is imported."""
    if loaded(shell) is None:
        extension = Extension(shell)
        extension.connect()
        extension.magics.begin()


def unload(shell: Any) -> None:
    """Undo the hooks, stop what runs, and free the models."""
    if (extension := loaded(shell)) is not None:
        extension.disconnect()
        extension.magics.end()
