"""The protocols that a backend implements, and the plain data that crosses to it.

Nothing above ``nn/`` asks a backend anything else, and nothing here is a library's own object, so a
backend can move to another process without any floor above noticing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from wasinn_nb.nn.cancel import CancelToken
from wasinn_nb.nn.errors import InvalidArgument
from wasinn_nb.nn.settings import EffectiveConfig, Schema
from wasinn_nb.nn.stream import TokenStream
from wasinn_nb.nn.tensor import Buffer, Tensor, TensorSpec
from wasinn_nb.nn.types import ExecutionTarget, GraphEncoding

Progress = Callable[[str, float | None], None]
"""``progress(what, fraction)``, from a working thread; ``fraction`` is 0..1, None if unknown."""


@dataclass(frozen=True, slots=True)
class ModelFiles:
    """A model's parts on this machine, in the order its encoding wants them (IR: xml, bin).

    A part is a path or its bytes. ``origin`` is what the user wrote, for messages. A backend gets
    the encoding it is to read them in.
    """

    parts: tuple[Path | bytes, ...]
    origin: str
    encoding: GraphEncoding = GraphEncoding.AUTODETECT

    @property
    def nbytes(self) -> int:
        """Total size in bytes; 0 for parts that cannot be read."""
        total = 0
        for part in self.parts:
            if isinstance(part, bytes):
                total += len(part)
            elif part.is_file():
                total += part.stat().st_size
        return total


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """What can be known of a model without loading it."""

    encoding: GraphEncoding
    architecture: str = ""
    name: str = ""
    parameters: int = 0
    nbytes: int = 0
    quantization: str = ""
    context_length: int = 0
    layers: int = 0
    vocabulary: int = 0
    embedding_length: int = 0
    chat_template: str = field(default="", repr=False)
    inputs: tuple[TensorSpec, ...] = ()
    outputs: tuple[TensorSpec, ...] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def input_index(self, key: int | str) -> int:
        """The index of an input that is given by index or by one of its names.

        Raises:
            InvalidArgument: there is no such input; the message lists those there are.
        """
        return _index(self.inputs, key, "input")

    def output_index(self, key: int | str) -> int:
        """The index of an output; as :meth:`input_index`."""
        return _index(self.outputs, key, "output")


def _index(specs: tuple[TensorSpec, ...], key: int | str, what: str) -> int:
    for index, spec in enumerate(specs):
        if key in (index, spec.name, *spec.aliases):
            return index
    there = ", ".join(f"{index} ({spec})" for index, spec in enumerate(specs)) or "none"
    raise InvalidArgument(f"The model has no {what} {key!r}; it has {there}.")


@dataclass(frozen=True, slots=True)
class Share:
    """Bytes at one place: on the host, or on one device."""

    weights: int = 0
    kv_cache: int = 0
    compute: int = 0

    @property
    def total(self) -> int:
        """Everything, in bytes."""
        return self.weights + self.kv_cache + self.compute


@dataclass(frozen=True, slots=True)
class MemoryEstimate:
    """Bytes that a load and one execution context would take, before trying.

    Args:
        weights, kv_cache, compute: in all places together.
        devices: what falls on devices with a memory of their own, by the device's name.
        mapped: of the host's weights, the pages of the model's file: the system counts them as
            free while they are in memory, since it can drop them.
    """

    weights: int
    kv_cache: int
    compute: int
    devices: Mapping[str, Share] = field(default_factory=dict, hash=False)
    mapped: int = 0

    @property
    def total(self) -> int:
        """Everything, in bytes."""
        return self.weights + self.kv_cache + self.compute

    @property
    def device(self) -> int:
        """What falls on the memory of devices, in bytes."""
        return sum(share.total for share in self.devices.values())

    @property
    def host(self) -> int:
        """What falls on the host's memory, in bytes."""
        return self.on_host.total

    @property
    def on_host(self) -> Share:
        """What falls on the host's memory, part by part."""
        shares = self.devices.values()
        return Share(
            max(0, self.weights - sum(share.weights for share in shares)),
            max(0, self.kv_cache - sum(share.kv_cache for share in shares)),
            max(0, self.compute - sum(share.compute for share in shares)),
        )


@dataclass(frozen=True, slots=True)
class GraphMemory:
    """Bytes in use by a loaded graph, as its library reports them.

    ``device`` is the part of the weights that is in the memory of devices.
    """

    weights: int = 0
    contexts: int = 0
    device: int = 0

    @property
    def total(self) -> int:
        """Everything, in bytes."""
        return self.weights + self.contexts


@dataclass(frozen=True, slots=True)
class Device:
    """A device that a backend can compute on.

    ``total`` and ``free`` are bytes of its own memory; a ``total`` of 0 says that nothing tells.
    """

    name: str
    target: ExecutionTarget
    description: str = ""
    total: int = 0
    free: int = 0


@dataclass(frozen=True, slots=True)
class BackendStatus:
    """Whether a backend can be used here, and what to do if not."""

    available: bool
    library: str
    version: str = ""
    devices: tuple[Device, ...] = ()
    install: str = ""
    detail: str = ""


