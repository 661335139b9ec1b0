"""What the ABI needs from whoever runs a guest: models by name or bytes, and somebody to tell."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from wasinn_nb.nn.backend import ExecutionContext, ModelInfo
from wasinn_nb.nn.errors import WasinnError
from wasinn_nb.nn.settings import EffectiveConfig
from wasinn_nb.nn.tensor import Buffer
from wasinn_nb.nn.types import ExecutionTarget, GraphEncoding


class GraphLease(Protocol):
    """A run's hold on a loaded model: what a graph handle stands for."""

    name: str
    info: ModelInfo
    device: str

    @property
    def config(self) -> EffectiveConfig:
        """The settings that the holder gets."""

    def drop_context(self, context: ExecutionContext) -> None:
        """Close one context."""

    def unload(self) -> None:
        """End the lease and its contexts and free the model; their outputs stay readable."""

    def release(self) -> None:
        """End the lease and its contexts; the model stays loaded. May be called twice."""


class CallLog(Protocol):
    """A list of calls that is shortened when it gets long.

    In parts, so that recording a call is two calls into C and one comparison.

    Attributes:
        record: takes a call's name, start and end (``time.perf_counter``), and bytes that crossed.
        length: how long the list is, in whatever unit ``limit`` is in.
        limit: at which length to call :meth:`fold`.
    """

    record: Callable[[tuple[str, float, float, int]], None]
    length: Callable[[], int]
    limit: int

    def fold(self) -> None:
        """Shorten the list."""


class NNHost(Protocol):
    """The models and the ears of one run. All calls come from the guest's thread."""

    @property
    def calls(self) -> CallLog:
        """Where every call is recorded."""

    def acquire(self, name: str, config: bytes | None) -> GraphLease:
        """The model that the guest knows as ``name``, loaded if need be."""

    def acquire_buffers(
        self,
        parts: Sequence[bytes],
        encoding: GraphEncoding,
        target: ExecutionTarget,
        config: bytes | None,
    ) -> GraphLease:
        """A model whose bytes the guest brought along."""

    def create_context(self, lease: GraphLease) -> ExecutionContext:
        """A new context of this run on a graph."""

    def echo(self, context: ExecutionContext, on: bool) -> None:  # noqa: FBT001
        """Whether the text that ``context`` generates also goes to standard output."""

    def output_read(self, context: ExecutionContext, index: int, data: Buffer) -> None:
        """The guest read an output of a whole computation (or the metadata of a single step)."""

    def generation_ended(self, context: ExecutionContext, reason: str) -> None:
        """The guest asked for no more tokens of a generation: ``stop``, ``length``, ..."""

    def warn(self, message: str) -> None:
        """Something the person at the notebook should know of, that is no error."""

    def failed(self, function: str, errno: int, error: WasinnError) -> None:
        """A call answered ``errno`` because of ``error``."""

    def broken(self, function: str, error: BaseException) -> None:
        """A call hit a bug of the host (answered with a runtime error)."""
