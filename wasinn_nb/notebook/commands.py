"""What the verbs about models do: each a few lines over the host, returning what IPython shows."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from IPython.core.error import UsageError

from wasinn_nb.nn.cancel import CancelToken
from wasinn_nb.nn.errors import UnsupportedOperation
from wasinn_nb.nn.record import ModelRecord, UnloadReport
from wasinn_nb.notebook import views
from wasinn_nb.notebook.describing import description
from wasinn_nb.notebook.parser import variable
from wasinn_nb.notebook.progress import ProgressLine, progress_line
from wasinn_nb.notebook.shells import has_audience, in_kernel
from wasinn_nb.notebook.widgets.display import Surface, surface

if TYPE_CHECKING:
    from wasinn_nb.api import Host
    from wasinn_nb.notebook.preferences import Preferences


@dataclass
class Call:
    """One use of a magic.

    Attributes:
        shell: the InteractiveShell.
        host: the host of this process.
        preferences: the extension's settings.
        options: the parsed words.
        namespace: the variables that the line can see.
        cancel: set when the cell is interrupted.
    """

    shell: Any
    host: Host
    preferences: Preferences
    options: argparse.Namespace
    namespace: Mapping[str, Any]
    cancel: CancelToken

    @property
    def surface(self) -> Surface:
        """How the cell can show what goes on."""
        markdown = self.preferences.markdown or getattr(self.options, "markdown", False)
        return surface(self.shell, frame_rate=self.preferences.paints, markdown=markdown)

    def progress(self, what: str) -> AbstractContextManager[ProgressLine]:
        """Show what takes long, such as ``the load of 'story'``, with a button to cancel it."""
        return progress_line(self.shell, self.cancel, what, live=self.surface.live)


def load(call: Call) -> ModelRecord:
    """``%wasinn load``."""
    options = call.options
    source: Any = options.source
    if source.startswith("$"):
        parts = [bytes(variable(n, call.namespace, "SOURCE")) for n in source.split(",")]
        source = tuple(parts) if len(parts) > 1 else parts[0]
    with call.progress(f"the load of {options.name!r}") as progress:
        return call.host.load(
            options.name,
            source,
            encoding=options.encoding,
            target=options.target,
            config={**(options.config or {}), **dict(options.set)},
            force=options.force,
            progress=progress,
            cancel=call.cancel,
        )


def preload(call: Call) -> views.Document:
    """``%wasinn preload``."""
    record = call.host.registry.preload(" ".join(call.options.line))
    text = f"{record.name}: {record.encoding.value} model at {record.origin}; loads on first use"
    return views.line(text)


def unload(call: Call) -> UnloadReport | list[UnloadReport]:
    """``%wasinn unload``."""
    options, registry = call.options, call.host.registry
    if options.all and options.names:
        raise UsageError("Give names or --all, not both.")
    if options.all:
        return views.unloads(registry.unload_all(wait=options.wait, cancel=call.cancel))
    if not options.names:
        raise UsageError("Which model? `%wasinn unload NAME...`, or `%wasinn unload --all`.")
    reports = [registry.unload(n, wait=options.wait, cancel=call.cancel) for n in options.names]
    return reports[0] if len(reports) == 1 else views.unloads(reports)


def forget(call: Call) -> views.Document:
    """``%wasinn forget``."""
    wait, registry = call.options.wait, call.host.registry
    reports = [registry.forget(n, wait=wait, cancel=call.cancel) for n in call.options.names]
    told = (f"{views.unload_text(report)}, forgotten" for report in reports)
    return views.line("\n".join(told))


def models(call: Call) -> ModelRecord | list[ModelRecord]:
    """``%wasinn models``."""
    if call.options.name:
        return description(call.host.describe(call.options.name))
    return views.models(call.host.registry.models())


def config(call: Call) -> Any:
    """``%wasinn config``."""
    options, name = call.options, call.options.name
    if not (options.set or options.unset or options.reset):
        return _form(call) or views.config(name, call.host.config(name))
    call.host.config(name, dict(options.set), unset=options.unset, reset=options.reset)
    record = call.host.registry.describe(name)
    pins = ", ".join(f"{key}={views.value_text(value)}" for key, value in record.pins.items())
    told = [f"{name}: {'pinned ' + pins if pins else 'no pins'}", *record.notes]
    return views.line("\n".join(told))


def panel(call: Call) -> Any:
    """``%wasinn panel``."""
    return _panel(call) or views.models(call.host.registry.models())


def _form(call: Call) -> Any:
    """The form for a model's settings, or what is left of one where nobody could use it.

    None where there is no front end that could show it.
    """
    if not in_kernel(call.shell):
        return None
    from wasinn_nb.notebook.widgets import config
    from wasinn_nb.notebook.widgets.form import content

    if not has_audience(call.shell):
        return content.listing(call.host.prospect(call.options.name))
    try:
        return config.in_cell(call.options.name, call.host)
    except UnsupportedOperation:  # a checkout whose front end is not built
        return None


def _panel(call: Call) -> Any:
    """The model manager; None where nobody could use it."""
    if not (in_kernel(call.shell) and has_audience(call.shell)):
        return None
    from wasinn_nb.notebook.widgets.panel import shared_panel

    try:
        return shared_panel(call.host)
    except UnsupportedOperation:
        return None
