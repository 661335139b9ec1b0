"""The host of this process and the Python API: what is below, put together.

One :class:`Host` per process holds the registry of models, the builder and the runner of guests.
The magics and scripts use the same one, so a model loaded in a cell is there for ``wn.host()`` too.
"""

from __future__ import annotations

import atexit
import json
import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar, overload

from wasinn_nb.nn.errors import Busy, InvalidArgument, NNError, NotFound
from wasinn_nb.nn.events import EventBus
from wasinn_nb.nn.types import ExecutionTarget, GraphEncoding

if TYPE_CHECKING:
    import numpy as np

    from wasinn_nb.guest.build.builder import Builder
    from wasinn_nb.guest.guest import Guest
    from wasinn_nb.guest.languages.base import Progress as BuildProgress
    from wasinn_nb.guest.runner import Runner
    from wasinn_nb.nn.backend import Progress
    from wasinn_nb.nn.cancel import CancelToken
    from wasinn_nb.nn.fit import MemoryUse
    from wasinn_nb.nn.inference import Arrays
    from wasinn_nb.nn.prospect import Prospect
    from wasinn_nb.nn.record import ModelRecord, UnloadReport
    from wasinn_nb.nn.registry import ModelRegistry
    from wasinn_nb.nn.settings import EffectiveConfig
    from wasinn_nb.nn.sources import Source as ModelSource

T = TypeVar("T")

_MIB = 1 << 20
_STOPPING = 5.0
_TURN = 0.25  # seconds until whoever came meanwhile is stopped as well
# guests of cells without --name: a module is a megabyte, and a notebook is run all day
_KEPT_CELLS = 50


@dataclass(slots=True)
class HostSettings:
    """What the person at the notebook decides for the whole host; ``None`` leaves it open.

    Attributes:
        memory_budget_mib: what loaded models may take together.
        threads: for models that say nothing.
        cache_size_mib: what the build cache may take on disk.
    """

    memory_budget_mib: int | None = None
    threads: int | None = None
    cache_size_mib: int | None = None


class _Part(Generic[T]):
    """A part of the host, made when first needed, by whichever thread comes first.

    ``functools.cached_property`` does not keep threads apart any more in newer Pythons.
    """

    def __init__(self, make: Callable[[Host], T]) -> None:
        self._make = make
        self._name = make.__name__
        self.__doc__ = make.__doc__

    @overload
    def __get__(self, host: None, owner: type) -> _Part[T]: ...
    @overload
    def __get__(self, host: Host, owner: type) -> T: ...
    def __get__(self, host: Host | None, owner: type) -> T | _Part[T]:
        if host is None:
            return self
        with host.lock:
            if self._name not in host.__dict__:
                host.__dict__[self._name] = self._make(host)
            part: T = host.__dict__[self._name]
            return part


