"""What a change of pins would mean, and the change itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from wasinn_nb.nn.backend import Backend, MemoryEstimate, ModelInfo, Progress
from wasinn_nb.nn.cancel import CancelToken
from wasinn_nb.nn.configs import KEEP_LOADED, Configs, adjustments, outcomes, reloading
from wasinn_nb.nn.entry import Entry
from wasinn_nb.nn.fit import Place, given_back, gpus, places, room
from wasinn_nb.nn.loader import Loader
from wasinn_nb.nn.registrations import Registrations
from wasinn_nb.nn.residency import Residency
from wasinn_nb.nn.settings import EffectiveConfig, Schema, Value
from wasinn_nb.nn.table import EntryTable

_UNKNOWN = Schema([KEEP_LOADED])
_NOT_HERE = "What kind of model this is will be known once it is downloaded."


@dataclass(frozen=True, slots=True)
class Prospect:
    """What a model's settings would come to with a draft of its pins.

    Args:
        name: of the model.
        config: every setting with its value and origin, as this machine would use it.
        schema: the settings, for this model on this machine; prominent ones first.
        pins: the draft: the pins there would be.
        info: the model; None while nothing is known of it.
        loaded: what it is loaded with; None if it is not.
        reload: the settings for which the loaded model would be loaded again; empty if none.
        estimate: the memory that it would take; None while nothing is known of it.
        places: the host, every GPU and the memory budget if there is one, with what would be
            needed and is free there.
        notes: what would be otherwise than asked for.
        busy: who uses it now; while anybody does, nothing can be loaded again.
    """

    name: str
    config: EffectiveConfig
    schema: Schema
    pins: Mapping[str, Value] = field(default_factory=dict)
    info: ModelInfo | None = None
    loaded: EffectiveConfig | None = None
    reload: tuple[str, ...] = ()
    estimate: MemoryEstimate | None = None
    places: tuple[Place, ...] = ()
    notes: tuple[str, ...] = ()
    busy: tuple[str, ...] = ()

    @property
    def fits(self) -> bool:
        """Whether there is room at every place, as far as that is known."""
        return all(place.fits for place in self.places)


class Prospects:
    """Looks ahead, and goes there.

    Called by the registry; :meth:`reconfigure` for an entry that the caller operates on.
    """

    def __init__(
        self,
        table: EntryTable,
        configs: Configs,
        loader: Loader,
        registrations: Registrations,
        residency: Residency,
    ) -> None:
        self._table = table
        self._configs = configs
        self._loader = loader
        self._registrations = registrations
        self._residency = residency

    def prospect(
        self, entry: Entry, values: Mapping[str, object], drop: Sequence[str], *, reset: bool
    ) -> Prospect:
        """What a change of an entry's pins would mean; nothing is changed, loaded or downloaded.

        Raises:
            InvalidArgument: an unknown setting, a bad value, or settings that contradict each
                other.
        """
        backend = self._configs.known(entry)
        if backend is None:
            pins = self._configs.changed_pins(entry, values, drop, reset=reset, schema=_UNKNOWN)()
            config = _UNKNOWN.resolve(pins={k: v for k, v in pins.items() if k in _UNKNOWN})
            return Prospect(entry.name, config, _UNKNOWN, pins, notes=(_NOT_HERE,))
        schema = self._configs.of(backend)
        pins = self._configs.changed_pins(entry, values, drop, reset=reset, schema=schema)()
        info = self._loader.look(entry)
        with self._table.lock:
            loaded, busy, guest = entry.loaded_with, entry.holders, self._guest(entry)
            returned = self._given_back(entry)
        asked, used = self._configs.draft(backend, entry, guest, pins)
        reload = reloading(loaded, used) if loaded is not None else ()
        notes, devices = tuple(adjustments(asked, used)), gpus(backend)
        estimate = None
        if info is not None:
            settled = backend.settle(info, used, entry.target, room(devices, returned))
            notes += tuple(outcomes(used, settled))
            estimate = backend.estimate(info, settled)
        there = places(estimate, devices, returned)
        if estimate is not None and (within := self._residency.place(entry, estimate)):
            there += (within[0],)
            if within[1] and (reload or loaded is None):
                victims = ", ".join(within[1])
                notes += (f"A load would unload {victims} to keep within the memory budget.",)
        return Prospect(
            entry.name,
            used,
            self._configs.tailored(backend, entry, info),
            pins,
            info,
            loaded,
            reload,
            estimate,
            there,
            notes,
            busy,
        )

    def reconfigure(
        self,
        entry: Entry,
        values: Mapping[str, object],
        drop: Sequence[str],
        *,
        reset: bool,
        progress: Progress | None,
        cancel: CancelToken | None,
    ) -> None:
        """Change an entry's pins, and load it again if it is loaded and that takes a load.

        Raises:
            InvalidArgument: as :meth:`prospect`.
            Busy: it would have to be loaded again, and is in use.
            NNError: it could not be loaded with these settings; then all is as it was.
            Cancelled: through ``cancel``; then it is unloaded, with its former pins.
        """
        changed = self._configs.changed_pins(entry, values, drop, reset=reset)
        backend: Backend = self._configs.presumed(entry)
        guest = self._guest(entry)
        _, config = self._configs.draft(backend, entry, guest, changed())
        if entry.graph is not None:
            self._residency.ensure(entry, config, guest, progress, cancel)
        self._registrations.set_pins(entry, changed)

    @staticmethod
    def _guest(entry: Entry) -> Mapping[str, Value]:
        """The values of the guest that what is loaded was loaded for."""
        return entry.guest if entry.graph is not None else {}

    @staticmethod
    def _given_back(entry: Entry) -> dict[str, int]:
        if entry.graph is None:
            return {}
        return given_back(entry.estimate, entry.graph.memory(), entry.measured)
