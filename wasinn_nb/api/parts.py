"""What a host is put together from: the models, the builder and the runner of guests."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Generic, TypeVar, overload

from wasinn_nb.nn.events import EventBus

if TYPE_CHECKING:
    from wasinn_nb.guest.build.builder import Builder
    from wasinn_nb.guest.exports.showing import Presentation, Presenter
    from wasinn_nb.guest.options import RunOptions
    from wasinn_nb.guest.run import Run
    from wasinn_nb.guest.runner import Runner
    from wasinn_nb.nn.registry import ModelRegistry

T = TypeVar("T")


class Part(Generic[T]):
    """A part of the host, made when first needed, by whichever thread comes first.

    ``functools.cached_property`` does not keep threads apart any more in newer Pythons.
    """

    def __init__(self, make: Callable[[HostParts], T]) -> None:
        self._make = make
        self._name = make.__name__
        self.__doc__ = make.__doc__

    @overload
    def __get__(self, host: None, owner: type) -> Part[T]: ...
    @overload
    def __get__(self, host: HostParts, owner: type) -> T: ...
    def __get__(self, host: HostParts | None, owner: type) -> T | Part[T]:
        if host is None:
            return self
        with host.lock:
            if self._name not in host.__dict__:
                host.__dict__[self._name] = self._make(host)
            part: T = host.__dict__[self._name]
            return part


class HostParts:
    """The parts of a host, each made when it is first needed.

    Attributes:
        bus: what happens here, as events.
        lock: held while a part is made or a setting changed.
        presenter: shows what calls of exports print and generate; None to print it.
    """

    def __init__(self) -> None:
        self.presenter: Presenter | None = None
        self.bus = EventBus()
        self.lock = threading.RLock()

    def _shown(self, run: Run, options: RunOptions) -> Presentation:
        """A call of an export begins to be shown."""
        from wasinn_nb.guest.exports.showing import Plain

        return (self.presenter or Plain)(run, options)

    @Part
    def registry(self) -> ModelRegistry:
        """The models."""
        from wasinn_nb import backends, models
        from wasinn_nb.guest.build import paths
        from wasinn_nb.nn.registry import ModelRegistry
        from wasinn_nb.nn.sources import SourceResolver

        resolver = SourceResolver(cache_dir=paths.cache_root(), builtin=models.builtin_path)
        return ModelRegistry(backends.catalog(), resolver, bus=self.bus)

    @Part
    def builder(self) -> Builder:
        """Turns sources into modules."""
        from wasinn_nb.guest.build.builder import Builder

        return Builder()

    @Part
    def runner(self) -> Runner:
        """Runs modules."""
        from wasinn_nb.guest.runner import Runner

        return Runner(
            self.registry,
            bus=self.bus,
            artifacts=self.builder.artifacts,
            presenter=self._shown,
        )