class Host:
    """Models, guests and runs of one process. All methods may be called from any thread.

    Attributes:
        bus: what happens here, as events.
        settings: see :class:`HostSettings`; change them with :meth:`configure`.
        guests: what was built or loaded under a name, in order.
        lock: held while a part is made or a setting changed.
    """

    def __init__(self) -> None:
        self.bus = EventBus()
        self.settings = HostSettings()
        self.guests: dict[str, Guest] = {}
        self.lock = threading.RLock()

    def __repr__(self) -> str:
        models = self.registry.names() if "registry" in self.__dict__ else []
        return f"<Host: {len(models)} models, {len(self.guests)} guests>"

    # -- parts, each made when first needed --------------------------------------------------

    @_Part
    def registry(self) -> ModelRegistry:
        """The models."""
        from wasinn_nb import backends, models
        from wasinn_nb.guest.build import paths
        from wasinn_nb.nn.registry import ModelRegistry
        from wasinn_nb.nn.sources import SourceResolver

        resolver = SourceResolver(cache_dir=paths.cache_root(), builtin=models.builtin_path)
        return ModelRegistry(backends.catalog(), resolver, bus=self.bus)

    @_Part
    def builder(self) -> Builder:
        """Turns sources into modules."""
        from wasinn_nb.guest.build.builder import Builder

        return Builder()

    @_Part
    def runner(self) -> Runner:
        """Runs modules."""
        from wasinn_nb.guest.runner import Runner

        return Runner(self.registry, bus=self.bus, artifacts=self.builder.artifacts)

    def configure(self, **changes: int | None) -> HostSettings:
        """Change settings of the host by name.

        Raises:
            TypeError: there is no such setting.
            InvalidArgument: a value that it cannot have; nothing is changed then.
        """
        for name, value in changes.items():
            if value is not None and value < 0:
                raise InvalidArgument(f"{name} is {value}; it cannot be negative.")
        with self.lock:
            settings = replace(self.settings, **changes)
            threads, budget = settings.threads, settings.memory_budget_mib
            self.registry.set_defaults({"threads": threads} if threads else {})
            self.registry.memory_budget = budget * _MIB if budget else None
            if settings.cache_size_mib:
                self.builder.artifacts.limit = settings.cache_size_mib * _MIB
            self.settings = settings
        return settings

    # -- models --------------------------------------------------------------------------------

    def load(
        self,
        name: str,
        source: ModelSource,
        *,
        encoding: GraphEncoding | str = GraphEncoding.AUTODETECT,
        target: ExecutionTarget | str = ExecutionTarget.AUTO,
        config: Mapping[str, object] | None = None,
        force: bool | None = None,
        progress: Progress | None = None,
        cancel: CancelToken | None = None,
    ) -> ModelRecord:
        """Register a model under ``name`` and load it.

        Nothing happens when it is loaded as asked for already.

        Args:
            source: a file, a directory, bytes, ``builtin:NAME``, ``hf:ORG/REPO/FILE`` or a URL; a
                tuple for models of several files.
            encoding: detected from the content unless given.
            target: the kind of device asked for, or a device as OpenVINO names it
                (``AUTO:GPU,CPU``).
            config: load-time settings, such as ``{"n-gpu-layers": 20}``.
            force: load even if the estimate says that it cannot fit.

        Raises:
            NNError: with what is wrong and what to do.
        """
        from wasinn_nb.nn.preload import parse_device, parse_encoding

        kind, device = parse_device(target)
        if device:
            config = {"device": device, **(config or {})}
        was_known = name in self.registry.names()
        self.registry.register(
            name,
            source,
            encoding=parse_encoding(encoding),
            target=kind,
            config=config,
        )
        try:
            return self.registry.load(name, force=force, progress=progress, cancel=cancel)
        except BaseException:
            if not was_known:  # a line that failed leaves nothing behind
                with suppress(NNError):
                    self.registry.forget(name)
            raise

    def preload(self, line: str) -> ModelRecord:
        """Register a runtime's ``NAME:ENCODING:TARGET:PATH[:PATH]`` without loading it."""
        return self.registry.preload(line)

    def unload(self, name: str, *, wait: float = 0.0, stop: bool = False) -> UnloadReport:
        """Free a model's memory now; the name stays registered and loads again when next used.

        Args:
            wait: seconds to wait for its users to finish.
            stop: stop the runs that use it, and wait a few seconds at least for their end.

        Raises:
            NotFound: unknown name.
            Busy: still in use; ``holders`` says by whom.
        """
        return self._stopping(self.registry.unload, name, wait, stop=stop)

    def forget(self, name: str, *, wait: float = 0.0, stop: bool = False) -> UnloadReport:
        """Unload a model and drop its name; as :meth:`unload`."""
        return self._stopping(self.registry.forget, name, wait, stop=stop)

    def unload_others(
        self, name: str, *, wait: float = 0.0, stop: bool = False
    ) -> list[UnloadReport]:
        """Unload every model but one; those in use raise Busy after the others went.

        Args:
            wait, stop: as for :meth:`unload`, each model for itself.

        Raises:
            NotFound: unknown name.
            Busy: names every model that stayed and its users.
        """
        from wasinn_nb.nn.table import unload_each

        self.registry.describe(name)
        others = [other for other in self.registry.names() if other != name]
        return unload_each(others, lambda other: self.unload(other, wait=wait, stop=stop))

    def _stopping(
        self, free: Callable[..., UnloadReport], name: str, wait: float, *, stop: bool
    ) -> UnloadReport:
        """Free a model, stopping whoever uses it, also those that come meanwhile."""
        if not stop:
            return free(name, wait=wait)
        until = time.monotonic() + max(wait, _STOPPING)
        while True:
            record = self.registry.describe(name)
            self.runner.cancel((*record.users, record.wanted_by), "unload")
            try:
                return free(name, wait=min(_TURN, max(0.0, until - time.monotonic())))
            except Busy:
                if time.monotonic() >= until:
                    raise

    def models(self) -> list[ModelRecord]:
        """A record of every registered model."""
        return self.registry.models()

    def describe(self, name: str) -> ModelRecord:
        """A record of one model: its state, inputs and outputs, devices, memory and settings.

        A model that is not loaded is looked at without being loaded, if its files are here.

        Raises:
            NotFound: unknown name.
        """
        return self.registry.describe(name, look=True)

    def infer(
        self,
        name: str,
        inputs: Arrays,
        *,
        config: Mapping[str, object] | None = None,
        cancel: CancelToken | None = None,
    ) -> dict[str, np.ndarray[Any, Any]]:
        """Compute once with a tensor model, loading it if need be, without a guest.

        Args:
            inputs: arrays by an input's name or index, or one array for a model with one input.
            config: settings for this computation, as a guest's.

        Returns:
            Every output by its name.

        Raises:
            NNError: with what is wrong with the model or with an input.
        """
        from wasinn_nb.nn.inference import infer
        from wasinn_nb.nn.shield import shielded

        try:
            document = json.dumps(dict(config)).encode() if config else None
        except (TypeError, ValueError) as error:
            raise InvalidArgument(f"The settings cannot be written as JSON: {error}.") from None

        def work(token: CancelToken | None) -> dict[str, np.ndarray[Any, Any]]:
            lease = self.registry.acquire(name, holder="Python", config_json=document, cancel=token)
            try:
                if lease.unknown:
                    raise InvalidArgument(f"{name!r} has no setting {', '.join(lease.unknown)}.")
                return infer(lease, inputs, cancel=token)
            finally:
                lease.release()

        # an interrupt cannot reach the main thread while it is in native code
        return shielded(work, cancel)

    def config(
        self,
        name: str,
        pins: Mapping[str, object] | None = None,
        *,
        unset: Sequence[str] = (),
        reset: bool = False,
    ) -> EffectiveConfig:
        """The settings of a model with their origins, after changing its pins.

        Raises:
            InvalidArgument: an unknown setting or a bad value; nothing is changed then.
        """
        if pins or unset or reset:
            self.registry.pin(name, pins or {}, drop=unset, reset=reset)
        return self.registry.config(name)

    def prospect(
        self,
        name: str,
        pins: Mapping[str, object] | None = None,
        *,
        unset: Sequence[str] = (),
        reset: bool = False,
    ) -> Prospect:
        """What a change of a model's pins would mean, the memory it would take among it.

        Nothing is changed, loaded or downloaded; see :meth:`ModelRegistry.prospect`.
        """
        return self.registry.prospect(name, pins, unset=unset, reset=reset)

    def reconfigure(
        self,
        name: str,
        pins: Mapping[str, object] | None = None,
        *,
        unset: Sequence[str] = (),
        reset: bool = False,
        progress: Progress | None = None,
        cancel: CancelToken | None = None,
    ) -> ModelRecord:
        """Change a model's pins, and load it again if that takes a load.

        All of it or nothing; see :meth:`ModelRegistry.reconfigure`.
        """
        return self.registry.reconfigure(
            name, pins, unset=unset, reset=reset, progress=progress, cancel=cancel
        )

    def memory(self) -> MemoryUse:
        """The memory of this process, of the models in it, and of the machine."""
        return self.registry.memory()

    # -- guests --------------------------------------------------------------------------------

    def build(  # noqa: PLR0913 - every option is a keyword
        self,
        source: str,
        language: str = "c",
        *,
        name: str | None = None,
        label: str = "cell",
        first_line: int = 1,
        flags: Sequence[str] = (),
        debug: bool = False,
        force: bool = False,
        progress: BuildProgress | None = None,
        cancel: CancelToken | None = None,
    ) -> Guest:
        """Build a guest; the same source is compiled once and then comes from the cache.

        Args:
            name: what runs call it; by default its label.
            label: what diagnostics and traps call the source.
            first_line: the number of the source's first line as the user counts.
            flags: further arguments for the compiler.
            debug: without optimisation, with run-time checks.
            force: compile even what is in the cache.

        Raises:
            BuildError: it does not compile; the message points at the line.
            ToolchainMissing: with what to install.
        """
        from wasinn_nb.guest.build.model import Source

        described = Source(source, language, label, first_line, tuple(flags), debug)
        built = self.builder.build(described, progress=progress, cancel=cancel, force=force)
        return self._keep(self.runner.guest(built, name=name or label, source=described))

    def load_guest(self, wasm: bytes | str | Path, *, name: str | None = None) -> Guest:
        """A guest that was built elsewhere, from its bytes or its path.

        Raises:
            GuestInvalid: no core module, or the file cannot be read.
        """
        return self._keep(self.runner.guest(wasm, name=name))

    def _keep(self, guest: Guest) -> Guest:
        with self.lock:
            self.guests.pop(guest.name, None)
            self.guests[guest.name] = guest
            cells = [n for n, known in self.guests.items() if known.built and n == known.label]
            for name in cells[:-_KEPT_CELLS]:
                self.guests.pop(name, None)
        return guest

    # -- the whole -----------------------------------------------------------------------------

    def native_log(self) -> str:
        """What the model libraries have logged lately."""
        return "\n".join(
            text for backend in self.registry.backends().values() if (text := backend.log())
        )

    def close(self) -> None:
        """Stop every run, free and forget every model that lets itself be freed.

        The host can be used again afterwards.
        """
        if "runner" in self.__dict__:
            runs = self.runner.cancel_all("unload")
            until = time.monotonic() + _STOPPING
            while not all(run.done for run in runs) and time.monotonic() < until:
                time.sleep(0.005)
        if "registry" in self.__dict__:
            for name in self.registry.names():
                with suppress(Busy, NotFound):
                    self.registry.forget(name, wait=_STOPPING)
        if "runner" in self.__dict__:
            # before the interpreter takes wasmtime apart: what is freed later complains on stderr
            self.runner.modules.clear()
        self.guests.clear()


