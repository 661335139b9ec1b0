"""A run's models: what the guest may load, what it holds, and what it read."""

from __future__ import annotations

import json
import traceback
import weakref
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from typing import Any, Protocol

from wasinn_nb.abi.core.contexts import LANGUAGE_MODELS, METADATA
from wasinn_nb.abi.core.errno import ERRNO, errno_name
from wasinn_nb.abi.core.host import GraphLease
from wasinn_nb.guest.tensors import ReadTensors, Tensors
from wasinn_nb.guest.timeline import Timeline
from wasinn_nb.guest.tokens import RunStream, Transcript
from wasinn_nb.guest.words import few, plain
from wasinn_nb.nn.backend import ExecutionContext, Progress
from wasinn_nb.nn.cancel import CancelToken
from wasinn_nb.nn.errors import ErrorCode, NotFound, WasinnError
from wasinn_nb.nn.stream import StreamState, TokenStream
from wasinn_nb.nn.tensor import Buffer
from wasinn_nb.nn.types import ExecutionTarget, GraphEncoding

_KEPT_WARNINGS = 100
_LONGEST_WARNING, _LONGEST_ERROR = 500, 2000


class RunLease(GraphLease, Protocol):
    """A lease as the registry gives it out."""

    unknown: tuple[str, ...]

    @property
    def alive(self) -> bool:
        """False once it has ended."""

    def create_context(
        self,
        *,
        stream: TokenStream | None = None,
        cancel: CancelToken | None = None,
        warn: Callable[[str], None] | None = None,
    ) -> ExecutionContext:
        """A new context."""


class Models(Protocol):
    """The registry as a run sees it."""

    def acquire(
        self,
        name: str,
        *,
        holder: str,
        config_json: bytes | None = None,
        progress: Progress | None = None,
        cancel: CancelToken | None = None,
    ) -> RunLease:
        """Load (if need be) and hold a registered model."""

    def acquire_buffers(
        self,
        parts: Sequence[bytes],
        *,
        encoding: GraphEncoding,
        target: ExecutionTarget,
        holder: str,
        config_json: bytes | None = None,
        progress: Progress | None = None,
        cancel: CancelToken | None = None,
    ) -> RunLease:
        """Load and hold a model whose bytes the guest brought along."""

    def describe(self, name: str) -> object:
        """Raises :class:`NotFound` unless a model of that name is registered."""

    def capture_logs(self) -> AbstractContextManager[Callable[[], str]]:
        """Collect what model libraries log in the calling thread."""


@dataclass(frozen=True, slots=True)
class FailedCall:
    """A call that answered an error: the last one explains most panics of a guest."""

    function: str
    errno: int
    message: str

    @property
    def is_mistake(self) -> bool:
        """Whether a guest that goes on overlooks it; other errors can be answers it asked for."""
        # a component's name for a function begins with its resource
        function = self.function.rpartition(".")[2].replace("-", "_")
        computing = function in {"set_input", "compute", "get_output"}
        return computing and self.errno == ERRNO[ErrorCode.INVALID_ARGUMENT]

    def __str__(self) -> str:
        return f"{self.function} returned {self.errno} ({errno_name(self.errno)}): {self.message}"


class Told(Protocol):
    """What is known of a run through its calls of wasi-nn; :class:`RunModels` has it."""

    @property
    def transcript(self) -> Transcript:
        """What was generated."""

    @property
    def tensors(self) -> Tensors:
        """The outputs that were read."""

    @property
    def metadata(self) -> dict[str, Any]:
        """The figures of a language model."""

    @property
    def warnings(self) -> list[str]:
        """What the person at the notebook should know of."""

    @property
    def last_error(self) -> FailedCall | None:
        """The last call that answered an error."""

    @property
    def bugs(self) -> list[str]:
        """Tracebacks of internal errors."""


