"""Loading and unloading of the extension: every hook it sets in a shell, and how each is undone."""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING, Any

from IPython.core.error import UsageError
from traitlets import TraitError

from wasinn_nb.notebook.errors import restore_tracebacks, shorten_tracebacks
from wasinn_nb.notebook.formats import Formats
from wasinn_nb.notebook.lab.channel import Channel
from wasinn_nb.notebook.magics import WasinnMagics
from wasinn_nb.notebook.shells import in_kernel
from wasinn_nb.notebook.transformer import MAGIC, AwaitTransformer

if TYPE_CHECKING:
    from wasinn_nb.guest.build.warm import WarmUp

_NAME = WasinnMagics.__name__
_WARM_UP_AFTER = 1.0
_PATIENCE = 5.0


class Extension:
    """The hooks of one shell."""

    def __init__(self, shell: Any) -> None:
        self._shell = shell
        try:
            self.magics = WasinnMagics(shell=shell, parent=shell)
        except TraitError as error:
            raise UsageError(
                f"{error} Correct this setting of WasinnMagics with %config or in IPython's "
                "configuration, then load the extension again."
            ) from None
        target = f"get_ipython().magics_manager.registry[{_NAME!r}]"
        self._transformer = AwaitTransformer(shell, target)
        self._matcher = self._make_matcher()
        self._formats = Formats(shell)
        self._lab = Channel(self.magics) if in_kernel(shell) else None
        self._ended = threading.Event()
        self._warm_up: WarmUp | None = None

    def connect(self) -> None:
        """Set every hook."""
        self.magics.extension = self
        self.magics.raw_cell = lambda: self._transformer.raw_cell
        self._shell.register_magics(self.magics)
        self._shell.Completer.custom_matchers.append(self._matcher)
        self._transformer.connect()
        self._formats.connect()
        shorten_tracebacks(self._shell)
        if self._lab is not None:
            self.magics.origin = self._lab.origin
            self._lab.open()
        if self.magics.warm_up:
            threading.Thread(target=self._warm, name="wasinn warm-up", daemon=True).start()

    def disconnect(self) -> None:
        """Undo every hook, stop what runs, and free the models."""
        if self._lab is not None:
            self._lab.close()
        restore_tracebacks()
        self._formats.disconnect()
        self._transformer.disconnect()
        self._shell.Completer.custom_matchers.remove(self._matcher)
        self._shell.configurables.remove(self.magics)
        manager = self._shell.magics_manager
        for kind in ("line", "cell"):
            manager.magics[kind].pop(MAGIC, None)
        manager.registry.pop(_NAME, None)
        self._ended.set()
        if (retiring := sys.modules.get("wasinn_nb.notebook.widgets.retiring")) is not None:
            retiring.close_retired()
        if self._warm_up is not None:
            self._warm_up.cancel()
        if (placed := sys.modules.get("wasinn_nb.notebook.widgets.placed")) is not None:
            placed.end_all()
        if self.magics.host_used:
            self.magics.host.presenter = None
            self.magics.host.close()

    def _make_matcher(self) -> Any:
        from IPython.core.completer import context_matcher

        @context_matcher(identifier="wasinn_nb.magics")
        def match(context: Any) -> Any:
            from wasinn_nb.notebook.completion import MagicMatcher

            if "wasinn_nb.guest.exports.exports" in sys.modules:
                from wasinn_nb.notebook.export_completion import completed

                if found := completed(context.text_until_cursor, self._shell.user_ns):
                    return found
            return MagicMatcher(lambda: self.magics.host, self._shell.user_ns)(context)

        return match

    def _warm(self) -> None:
        """Import the views, and prepare the first languages, before somebody waits for them."""
        # Not at once: the first cells of a notebook follow the loading of its extensions closely.
        if self._ended.wait(_WARM_UP_AFTER):
            return
        if in_kernel(self._shell):
            import wasinn_nb.notebook.widgets.stream  # noqa: F401 - for the first run that lasts
        self._warm_up = self.magics.host.builder.warm()
        if self._ended.is_set():  # meanwhile
            self._warm_up.cancel()


def loaded(shell: Any) -> Extension | None:
    """The extension's hooks in ``shell``, if it is loaded there."""
    magics = shell.magics_manager.registry.get(_NAME)
    extension: Extension | None = getattr(magics, "extension", None)
    return extension


def load(shell: Any) -> None:
    """Set the hooks, once; nothing is printed, and nothing heavy is imported."""
    if loaded(shell) is None:
        Extension(shell).connect()


def unload(shell: Any) -> None:
    """Undo what :func:`load` did and everything that came of it."""
    if (extension := loaded(shell)) is not None:
        extension.disconnect()