@runtime_checkable
class ExecutionContext(Protocol):
    """One computation over a graph, used by one thread at a time; :meth:`cancel` from any thread.

    After :meth:`close` the outputs that were computed stay readable and everything that would
    compute raises :class:`~wasinn_nb.nn.errors.InvalidArgument`.
    """

    def set_input(self, index: int, tensor: Tensor) -> None:
        """Take an input; ``tensor.data`` is copied before the call returns."""

    def compute(self) -> None:
        """Run to the end. Raises an :class:`~wasinn_nb.nn.errors.NNError` or ``Cancelled``."""

    def get_output(self, index: int) -> Buffer:
        """An output of the last compute; before it, empty (text) or an error (tensors).

        What is returned stays as it is, whatever is computed afterwards.
        """

    def compute_single(self) -> None:
        """Run one step; ``EndOfSequence`` and ``ContextFull`` leave the step's token in place."""

    def get_output_single(self, index: int) -> Buffer:
        """The raw bytes of the last step's token (index 1: metadata)."""

    def fini_single(self) -> None:
        """End a sequence of single steps."""

    def output_tensor(self, index: int) -> Tensor | None:
        """The output with its shape and type, or None if it is text."""

    def cancel(self) -> None:
        """Make a running call return within milliseconds, raising ``Cancelled``. Any thread."""

    def close(self) -> None:
        """Free the native context. May be called twice."""


@runtime_checkable
class LanguageContext(ExecutionContext, Protocol):
    """A context over a language model, which can say more of what it computed than its bytes.

    What is said costs nothing while nobody asks, and is of the last computation.
    """

    @property
    def token(self) -> int:
        """The number of the last step's token in the model's vocabulary; -1 before the first."""

    def log_probability(self) -> float:
        """The natural logarithm of the probability that the model gave the last step's token.

        It is the model's own, before temperature, penalties and whatever else shapes the draw.

        Raises:
            InvalidArgument: there is no such step, or the context is closed.
        """

    def embedding(self) -> Sequence[float]:
        """The vector that the last ``compute`` made of its input.

        Raises:
            InvalidArgument: it made none.
        """


@runtime_checkable
class Graph(Protocol):
    """A loaded model. Contexts made from it are independent and may run at the same time."""

    @property
    def device(self) -> str:
        """The device or devices that compute, as their library names them."""

    def describe(self) -> ModelInfo:
        """The model as it is loaded: inputs and outputs in the shapes they have now."""

    def create_context(
        self,
        config: EffectiveConfig,
        *,
        stream: TokenStream | None = None,
        cancel: CancelToken | None = None,
        warn: Callable[[str], None] | None = None,
    ) -> ExecutionContext:
        """A new context with the CONTEXT and REQUEST settings of ``config``."""

    def memory(self) -> GraphMemory:
        """Bytes in use now."""

    def watch(self, changed: Callable[[], None]) -> None:
        """Call ``changed`` whenever contexts take more or less memory than before.

        It is called from any thread, holds nothing up, and may be called once too often.
        """

    def close(self) -> None:
        """Free everything; all contexts are closed first. May be called twice."""


class NativeLog(Protocol):
    """Lines that a model library wrote."""

    def text(self) -> str:
        """All lines so far, oldest first."""


@runtime_checkable
class Backend(Protocol):
    """One model library.

    Attributes:
        needs_files: the library loads only files; bytes are spooled to a private file for it.
    """

    name: str
    encodings: tuple[GraphEncoding, ...]
    needs_files: bool

    def status(self) -> BackendStatus:
        """Import the library if it is there and say what it offers. Never raises."""

    def log(self) -> str:
        """What the library has logged lately; never printed by itself."""

    def capture_log(self) -> AbstractContextManager[NativeLog]:
        """Collect what the library logs in the calling thread, without importing it."""

    def schema(self) -> Schema:
        """All settings, without importing the library."""

    def tailored(self, info: ModelInfo | None) -> Schema:
        """:meth:`schema` as it applies to one model on this machine, for a form.

        Prominent settings come first. Only what a form shows differs: which values it offers, the
        range of a slider, and why something is of no use here. Everything that :meth:`schema`
        accepts is accepted still.

        Args:
            info: the model; None while nothing is known of it.
        """

    def inspect(self, files: ModelFiles) -> ModelInfo:
        """Read and validate the model's header without the library, from files or bytes.

        Raises:
            InvalidEncoding, InvalidArgument, ModelNotFound: with what is wrong with the file.
        """

    def normalise(self, config: EffectiveConfig) -> EffectiveConfig:
        """``config`` as this machine will really use it (GPU layers are 0 without a GPU, ...).

        Loads whose normalised MODEL settings are equal are the same load.
        """

    def settle(
        self,
        info: ModelInfo,
        config: EffectiveConfig,
        target: ExecutionTarget,
        free: Mapping[str, int],
    ) -> EffectiveConfig:
        """``config`` with everything decided that is left to the load (``auto``).

        Args:
            config: normalised.
            free: bytes that the load could take of a device's memory, by the device's name, where
                that differs from what the device says now.
        """

    def estimate(self, info: ModelInfo, config: EffectiveConfig) -> MemoryEstimate:
        """What loading it and making one context would take; ``config`` is settled."""

    def load(
        self,
        files: ModelFiles,
        info: ModelInfo,
        config: EffectiveConfig,
        *,
        target: ExecutionTarget,
        progress: Progress | None = None,
        cancel: CancelToken | None = None,
    ) -> Graph:
        """Load the weights; soon after ``cancel`` is set raises ``Cancelled``, keeping nothing."""