class RunModels:
    """The ABI's host (:class:`~wasinn_nb.abi.core.host.NNHost`) for one run.

    Args:
        registry: where models come from.
        aliases: the names the guest may load and what they stand for; None for all under their own.
        holder: the run's name, for "in use by" messages.
        echo: writes to the run's standard output.
        progress: told what a load is doing.
        each_token: somebody wants the text of every token by itself.
    """

    def __init__(
        self,
        registry: Models,
        *,
        aliases: Mapping[str, str] | None,
        holder: str,
        cancel: CancelToken,
        timeline: Timeline,
        echo: Callable[[bytes], None],
        progress: Progress,
        each_token: bool = False,
    ) -> None:
        self.calls = timeline
        self.transcript = Transcript(each=each_token)
        self.warnings: list[str] = []
        self.last_error: FailedCall | None = None
        self.bugs: list[str] = []
        self._registry = registry
        self._aliases = aliases
        self._holder = holder
        self._cancel = cancel
        self._echo = echo
        self._progress = progress
        self._leases: list[RunLease] = []
        self._streams: dict[int, RunStream] = {}
        self._read = ReadTensors(self.warn)
        self._metadata: Buffer = b""
        self._last_text: ExecutionContext | None = None

    # -- models --------------------------------------------------------------------------------

    def acquire(self, name: str, config: bytes | None) -> GraphLease:
        """The model that the guest knows as ``name``."""
        target = name
        if self._aliases is not None:
            if name not in self._aliases:
                known = ", ".join(map(repr, self._aliases)) or "none"
                raise NotFound(
                    f"The guest asked for the model {name!r}; it was given {known}.",
                    hint=f"Give it one as {name}=NAME.",
                )
            target = self._aliases[name]
        lease = self._registry.acquire(
            target,
            holder=self._holder,
            config_json=config,
            progress=self._progress,
            cancel=self._cancel,
        )
        return self._held(lease)

    def acquire_buffers(
        self,
        parts: Sequence[bytes],
        encoding: GraphEncoding,
        target: ExecutionTarget,
        config: bytes | None,
    ) -> GraphLease:
        """A model of the guest's own bytes."""
        lease = self._registry.acquire_buffers(
            parts,
            encoding=encoding,
            target=target,
            holder=self._holder,
            config_json=config,
            progress=self._progress,
            cancel=self._cancel,
        )
        return self._held(lease)

    def create_context(self, lease: GraphLease) -> ExecutionContext:
        """A context that streams its text to the run and stops with it."""
        held: Any = lease
        stream = None
        if lease.info.encoding in LANGUAGE_MODELS:
            stream = RunStream(lease.name)
            self.transcript.add(stream)
        context: ExecutionContext = held.create_context(
            stream=stream, cancel=self._cancel, warn=self.warn
        )
        # a guest may open and close contexts for ever
        weakref.finalize(context, self._gone, id(context), stream).atexit = False
        model = lease.name.removeprefix(f"{self._holder}/")  # of what the guest brought along
        self._read.add_context(context, model, lease.info.outputs)
        if stream is not None:
            self._streams[id(context)] = stream
            self._last_text = context
        return context

    def _gone(self, context: int, stream: RunStream | None) -> None:
        """A context is no more, and another may live where it lived."""
        self._read.forget_context(context)
        if stream is not None:
            self._streams.pop(context, None)
            self.transcript.forget(stream)

    def release(self) -> None:
        """The run ended: every context is closed, every model stays loaded."""
        self._read_figures()
        leases, self._leases = self._leases, []
        for lease in leases:
            try:
                lease.release()
            except Exception as error:  # noqa: BLE001 - the other leases have to end as well
                self.broken("the end of the run", error)
        self._streams.clear()
        self._read.forget_contexts()
        self._progress = _nothing_loads  # the other one refers to the run, which refers to this

    def _read_figures(self) -> None:
        """Take the figures of the last computation if the guest itself did not."""
        if not self._metadata and self._last_text is not None:
            with suppress(WasinnError):
                self._metadata = self._last_text.get_output(METADATA)
        self._last_text = None

    def _held(self, lease: RunLease) -> RunLease:
        # a guest may load and unload for ever
        self._leases = [*(held for held in self._leases if held.alive), lease]
        self._progress("", None)  # whatever was loading is loaded
        if lease.unknown:
            self.warn(
                f"The guest configured {lease.name!r} with settings that nothing here has: "
                f"{few(lease.unknown)}."
            )
        return lease

    # -- what a run tells ----------------------------------------------------------------------

    def echo(self, context: ExecutionContext, on: bool) -> None:  # noqa: FBT001
        """Whether a context's text also goes to standard output."""
        stream = self._streams.get(id(context))
        if stream is not None:
            stream.echo_to(self._echo if on else None)

    def output_read(self, context: ExecutionContext, index: int, data: Buffer) -> None:
        """Keep the last value of every output that the guest read."""
        if index == METADATA and id(context) in self._streams:
            self._metadata = data
            return
        tensor = context.output_tensor(index)
        if tensor is not None:
            self._read.keep(context, index, tensor, data)

    def generation_ended(self, context: ExecutionContext, reason: str) -> None:
        """A generation that the model has not ended itself is over for the guest."""
        stream = self._streams.get(id(context))
        if stream is not None and stream.state in (StreamState.PROMPT, StreamState.GENERATING):
            stream.finish(reason)

    def warn(self, message: str) -> None:
        """Say something once."""
        if len(self.warnings) < _KEPT_WARNINGS:
            message = plain(message, _LONGEST_WARNING)
            if message not in self.warnings:
                self.warnings.append(message)

    def failed(self, function: str, errno: int, error: WasinnError) -> None:
        """Remember the words behind a number."""
        self.last_error = FailedCall(function, errno, plain(str(error), _LONGEST_ERROR))

    def broken(self, function: str, error: BaseException) -> None:
        """A bug of ours: the guest gets a runtime error, the developer a traceback."""
        self.last_error = FailedCall(function, 5, f"internal error: {error!r}")
        self.bugs.append("".join(traceback.format_exception(error)))
        self.warn(f"{function} met an internal error of the host: {error!r}")

    # -- what a run keeps ----------------------------------------------------------------------

    @property
    def tensors(self) -> Tensors:
        """The last value of every tensor output that was read, in the order of first reads."""
        return self._read.picture()

    @property
    def metadata(self) -> dict[str, Any]:
        """The figures of a language model: those the guest read last, else those at the end."""
        try:
            document = json.loads(bytes(self._metadata) or b"{}")
        except ValueError:
            return {}
        return document if isinstance(document, dict) else {}


def _nothing_loads(what: str, fraction: float | None) -> None:
    """The progress of a run that has ended."""
