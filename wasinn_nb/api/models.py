"""The models of a host: loaded, looked at, configured and taken from those who use them."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

from wasinn_nb.api.parts import HostParts
from wasinn_nb.nn.errors import Busy, InvalidArgument, NNError
from wasinn_nb.nn.types import ExecutionTarget, GraphEncoding

if TYPE_CHECKING:
    import numpy as np

    from wasinn_nb.guest.run import Run
    from wasinn_nb.nn.backend import Progress
    from wasinn_nb.nn.cancel import CancelToken
    from wasinn_nb.nn.fit import MemoryUse
    from wasinn_nb.nn.inference import Arrays
    from wasinn_nb.nn.prospect import Prospect
    from wasinn_nb.nn.record import ModelRecord, UnloadReport
    from wasinn_nb.nn.settings import EffectiveConfig
    from wasinn_nb.nn.sources import Source as ModelSource

T = TypeVar("T")

STOPPING = 5.0
"""Seconds that runs which were told to stop get for it."""

_TURN = 0.25  # seconds until whoever came meanwhile is stopped as well


class HostModels(HostParts):
    """What a host does with its models."""

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
        return self._free(self.registry.unload, name, wait, stop=stop)

    def forget(self, name: str, *, wait: float = 0.0, stop: bool = False) -> UnloadReport:
        """Unload a model and drop its name; as :meth:`unload`."""
        return self._free(self.registry.forget, name, wait, stop=stop)

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

    def _free(
        self, free: Callable[..., UnloadReport], name: str, wait: float, *, stop: bool
    ) -> UnloadReport:
        if not stop:
            return free(name, wait=wait)
        patience = max(wait, STOPPING)
        return self._stopping(lambda turn: free(name, wait=turn), name, "unload", patience)

    def _stopping(self, work: Callable[[float], T], name: str, reason: str, patience: float) -> T:
        """Do what takes an idle model; stop whoever uses it, also those that come meanwhile.

        Args:
            work: gets the seconds that it is to wait for the last user.
        """
        until = time.monotonic() + patience
        while True:
            record = self.registry.describe(name)
            self.runner.cancel((*record.users, record.wanted_by), reason)
            try:
                return work(min(_TURN, max(0.0, until - time.monotonic())))
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
        stop: bool = False,
        progress: Progress | None = None,
        cancel: CancelToken | None = None,
    ) -> ModelRecord:
        """Change a model's pins, and load it again if that takes a load.

        All of it or nothing; see :meth:`ModelRegistry.reconfigure`.

        Args:
            stop: if it has to be loaded again, stop the runs that use it, and wait a few seconds
                at most for their end.
        """

        def work(wait: float | None = None) -> ModelRecord:
            return self.registry.reconfigure(
                name, pins, unset=unset, reset=reset, wait=wait, progress=progress, cancel=cancel
            )

        try:
            return work()
        except Busy:
            if not stop:
                raise
        return self._stopping(work, name, "stop", STOPPING)

    def memory(self) -> MemoryUse:
        """The memory of this process, of the models in it, and of the machine."""
        return self.registry.memory()


def wait_for(runs: Iterable[Run], seconds: float) -> None:
    """Wait at most so many seconds until all of these runs have ended, however they end."""
    until = time.monotonic() + seconds
    for run in runs:
        with suppress(Exception):  # theirs, and it is told where they were started
            run.wait(max(0.0, until - time.monotonic()))
