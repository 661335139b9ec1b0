"""The extension's settings: ``%config WasinnMagics`` lists, checks and completes them."""

from __future__ import annotations

from typing import Any

from IPython.core.magic import Magics
from traitlets import Bool, Enum, Float, Int, TraitError, validate

from wasinn_nb.notebook.verbs import DIALECTS

_ADDRESSABLE_MIB = 4096

HOST_SETTINGS = ("memory_budget_mib", "threads", "cache_size_mib")
"""Those that are about the whole process rather than about cells."""


class Preferences(Magics):
    """Traits that a user may set, in a cell or in ``ipython_config.py``."""

    stream = Bool(True, help="Show tokens that a guest generates and does not print.").tag(
        config=True
    )
    markdown = Bool(False, help="Show generated text as Markdown.").tag(config=True)
    frame_rate = Float(20.0, help="Paints a second while tokens stream, 1 to 60.").tag(config=True)
    timeout = Float(
        None, allow_none=True, help="Seconds after which a run is ended; None for no limit."
    ).tag(config=True)
    memory_limit_mib = Int(
        None, allow_none=True, help="MiB of memory a guest may have; None for half of what is free."
    ).tag(config=True)
    compat = Enum(
        DIALECTS, "auto", help="Which host's reading of the ABI guests get where hosts disagree."
    ).tag(config=True)
    memory_budget_mib = Int(
        None,
        allow_none=True,
        help="MiB that loaded models may take together: a load that would pass it first unloads "
        "the least recently used idle model. None for no budget.",
    ).tag(config=True)
    threads = Int(
        None,
        allow_none=True,
        help="Threads for models that set none; None for physical cores minus one.",
    ).tag(config=True)
    cache_size_mib = Int(
        None,
        allow_none=True,
        help="MiB that the build cache may take on disk; None for the default.",
    ).tag(config=True)
    warm_up = Bool(
        True, help="Build the compiler's C library in the background when the extension loads."
    ).tag(config=True)

    @validate("frame_rate")
    def _check_frame_rate(self, proposal: dict[str, Any]) -> float:
        rate: float = proposal["value"]
        if not 1 <= rate <= 60:
            raise TraitError(f"frame_rate is {rate:g}; it can be 1 to 60.")
        return rate

    @validate("timeout", "memory_limit_mib", "memory_budget_mib", "threads", "cache_size_mib")
    def _check_positive(self, proposal: dict[str, Any]) -> float | None:
        value: float | None = proposal["value"]
        name = proposal["trait"].name
        if value is not None and not 0 < value < 1e9:
            raise TraitError(f"{name} is {value:g}; it must be above 0, or None.")
        if name == "memory_limit_mib" and value is not None and value > _ADDRESSABLE_MIB:
            raise TraitError(f"{name} is {value}; a guest can address {_ADDRESSABLE_MIB}.")
        return value
