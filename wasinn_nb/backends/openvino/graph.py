"""A compiled model, and the execution contexts that use it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from wasinn_nb.backends.openvino.context import OpenVINOContext
from wasinn_nb.backends.openvino.failures import reason
from wasinn_nb.backends.openvino.slot import Slot
from wasinn_nb.nn.backend import GraphMemory
from wasinn_nb.nn.errors import InvalidArgument, RuntimeFailure

if TYPE_CHECKING:
    from wasinn_nb.backends.openvino.native import Native
    from wasinn_nb.backends.openvino.ports import Port
    from wasinn_nb.nn.backend import ModelInfo
    from wasinn_nb.nn.cancel import CancelToken
    from wasinn_nb.nn.settings import EffectiveConfig
    from wasinn_nb.nn.stream import TokenStream

_UNLOADED = "The model was unloaded; load it again."


class OpenVINOGraph:
    """See :class:`wasinn_nb.nn.backend.Graph`.

    When a context closes, its infer request is kept for the next one: the first inference of a new
    request is slower, since its memory has to be made. At most one is kept.

    Args:
        compiled: the ``openvino.CompiledModel``; owned by the graph from now on.
        device: what it was compiled for, in OpenVINO's words.
        pipeline: the devices that the NPU's pipeline runs on instead of an NPU; empty without it.
    """

    def __init__(
        self,
        native: Native,
        compiled: Any,
        info: ModelInfo,
        inputs: Sequence[Port],
        outputs: Sequence[Port],
        *,
        device: str,
        pipeline: str = "",
    ) -> None:
        self.native = native
        self._compiled = compiled
        self._inputs = inputs
        self._outputs = outputs
        self._info = replace(
            info,
            inputs=tuple(port.spec for port in inputs),
            outputs=tuple(port.spec for port in outputs),
        )
        self._asked = device
        self._pipeline = pipeline
        self._own = device.partition(":")[0] in {"AUTO", "MULTI", "HETERO", "BATCH", "NPU"}
        self._lock = threading.Lock()
        self._begun = threading.Condition(self._lock)
        self._beginning = 0
        self._contexts: dict[OpenVINOContext, Slot] = {}
        self._settling: set[threading.Thread] = set()
        self._closed = False
        self._idle: Slot | None = self._new_slot()

    @property
    def device(self) -> str:
        """The devices in use, as OpenVINO names them; AUTO may change its mind while it runs."""
        compiled = self._compiled
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
            slot = slot or self._new_slot()
            context = OpenVINOContext(self, slot, config, cancel=cancel)
            with self._lock:
                self._contexts[context] = slot
        finally:
            with self._lock:
                self._beginning -= 1
                self._begun.notify_all()
        return context

    def _new_slot(self) -> Slot:
        try:
            return Slot(self.native, self._compiled, self._inputs, self._outputs, own=self._own)
        except RuntimeError as error:
            raise RuntimeFailure(
                f"{self._asked} has no room for another inference: {reason(error)}."
            ) from None

    def memory(self) -> GraphMemory:
        """Bytes of the weights as they are in the file, and of all inputs and outputs."""
        with self._lock:
            slots = [*self._contexts.values(), *([self._idle] if self._idle else [])]
        return GraphMemory(self._info.nbytes, sum(slot.nbytes for slot in slots))

    def give_back(self, context: OpenVINOContext, slot: Slot) -> None:
        """A context closed; its infer request is kept if it still works."""
        if slot.left:
            # to drop a request that computes would hold up the interpreter until it is done
            settling = threading.Thread(target=self._settle, args=(slot,), name="wasinn-settle")
            with self._lock:
                self._settling.add(settling)
            settling.start()
        with self._lock:
            self._contexts.pop(context, None)
            if not (self._closed or slot.broken or slot.left):
                self._idle = slot

    def _settle(self, slot: Slot) -> None:
        slot.settle()
        with self._lock:
            self._settling.discard(threading.current_thread())

    def close(self) -> None:
        """Close all contexts and free the model. May be called twice."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            self._begun.wait_for(lambda: not self._beginning)
            contexts = list(self._contexts)
        for context in contexts:
            context.close(_UNLOADED)
        for settling in tuple(self._settling):
            settling.join()
        self._idle = self._compiled = None
