"""The host of this process and the Python API: what is below, put together.

One :class:`Host` per process holds the registry of models, the builder and the runner of guests.
The magics and scripts use the same one, so a model loaded in a cell is there for ``wn.host()`` too.
"""

from __future__ import annotations

import atexit
import os
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wasinn_nb.api.models import STOPPING, HostModels, wait_for
from wasinn_nb.nn.cancel import CancelToken
from wasinn_nb.nn.errors import Busy, InvalidArgument, NotFound

if TYPE_CHECKING:
    from wasinn_nb.guest.build.model import Abi
    from wasinn_nb.guest.guest import Guest
    from wasinn_nb.guest.languages.base import Progress as BuildProgress
    from wasinn_nb.guest.run import Run

_MIB = 1 << 20
# guests of cells without --name: a module is a megabyte, and a notebook is run all day
_KEPT_CELLS = 50
# seconds after which what is prepared is not on the disk, and is being compiled
_COMPILES = 1.5


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


class Host(HostModels):
    """Models, guests and runs of one process. All methods may be called from any thread.

    Attributes:
        bus: what happens here, as events.
        settings: see :class:`HostSettings`; change them with :meth:`configure`.
        guests: what was built or loaded under a name, in order.
        lock: held while a part is made or a setting changed.
    """

    def __init__(self) -> None:
        super().__init__()
        self.settings = HostSettings()
        self.guests: dict[str, Guest] = {}
        self._building: list[tuple[str, CancelToken]] = []

    def __repr__(self) -> str:
        models = self.registry.names() if "registry" in self.__dict__ else []
        return f"<Host: {len(models)} models, {len(self.guests)} guests>"

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
        abi: Abi = "core",
        wit: str = "",
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
            abi: ``"component"`` makes a component of the same source.
            wit: a text in WIT with one world, whose exports such a component has.
            force: compile even what is in the cache; a script forgets what it has defined.

        Raises:
            BuildError: it does not compile; the message points at the line.
            ToolchainMissing: with what to install.
        """
        from wasinn_nb.guest.build.model import Source

        described = Source(source, language, label, first_line, tuple(flags), debug, abi, wit)
        going_on = (label, cancel or CancelToken())
        self._building.append(going_on)
        try:
            built = self.builder.build(
                described, progress=progress, cancel=going_on[1], force=force
            )
            guest = self.runner.guest(built, name=name or label, source=described)
            if guest.is_script:
                self._prepare(guest, progress, going_on[1])
        finally:
            self._building.remove(going_on)
        if guest.is_script and force:
            guest.reset()
        return self._keep(guest)

    def load_guest(self, wasm: bytes | str | Path, *, name: str | None = None) -> Guest:
        """A guest that was built elsewhere, from its bytes or its path.

        Raises:
            GuestInvalid: no module or component, or the file cannot be read.
        """
        return self._keep(self.runner.guest(wasm, name=name))

    def _prepare(self, guest: Guest, progress: BuildProgress | None, cancel: CancelToken) -> None:
        """Refuse a script that cannot be run; the first of its language waits for its compiler."""
        from wasinn_nb.guest.languages.base import throttled

        if progress is not None and not self.runner.modules.holds(guest.wasm):
            progress(f"preparing {guest.language}", None)
        compiling = throttled(progress, f"compiling the {guest.language} interpreter, once")

        def waits(seconds: float) -> None:
            # read from the disk it is there sooner
            if compiling is not None and seconds > _COMPILES:
                compiling(seconds)

        self.runner.check(guest, cancel=cancel, on_wait=waits)

    def cancel_builds(self, reason: str) -> list[str]:
        """Cancel the builds that go on; returns the labels of their sources. Does not wait."""
        going_on = list(self._building)
        for _, cancel in going_on:
            cancel.cancel(reason)
        return [label for label, _ in going_on]

    @property
    def runs(self) -> list[Run]:
        """The runs that have not ended, oldest first."""
        return self.runner.active if "runner" in self.__dict__ else []

    def _keep(self, guest: Guest) -> Guest:
        with self.lock:
            earlier = self.guests.pop(guest.name, None)
            self.guests[guest.name] = guest
            cells = [n for n, known in self.guests.items() if known.built and n == known.label]
            for name in cells[:-_KEPT_CELLS]:
                self.guests.pop(name, None)
        if earlier is not None and earlier is not guest:
            earlier.replaced()
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
            wait_for(self.runner.cancel_all("unload"), STOPPING)
            self.runner.end_instances("the host was closed")
        if "registry" in self.__dict__:
            for name in self.registry.names():
                with suppress(Busy, NotFound):
                    self.registry.forget(name, wait=STOPPING)
        if "runner" in self.__dict__:
            # before the interpreter takes wasmtime apart: what is freed later complains on stderr
            self.runner.machines.close()
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
