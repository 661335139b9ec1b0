"""A hold on a resident graph: what a run has while it uses a model."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from wasinn_nb.nn.backend import ExecutionContext, Graph, ModelInfo
from wasinn_nb.nn.cancel import CancelToken
from wasinn_nb.nn.errors import InvalidArgument
from wasinn_nb.nn.settings import EffectiveConfig
from wasinn_nb.nn.shield import shielded
from wasinn_nb.nn.stream import TokenStream

if TYPE_CHECKING:
    from wasinn_nb.nn.entry import Entry
    from wasinn_nb.nn.leasing import Leasing


class Lease:
    """One holder's use of one loaded model, with the configuration that holder gets.

    While a lease lives the model stays loaded. It ends by :meth:`release` (the model stays
    resident) or :meth:`unload` (the model goes too, unless others hold it).

    Args:
        current: what the holder's configuration comes to with the pins of now.

    Attributes:
        unknown: keys of the holder's configuration that no setting has.
    """

    def __init__(
        self,
        keeper: Leasing,
        entry: Entry,
        graph: Graph,
        config: EffectiveConfig,
        holder: str,
        unknown: tuple[str, ...],
        current: Callable[[], EffectiveConfig],
    ) -> None:
        self.name = entry.name
        self.holder = holder
        self.unknown = unknown
        self.info: ModelInfo = graph.describe()
        self.device = graph.device
        self._keeper = keeper
        self._entry = entry
        self._graph: Graph | None = graph
        self._acquired_with = config
        self._current = current
        self._lock = threading.Lock()
        self._contexts: list[ExecutionContext] = []

    @property
    def config(self) -> EffectiveConfig:
        """The holder's settings. Pins of CONTEXT and REQUEST settings count as they are now.

        MODEL settings stay those of the loaded graph.
        """
        now = self._current()
        return now if now is self._acquired_with else now.with_model_of(self._acquired_with)

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
        shielded(lambda _: self._end(unload=True), certain=True)

    def release(self) -> None:
        """End the lease; the model stays loaded for the next run. May be called twice."""
        shielded(lambda _: self._end(unload=False), certain=True)

    def _end(self, *, unload: bool) -> None:
        with self._lock:
            if self._graph is None:
                return
            self._graph = None
            contexts, self._contexts = self._contexts, []
        try:
            for context in contexts:
                context.close()
        finally:
            self._keeper.ended(self._entry, self, unload=unload)
