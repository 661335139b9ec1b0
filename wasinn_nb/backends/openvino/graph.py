"""A compiled model, and the execution contexts that use it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from wasinn_nb.backends.openvino.context import OpenVINOContext
from wasinn_nb.backends.openvino.failures import reason
from wasinn_nb.backends.openvino.slot import Slot
from wasinn_nb.nn.backend import GraphMemory
from wasinn_nb.nn.errors import InvalidArgument, RuntimeFailure

if TYPE_CHECKING:
    from wasinn_nb.backends.openvino.compilation import Compilation
    from wasinn_nb.backends.openvino.native import Native
    from wasinn_nb.nn.backend import ModelInfo
    from wasinn_nb.nn.cancel import CancelToken
    from wasinn_nb.nn.settings import EffectiveConfig
    from wasinn_nb.nn.stream import TokenStream

_PATIENCE = 5.0
"""Seconds to wait for inferences that were left, one after another."""

_UNLOADED = "The model was unloaded; load it again."


class OpenVINOGraph:
    """See :class:`wasinn_nb.nn.backend.Graph`.

    When a context closes, its infer request is kept for the next one: the first inference of a new
    request is slower, since its memory has to be made. At most one is kept.

    After an inference that failed, OpenVINO's compiled model is in a state of its own: with dynamic
    shapes all that follow fail as well, in every request, and with fixed ones some crash. So it is
    thrown away then, and made again before the next inference.

    Attributes:
        compiled: the ``openvino.CompiledModel``; None while it has to be made again.
        turns: what a thread takes to compute in itself; None if OpenVINO's threads compute.
    """

    def __init__(self, native: Native, info: ModelInfo, compilation: Compilation) -> None:
        self.native = native
        self.compiled: Any = compilation.model
        self.turns = threading.Semaphore(compilation.streams) if compilation.streams else None
        self._inputs = compilation.inputs
        self._outputs = compilation.outputs
        self._info = replace(
            info,
            inputs=tuple(port.spec for port in compilation.inputs),
            outputs=tuple(port.spec for port in compilation.outputs),
        )
        self._asked = compilation.device
        self._pipeline = compilation.pipeline
        self._compile_again = compilation.again
        self._own = self._asked.partition(":")[0] in {"AUTO", "MULTI", "HETERO", "BATCH", "NPU"}
        self._renewing = threading.Lock()
        self._lock = threading.Lock()
        self._begun = threading.Condition(self._lock)
        self._beginning = 0
        self._contexts: dict[OpenVINOContext, Slot] = {}
        self._settling: set[threading.Thread] = set()
        self._closed = False
        self._changed: Callable[[], None] = _nobody
        self._idle: Slot | None = self._new_slot()

    @property
    def device(self) -> str:
        """The devices in use, as OpenVINO names them; AUTO may change its mind while it runs."""
        compiled = self.compiled
        if compiled is None:
            return self._asked
        if self._pipeline:
            return f"{self._asked} (on {self._pipeline})"
        try:
            used = compiled.get_property("EXECUTION_DEVICES")
        except RuntimeError:  # a device that was lost does not say what it was
            return self._asked
        return used if isinstance(used, str) else ", ".join(map(str, used))

    def describe(self) -> ModelInfo:
        """The model with the inputs and outputs that it was compiled with."""
        return self._info

    def create_context(
        self,
        config: EffectiveConfig,
        *,
        stream: TokenStream | None = None,  # noqa: ARG002 - the protocol's
        cancel: CancelToken | None = None,
        warn: Callable[[str], None] | None = None,  # noqa: ARG002 - the protocol's
    ) -> OpenVINOContext:
        """A new context, with the kept infer request or a new one.

        Raises:
            InvalidArgument: the model was unloaded.
            RuntimeFailure: the device has no room for another request.
        """
        with self._lock:
            if self._closed:
                raise InvalidArgument(_UNLOADED)
            self._beginning += 1
            slot, self._idle = self._idle, None
        try:
            kept, slot = slot is not None, slot or self._fresh_slot()
            context = OpenVINOContext(self, slot, config, cancel=cancel)
            with self._lock:
                self._contexts[context] = slot
            if not kept:
                self._changed()
        finally:
            with self._lock:
                self._beginning -= 1
                self._begun.notify_all()
        return context

    def failed(self, slot: Slot) -> None:
        """An inference failed."""
        slot.broken = True
        with self._lock:
            if slot.compiled is self.compiled:
                self.compiled = self._idle = None

    def renewed(self, context: OpenVINOContext, slot: Slot) -> Slot:
        """Another slot for a context whose own cannot be used any more, with the same inputs.

        Raises:
            NNError: the model cannot be compiled again.
        """
        fresh = self._fresh_slot()
        fresh.take_inputs(slot)
        with self._lock:
            self._contexts[context] = fresh
        return fresh

    def _fresh_slot(self) -> Slot:
        with self._renewing:
            if self.compiled is None:
                self.compiled = self._compile_again()
            return self._new_slot()

    def _new_slot(self) -> Slot:
        try:
            return Slot(self.native, self.compiled, self._inputs, self._outputs, own=self._own)
        except RuntimeError as error:
            raise RuntimeFailure(
                f"{self._asked} has no room for another inference: {reason(error)}."
            ) from None

    def memory(self) -> GraphMemory:
        """Bytes of the weights as they are in the file, and of all inputs and outputs."""
        with self._lock:
            slots = [*self._contexts.values(), *([self._idle] if self._idle else [])]
        return GraphMemory(self._info.nbytes, sum(slot.nbytes for slot in slots))

    def watch(self, changed: Callable[[], None]) -> None:
        """Call ``changed`` when an infer request was made or dropped."""
        self._changed = changed

    def give_back(self, context: OpenVINOContext, slot: Slot) -> None:
        """A context closed; its infer request is kept if it still works."""
        if slot.left:
            # to drop a request that computes would hold up the interpreter until it is done
            settling = threading.Thread(
                target=self._settle, args=(slot,), name="wasinn-settle", daemon=True
            )
            with self._lock:
                self._settling.add(settling)
            settling.start()
        with self._lock:
            self._contexts.pop(context, None)
            usable = not (slot.broken or slot.left) and slot.compiled is self.compiled
            kept = usable and not self._closed and self._idle is None
            if usable and not self._closed:
                self._idle = slot
        if not kept:
            self._changed()

    def _settle(self, slot: Slot) -> None:
        slot.settle()
        with self._lock:
            self._settling.discard(threading.current_thread())

    def close(self) -> None:
        """Close all contexts and free the model. May be called twice.

        An inference without end (a loop in the model) keeps its memory: nothing can end it.
        """
        with self._lock:
            if self._closed:
                return
            self._closed = True
            self._begun.wait_for(lambda: not self._beginning)
            contexts = list(self._contexts)
        for context in contexts:
            context.close(_UNLOADED)
        for settling in tuple(self._settling):
            settling.join(_PATIENCE)
        self._idle = self.compiled = None


def _nobody() -> None:
    """Who watches a graph until somebody does."""
