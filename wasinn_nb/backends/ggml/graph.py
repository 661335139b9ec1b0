"""A loaded model: its weights, vocabulary, adapters, and the contexts that use it."""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from wasinn_nb.backends.ggml.context import LlamaContext
from wasinn_nb.backends.ggml.gguf import read_gguf, validate_adapter
from wasinn_nb.backends.ggml.kv import Slot
from wasinn_nb.backends.ggml.logs import LOG
from wasinn_nb.backends.ggml.params import CONTEXT_PAD, context_key, context_params, normalised
from wasinn_nb.backends.ggml.tokens import Vocabulary
from wasinn_nb.nn.backend import GraphMemory
from wasinn_nb.nn.errors import (
    InvalidArgument,
    MissingMemory,
    UnsupportedOperation,
)
from wasinn_nb.nn.memory import available, format_bytes

if TYPE_CHECKING:
    from wasinn_nb.backends.ggml.native import Native
    from wasinn_nb.nn.backend import ModelInfo
    from wasinn_nb.nn.cancel import CancelToken
    from wasinn_nb.nn.settings import EffectiveConfig
    from wasinn_nb.nn.stream import TokenStream

_UNLOADED = "The model was unloaded; load it again."

SizeOfContext = Callable[["EffectiveConfig"], int]


