"""The extension's settings: ``%config WasinnMagics`` lists, checks and completes them."""

from __future__ import annotations

from typing import Any

from IPython.core.magic import Magics
from traitlets import Bool, Enum, Float, Int, TraitError, validate

from wasinn_nb.notebook.verbs import DIALECTS

_ADDRESSABLE_MIB = 4096

HOST_SETTINGS = ("memory_budget_mib", "threads", "cache_size_mib")
"""Those that are about the whole process rather than about cells."""

SLOWEST, FASTEST = 1, 60
"""Paints a second that there can be."""


class Preferences(Magics):
    """Traits that a user may set, in a cell or in ``ipython_config.py``.

    A front end has settings of its own: what it wishes counts for what the user has not set here.
    """

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
        True,
        help="Prepare the C library and the JavaScript interpreter in the background when the "
        "extension loads.",
    ).tag(config=True)

    def __init__(self, shell: Any = None, **traits: Any) -> None:
        self._wishes: dict[str, Any] = {}
        self._assigned: set[str] = set()
        super().__init__(shell, **traits)

    @property
    def streams(self) -> bool:
        """Whether to show what a guest generates: ``stream``, or a front end's wish."""
        return bool(self._wished("stream"))

    @property
    def paints(self) -> float:
        """Paints a second: ``frame_rate``, or a front end's wish."""
        return float(self._wished("frame_rate"))

    def wish(self, name: str, value: Any) -> None:
        """Take a front end's setting; None withdraws it."""
        self._wishes[name] = value

    def _wished(self, name: str) -> Any:
        wish = self._wishes.get(name)
        return getattr(self, name) if wish is None or self._is_set(name) else wish

    def _is_set(self, name: str) -> bool:
        """Whether the user has set it, be it to the default."""
        return name in self._assigned or name in self._find_my_config(self.config)

    @validate("frame_rate", "stream")
    def _assign(self, proposal: dict[str, Any]) -> Any:
        # also for a value that is no change, of which an observer would not hear
        name, value = proposal["trait"].name, proposal["value"]
        if name == "frame_rate" and not SLOWEST <= value <= FASTEST:
            raise TraitError(f"frame_rate is {value:g}; it can be {SLOWEST} to {FASTEST}.")
        self._assigned.add(name)
        return value

    @validate("timeout", "memory_limit_mib", "memory_budget_mib", "threads", "cache_size_mib")
    def _check_positive(self, proposal: dict[str, Any]) -> float | None:
        value: float | None = proposal["value"]
        name = proposal["trait"].name
        if value is not None and not 0 < value < 1e9:
            raise TraitError(f"{name} is {value:g}; it must be above 0, or None.")
        if name == "memory_limit_mib" and value is not None and value > _ADDRESSABLE_MIB:
            raise TraitError(f"{name} is {value}; a guest can address {_ADDRESSABLE_MIB}.")
        return value