_lock = threading.Lock()
_host: Host | None = None


def host() -> Host:
    """This process's host, made on first use."""
    global _host  # noqa: PLW0603 - one per process is what it is
    with _lock:
        if _host is None:
            _host = Host()
            # native code must not be running when the interpreter takes itself apart
            atexit.register(_close_at_exit, _host, os.getpid())
        return _host


def _close_at_exit(host: Host, process: int) -> None:
    # a forked process has the runs, but not their threads: there is nobody to wait for
    if os.getpid() == process:
        host.close()
        if "runner" in host.__dict__:
            host.runner.close()


def _after_fork() -> None:
    """Give the child a host of its own: runs and leases of the parent's would never end in it."""
    global _lock, _host
    _lock, _host = threading.Lock(), None


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def build(
    source: str,
    language: str = "c",
    *,
    name: str | None = None,
    flags: Sequence[str] = (),
    debug: bool = False,
    **options: Any,
) -> Guest:
    """Build a guest with this process's host; see :meth:`Host.build`, also for more options."""
    return host().build(source, language, name=name, flags=flags, debug=debug, **options)


def load_guest(wasm: bytes | str | Path, *, name: str | None = None) -> Guest:
    """A prebuilt guest for this process's host; see :meth:`Host.load_guest`."""
    return host().load_guest(wasm, name=name)