class LlamaGraph:
    """See :class:`wasinn_nb.nn.backend.Graph`.

    When a context closes, its native context (with its KV cache) is kept for the next one with the
    same settings: a cell that is run again evaluates only what changed in its prompt. At most one
    is kept.

    Args:
        model: address of the ``llama_model``; owned by the graph from now on.
        config: the settings it was loaded with, normalised.
        size_of_context: estimated bytes of a native context with given settings.
        device_bytes: device memory that the load took, 0 if unknown.
    """

    def __init__(
        self,
        native: Native,
        model: int,
        info: ModelInfo,
        config: EffectiveConfig,
        *,
        device: str,
        size_of_context: SizeOfContext,
        device_bytes: int = 0,
    ) -> None:
        api = native.api
        if api.llama_model_has_encoder(model) and api.llama_model_has_decoder(model):
            api.llama_model_free(model)
            raise UnsupportedOperation(
                f"{info.architecture} models (encoder and decoder) are not supported."
            )
        self.native = native
        self.model = model
        self.info = info
        self.config = config
        self.device = device
        self.vocabulary = Vocabulary(native, model)
        self.endings = self.vocabulary.endings
        self._n_ctx_train: int = api.llama_model_n_ctx_train(model)
        self._weights: int = api.llama_model_size(model)
        self._device_bytes = device_bytes
        self._size_of_context = size_of_context
        self._lock = threading.Lock()
        self._begun = threading.Condition(self._lock)
        self._beginning = 0
        self._contexts: set[LlamaContext] = set()
        self._in_use: set[Slot] = set()
        self._idle: Slot | None = None
        self._adapters: dict[str, Any] = {}
        self._closed = False
        self._changed: Callable[[], None] = _nobody

    def describe(self) -> ModelInfo:
        """What the model's header says."""
        return self.info

    def create_context(
        self,
        config: EffectiveConfig,
        *,
        stream: TokenStream | None = None,
        cancel: CancelToken | None = None,
        warn: Callable[[str], None] | None = None,
    ) -> LlamaContext:
        """A new context; its native part is made when it first computes.

        Raises:
            InvalidArgument: the model was unloaded, or settings that only the model can judge
                (grammar, logit bias) are wrong.
        """
        with self._lock:
            self._check_open()
            self._beginning += 1
        try:
            context = LlamaContext(
                self, self.normalised(config), stream=stream, cancel=cancel, warn=warn
            )
            with self._lock:
                self._contexts.add(context)
        finally:
            with self._lock:
                self._beginning -= 1
                self._begun.notify_all()
        return context

    def normalised(self, config: EffectiveConfig) -> EffectiveConfig:
        """``config`` as this machine will use it."""
        return normalised(config, offloads=self.native.offloads)

    def memory(self) -> GraphMemory:
        """Bytes of the weights, and (estimated) of all native contexts, the kept one included."""
        with self._lock:
            slots = [*self._in_use, *([self._idle] if self._idle else [])]
        return GraphMemory(self._weights, sum(slot.nbytes for slot in slots), self._device_bytes)

    def watch(self, changed: Callable[[], None]) -> None:
        """Call ``changed`` when a native context was made or freed."""
        self._changed = changed

    def trim(self) -> int:
        """Free the kept native context; returns the (estimated) bytes given back."""
        with self._lock:
            idle, self._idle = self._idle, None
        if idle is None:
            return 0
        idle.close()
        self._changed()
        return idle.nbytes

    def close(self) -> None:
        """Close all contexts and free the model. May be called twice."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            # settings are checked against the vocabulary as a context is made
            self._begun.wait_for(lambda: not self._beginning)
            contexts = list(self._contexts)
        for context in contexts:
            context.close(_UNLOADED)
        self.trim()
        # adapters are freed with the model they belong to
        self._adapters.clear()
        model, self.model = self.model, 0
        self.native.api.llama_model_free(model)

    def context_length(self, config: EffectiveConfig) -> int:
        """Tokens that a context with these settings holds."""
        wanted = cast("int", config["ctx-size"]) or self._n_ctx_train
        return -(-wanted // CONTEXT_PAD) * CONTEXT_PAD

    # -- for its contexts ------------------------------------------------------------------------

    def take_slot(self, config: EffectiveConfig) -> Slot:
        """A native context for ``config``: the kept one if it fits, else a new one.

        Raises:
            InvalidArgument: the model was unloaded.
            MissingMemory: it would not fit into the memory that is free.
            RuntimeFailure: llama.cpp could not make it; the message says why.
        """
        key = context_key(config)
        with self._lock:
            self._check_open()
            slot = self._idle
            if slot is not None and slot.key == key:
                self._idle = None
                self._in_use.add(slot)
                return slot
        nbytes = self._size_of_context(config)
        self._make_room(nbytes)
        params = context_params(self.native, config, n_ctx_train=self._n_ctx_train)
        slot = Slot(self.native, self.model, params, key, nbytes)
        try:
            self._apply_adapter(slot, config)
        except BaseException:
            slot.close()
            raise
        with self._lock:
            self._in_use.add(slot)
        self._changed()
        return slot

    def give_slot(self, slot: Slot) -> None:
        """Take a native context back, and keep it for the next execution context."""
        with self._lock:
            self._in_use.discard(slot)
            if not self._closed:
                slot, self._idle = cast("Slot", self._idle), slot
        if slot is not None:
            slot.close()
            self._changed()

    def forget(self, context: LlamaContext) -> None:
        """A context closed."""
        with self._lock:
            self._contexts.discard(context)

    def _check_open(self) -> None:
        if self._closed:
            raise InvalidArgument(_UNLOADED)

    def _make_room(self, nbytes: int) -> None:
        """Free the kept context if the new one needs its memory; refuse what cannot fit."""
        if nbytes > available():
            self.trim()
        free = available()
        if nbytes > free:
            raise MissingMemory(
                f"An execution context with these settings needs about {format_bytes(nbytes)}, and "
                f"{format_bytes(free)} is free.",
                hint="Lower ctx-size or batch-size.",
            )

    def _apply_adapter(self, slot: Slot, config: EffectiveConfig) -> None:
        path = str(config["lora"])
        if not path:
            return
        adapter = self._adapter(path)
        adapters = (self.native.api.llama_adapter_lora_p_ctypes * 1)(adapter)
        scales = (ctypes.c_float * 1)(cast("float", config["lora-scale"]))
        if self.native.api.llama_set_adapters_lora(slot.pointer, adapters, 1, scales):
            raise InvalidArgument(f"The LoRA adapter {path} could not be applied.")

    def _adapter(self, path: str) -> Any:
        with self._lock:
            known = self._adapters.get(path)
            if known:
                return known
            validate_adapter(read_gguf(Path(path)))
            with LOG.capture() as log:
                adapter = self.native.api.llama_adapter_lora_init(self.model, path.encode())
            if not adapter:
                raise InvalidArgument(
                    f"The LoRA adapter {path} does not fit this model: "
                    f"{log.complaint() or 'llama.cpp refused it'}."
                )
            self._adapters[path] = adapter
            return adapter


def _nobody() -> None:
    """Who watches a graph until somebody does."""
