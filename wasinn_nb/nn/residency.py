"""Which models are in memory: loaded as somebody needs them, unloaded to keep within a budget.

Called by the registry for entries that it operates on.
"""

from __future__ import annotations

from collections.abc import Mapping

from wasinn_nb.nn.backend import Graph, MemoryEstimate, Progress, Share
from wasinn_nb.nn.cancel import CancelToken
from wasinn_nb.nn.configs import Configs
from wasinn_nb.nn.entry import Entry
from wasinn_nb.nn.errors import Busy, MissingMemory, NotFound
from wasinn_nb.nn.events import EventBus, EventKind
from wasinn_nb.nn.fit import BUDGET, MemoryUse, Place, memory_use
from wasinn_nb.nn.loader import Loader
from wasinn_nb.nn.memory import format_bytes
from wasinn_nb.nn.settings import EffectiveConfig, Value
from wasinn_nb.nn.table import EntryTable


class Residency:
    """Decides what is loaded.

    Attributes:
        budget: bytes that loaded models may take together; None for no limit.
    """

    def __init__(self, table: EntryTable, configs: Configs, loader: Loader, bus: EventBus) -> None:
        self.budget: int | None = None
        self._table = table
        self._configs = configs
        self._loader = loader
        self._bus = bus

    def ensure(
        self,
        entry: Entry,
        config: EffectiveConfig,
        guest: Mapping[str, Value],
        progress: Progress | None,
        cancel: CancelToken | None,
        *,
        fresh: bool = False,
    ) -> Graph:
        """The entry's graph, loaded with the MODEL settings of ``config``.

        Args:
            guest: the values that a guest asked for.
            fresh: also load again when the file changed on disk (and nobody uses the old one).

        Raises:
            Busy: it is in use with other settings.
        """
        if entry.graph is not None:
            holders = entry.holders
            replaced = fresh and not holders and self._loader.stale(entry)
            if self._configs.same_load(entry, config) and not replaced:
                return entry.graph
            if holders:
                raise Busy(
                    f"Model {entry.name!r} is loaded with other settings "
                    f"({self._configs.difference(entry, config)}) and in use by "
                    f"{', '.join(holders)}.",
                    hint="Stop that run, or ask for the same settings.",
                    holders=holders,
                )
        room = self._make_room if self.budget else None
        try:
            return self._loader.reload(
                entry, config, guest, room=room, progress=progress, cancel=cancel
            )
        finally:
            entry.reserved = False

    def memory(self) -> MemoryUse:
        """The memory of this process, of what is loaded, and of the machine."""
        with self._table.lock:
            loaded = [(e.graph, e.backend) for e in self._table.entries() if e.graph is not None]
            models = sum(graph.memory().total for graph, _ in loaded)
        return memory_use(models, {b.name: b for _, b in loaded if b is not None}.values())

    def place(self, entry: Entry, estimate: MemoryEstimate) -> tuple[Place, tuple[str, ...]] | None:
        """What the budget has left for a load of an entry, and what would be unloaded for it.

        None without a budget.
        """
        if not self.budget:
            return None
        with self._table.lock:
            others = [e for e in self._table.entries() if e is not entry and e.takes_memory]
            idle = sorted((e for e in others if e.expendable), key=lambda e: e.last_used)
            used = sum(e.footprint for e in others)
        free = self.budget - used + sum(e.footprint for e in idle)
        share = Share(estimate.weights, estimate.kv_cache, estimate.compute)
        place = Place(BUDGET, estimate.total, max(0, free), self.budget, share)
        victims = []
        while place.fits and idle and used + estimate.total > self.budget:
            used -= idle[0].footprint
            victims.append(idle.pop(0).name)
        return place, tuple(victims)

    def _make_room(self, entry: Entry, needed: int) -> None:
        """Unload idle models, least recently used first, until ``needed`` bytes fit the budget.

        Nothing is unloaded if that would not be enough. The room is reserved until the load ends,
        so that two loads at once cannot both have it.

        Raises:
            MissingMemory: with the numbers.
        """
        passed: list[Entry] = []
        while True:
            budget = self.budget or 0
            with self._table.lock:
                others = [e for e in self._table.entries() if e is not entry and e.takes_memory]
                idle = [e for e in others if e.expendable and e not in passed]
                used = sum(e.footprint for e in others)
                fixed = used - sum(e.footprint for e in idle)
                if used + needed <= budget or (not idle and entry.force):
                    entry.reserved = True
                    return
            if fixed + needed > budget and not entry.force:
                raise MissingMemory(
                    f"Model {entry.name!r} needs about {format_bytes(needed)}; the memory budget "
                    f"is {format_bytes(budget)}, and {format_bytes(fixed)} of it is held by models "
                    "in use or kept loaded.",
                    hint="Raise the budget, unload a model, or load with force.",
                )
            victim = min(idle, key=lambda e: e.last_used)
            passed.append(victim)
            self._sacrifice(victim, entry)

    def _sacrifice(self, victim: Entry, entry: Entry) -> None:
        try:
            with self._table.operating(
                victim.name, "unloading", idle_within=0.0, queue=False
            ) as current:
                if current is not victim:
                    return
                report = self._loader.unload(victim)
        except (Busy, NotFound):
            return
        self._bus.publish(
            EventKind.NOTICE,
            victim.name,
            text=f"Unloaded {victim.name!r} to make room for {entry.name!r} "
            f"within the memory budget.",
            freed=report.freed,
        )
