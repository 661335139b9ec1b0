"""A hold on a resident graph: what a run has while it uses a model."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from wasinn_nb.nn.backend import ExecutionContext, Graph, ModelInfo
from wasinn_nb.nn.cancel import CancelToken
from wasinn_nb.nn.errors import InvalidArgument
from wasinn_nb.nn.settings import EffectiveConfig
from wasinn_nb.nn.stream import TokenStream

if TYPE_CHECKING:
    from wasinn_nb.nn.entry import Entry
    from wasinn_nb.nn.registry import ModelRegistry


class Lease:
    """One holder's use of one loaded model, with the configuration that holder gets.

    While a lease lives the model stays loaded. It ends by :meth:`release` (the model stays
    resident) or :meth:`unload` (the model goes too, unless others hold it).

    Attributes:
        unknown: keys of the holder's configuration that no setting has.
    """

    def __init__(
        self,
        registry: ModelRegistry,
        entry: Entry,
        graph: Graph,
        config: EffectiveConfig,
        holder: str,
        unknown: tuple[str, ...],
    ) -> None:
        self.name = entry.name
        self.config = config
        self.holder = holder
        self.unknown = unknown
        self.info: ModelInfo = graph.info
        self.device = graph.device
        self._registry = registry
        self._entry = entry
        self._graph: Graph | None = graph
        self._lock = threading.Lock()
        self._contexts: list[ExecutionContext] = []

    @property
    def alive(self) -> bool:
        """False once released or unloaded."""
        return self._graph is not None

    def create_context(
        self,
        *,
        stream: TokenStream | None = None,
        cancel: CancelToken | None = None,
        warn: Callable[[str], None] | None = None,
    ) -> ExecutionContext:
        """A new execution context on the graph; closed with the lease at the latest.

        Raises:
            InvalidArgument: the lease has ended.
        """
        graph = self._graph
        if graph is None:
            raise InvalidArgument(f"The graph of model {self.name!r} was unloaded.")
        context = graph.create_context(self.config, stream=stream, cancel=cancel, warn=warn)
        with self._lock:
            if self._graph is not None:
                self._contexts.append(context)
                return context
        context.close()
        raise InvalidArgument(f"The graph of model {self.name!r} was unloaded.")

    def drop_context(self, context: ExecutionContext) -> None:
        """Close one context before the lease ends."""
        with self._lock:
            if context in self._contexts:
                self._contexts.remove(context)
        context.close()

    def unload(self) -> None:
        """End the lease and free the model unless somebody else holds it.

        Outputs that the lease's contexts computed stay readable.
        """
        if self._end():
            self._registry.lease_ended(self._entry, self, unload=True)

    def release(self) -> None:
        """End the lease; the model stays loaded for the next run. May be called twice."""
        if self._end():
            self._registry.lease_ended(self._entry, self, unload=False)

    def _end(self) -> bool:
        with self._lock:
            if self._graph is None:
                return False
            self._graph = None
            contexts, self._contexts = self._contexts, []
        for context in contexts:
            context.close()
        return True
