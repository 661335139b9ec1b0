"""What the settings of registered models come to."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from wasinn_nb.nn.backend import Backend, ModelInfo
from wasinn_nb.nn.detection import Detector
from wasinn_nb.nn.entry import Entry
from wasinn_nb.nn.settings import (
    EffectiveConfig,
    Origin,
    ParsedConfig,
    Schema,
    Scope,
    Setting,
    Value,
)

_REMEMBERED_CONFIGS = 64

KEEP_LOADED = Setting(
    "keep-loaded",
    "bool",
    Scope.HOST,
    False,
    "never unloaded by the memory budget",
    guest=False,
)


class Configs:
    """Schemas and configurations of the registry's entries.

    Args:
        detector: tells whose settings apply.

    Attributes:
        defaults: the host's own, in place of those of the backends.
    """

    def __init__(self, backends: Mapping[str, Backend], detector: Detector) -> None:
        self.defaults: Mapping[str, object] = {}
        self._backends = backends
        self._detector = detector
        self._schemas: dict[str, Schema] = {}

    def check_config(self, entry: Entry) -> None:
        """Check the load options at registration where the backend can be known already.

        Raises:
            InvalidArgument: unknown setting or bad value, or settings that contradict each other.
        """
        if entry.load_config and self._detector.known(entry) is not None:
            self.effective(entry, ParsedConfig())

    def schema(self, entry: Entry) -> Schema:
        """The settings that apply to an entry; looks into its file only if that has to tell."""
        return self.of(self.presumed(entry))

    def set_defaults(self, values: Mapping[str, object]) -> None:
        """The host's own defaults for those backends that know them.

        Raises:
            InvalidArgument: a bad value; nothing is changed then.
        """
        for backend in self._backends.values():
            schema = self.of(backend)
            schema.check_user({k: v for k, v in values.items() if k in schema})
        self.defaults = dict(values)

    def guest_config(self, entry: Entry, json: bytes) -> tuple[ParsedConfig, EffectiveConfig]:
        """A guest's configuration and what it comes to, remembered while pins stay the same.

        Raises:
            InvalidEncoding, InvalidArgument: the configuration is malformed.
        """
        configs = entry.configs  # before the pins are read: see Entry
        known = configs.get(json)
        if known is None:
            parsed = self.schema(entry).parse_guest(json) if json else ParsedConfig()
            known = parsed, self.effective(entry, parsed)
            if len(configs) >= _REMEMBERED_CONFIGS:
                configs.clear()
            configs[json] = known
        return known

    def check_pins(self, entry: Entry, pins: Mapping[str, Value]) -> None:
        """Check whether an entry could have these pins.

        Raises:
            InvalidArgument: settings that contradict each other.
        """
        self.draft(self.presumed(entry), entry, {}, pins)

    def effective(self, entry: Entry, parsed: ParsedConfig) -> EffectiveConfig:
        """Pins over guest over load options over defaults, as this machine uses them.

        Raises:
            InvalidArgument: a bad value, or settings that contradict each other.
        """
        asked, used = self.draft(self.presumed(entry), entry, parsed.values, entry.pins)
        if not parsed.values:  # a guest's values would hide what the user is to be told
            entry.notes = tuple(adjustments(asked, used))
        return used

    def draft(
        self,
        backend: Backend,
        entry: Entry,
        guest: Mapping[str, Value],
        pins: Mapping[str, Value],
    ) -> tuple[EffectiveConfig, EffectiveConfig]:
        """What an entry would be loaded with if it had these pins: as asked for, and as used.

        Args:
            guest: values that a guest asked for.

        Raises:
            InvalidArgument: a bad value, or settings that contradict each other.
        """
        schema = self.of(backend)
        asked = schema.resolve(
            host=schema.check_user({k: v for k, v in self.defaults.items() if k in schema}),
            load=schema.check_user(entry.load_config),
            guest=guest,
            pins=schema.check_user(pins),
        )
        return asked, backend.normalise(asked)

    def changed_pins(
        self,
        entry: Entry,
        values: Mapping[str, object],
        drop: Sequence[str],
        *,
        reset: bool,
        schema: Schema | None = None,
    ) -> Callable[[], dict[str, Value]]:
        """What gives an entry's pins after a change; they may change until it is called.

        Raises:
            InvalidArgument: an unknown setting or a bad value.
        """
        schema = schema or self.schema(entry)
        checked = schema.check_user(values)
        dropped = {schema.find(key).key for key in drop}

        def changed() -> dict[str, Value]:
            kept = {} if reset else {k: v for k, v in entry.pins.items() if k not in dropped}
            return kept | checked

        return changed

    def effective_or_none(self, entry: Entry) -> EffectiveConfig | None:
        """As :meth:`effective`, or None while only the files could tell the backend."""
        if self._detector.at_hand(entry) is None:
            return None
        return self.guest_config(entry, b"")[1]

    def same_load(self, entry: Entry, config: EffectiveConfig) -> bool:
        """True if the loaded weights serve ``config`` as they are."""
        loaded = entry.loaded_with
        if loaded is None:
            return False
        if config is loaded or (entry.serves[0] is loaded and entry.serves[1] is config):
            return True
        same = loaded.select(Scope.MODEL) == config.select(Scope.MODEL)
        if same:
            entry.serves = loaded, config
        return same

    def difference(self, entry: Entry, config: EffectiveConfig) -> str:
        """The MODEL settings in which a loaded entry differs from ``config``, in words."""
        loaded = entry.loaded_with
        if loaded is None:
            return ""
        return ", ".join(
            f"{key}={loaded[key]} instead of {config[key]}" for key in reloading(loaded, config)
        )

    def of(self, backend: Backend) -> Schema:
        """The settings of every model of a backend."""
        schema = self._schemas.get(backend.name)
        if schema is None:
            own = backend.schema()
            schema = Schema([*own.values(), KEEP_LOADED])
            self._schemas[backend.name] = schema
        return schema

    def tailored(self, backend: Backend, entry: Entry, info: ModelInfo | None) -> Schema:
        """The settings as a form shows them; remembered for the last model that the entry was."""
        known, schema = entry.tailored
        if schema is None or known is not info:
            own = backend.tailored(info)
            schema = Schema([*own.values(), KEEP_LOADED])
            entry.tailored = info, schema
        return schema

    def presumed(self, entry: Entry) -> Backend:
        """The backend whose settings apply; downloads only where the address does not tell."""
        return self.known(entry) or self._detector.backend(entry)

    def known(self, entry: Entry) -> Backend | None:
        """The backend whose settings apply, if that can be told without a download."""
        return self._detector.known(entry)


def reloading(loaded: EffectiveConfig, config: EffectiveConfig) -> tuple[str, ...]:
    """The MODEL settings in which a loaded graph differs from a configuration."""
    before, wanted = loaded.select(Scope.MODEL), config.select(Scope.MODEL)
    return tuple(key for key, value in wanted.items() if before.get(key) != value)


def adjustments(asked: EffectiveConfig, used: EffectiveConfig) -> Iterator[str]:
    """What the person at the notebook asked for and this machine does otherwise."""
    for key, origin in asked.origins.items():
        if origin in (Origin.LOAD, Origin.PIN) and asked[key] != used[key]:
            setting = asked.schema[key]
            yield (
                f"{key}={setting.text(asked[key])} was asked for; "
                f"here it is {setting.text(used[key])}."
            )


def outcomes(config: EffectiveConfig, settled: EffectiveConfig) -> Iterator[str]:
    """What a load made of the settings that were left to it."""
    for key, value in config.values.items():
        if settled[key] != value and config.origins[key] is not Origin.DEFAULT:
            setting = config.schema[key]
            came_to = f"{setting.text(settled[key])} {setting.unit}".strip()
            yield f"{key}={setting.text(value)} came to {came_to}."
