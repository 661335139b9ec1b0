"""An execution context: one infer request, its inputs and outputs, cancel and close."""

from __future__ import annotations

import threading
import time
from functools import partial
from typing import TYPE_CHECKING, cast

from wasinn_nb.backends.openvino.failures import device_failure, is_cancellation, reason
from wasinn_nb.backends.openvino.guard import Guard
from wasinn_nb.nn.errors import Cancelled, InvalidArgument, RuntimeFailure, UnsupportedOperation

if TYPE_CHECKING:
    from wasinn_nb.backends.openvino.graph import OpenVINOGraph
    from wasinn_nb.backends.openvino.slot import Slot
    from wasinn_nb.nn.cancel import CancelToken
    from wasinn_nb.nn.settings import EffectiveConfig
    from wasinn_nb.nn.tensor import Buffer, Tensor

_QUICK = 0.005
"""Seconds that a cancel may wait for the end of an inference."""

_LOOK = 20
"""Milliseconds between looks whether a device obeys, or the interpreter has a signal to handle."""


class OpenVINOContext:
    """One computation over a compiled model; see :class:`wasinn_nb.nn.backend.ExecutionContext`.

    Inputs keep their values until they are set again. OpenVINO can abort only what runs in a thread
    of its own; starting one costs more than a small model takes, so short inferences run in the
    caller's.
    """

    def __init__(
        self,
        graph: OpenVINOGraph,
        slot: Slot,
        config: EffectiveConfig,
        *,
        cancel: CancelToken | None = None,
    ) -> None:
        self._graph = graph
        self._slot: Slot | None = slot
        self._nhwc = config["input-layout"] == "nhwc"
        native = graph.native.request
        self._infer = native.infer
        self._start = native.start_async
        self._wait = native.wait
        self._wait_for = native.wait_for
        self._unset = set(range(len(slot.inputs)))
        self._outputs: dict[int, Tensor] = {}
        self._computed = False
        self._guard = Guard(cancel, partial(native.cancel, slot.request))
        self._closing = threading.Lock()

    # -- inputs ----------------------------------------------------------------------------------

    def set_input(self, index: int, tensor: Tensor) -> None:
        """Copy a tensor into an input of the model.

        Raises:
            InvalidArgument: no such input; another type, shape or number of bytes than the model
                wants, with both in the message; or the context is closed. Nothing has changed then.
            RuntimeFailure: there is no memory for a tensor of this shape.
        """
        guard = self._guard
        guard.enter()
        try:
            slot = cast("Slot", self._slot)  # it is there until the guard lets nobody in
            slot.settle()
            if not 0 <= index < len(slot.inputs):
                self._graph.describe().input_index(index)
            if slot.inputs[index].write(tensor, nhwc=self._nhwc):
                slot.quick = False
            self._unset.discard(index)
        except RuntimeError as error:
            raise RuntimeFailure(f"Input {index} cannot be set: {reason(error)}.") from None
        finally:
            guard.running = False

    # -- compute ---------------------------------------------------------------------------------

    def compute(self) -> None:
        """Run one inference.

        Raises:
            InvalidArgument: an input was never set, or the context is closed.
            Cancelled: through the token, :meth:`cancel` or :meth:`close`. A device that does not
                let go of the inference ends it for nobody; the next call here waits for that.
            RuntimeFailure: the device failed; the message names it.
        """
        guard = self._guard
        guard.enter()
        try:
            if self._unset:
                self._complain()
            guard.check()
            self._computed = False
            if self._outputs:
                self._outputs = {}
            slot = cast("Slot", self._slot)
            slot.settle()
            for output in slot.large:
                output.make_way()
            began = time.perf_counter()
            if slot.quick:
                self._infer(slot.request, {}, share_outputs=True, decode_strings=False)
            else:
                self._compute_abortable(slot)
            slot.quick = time.perf_counter() - began < _QUICK
            guard.check()
            self._computed = True
        except RuntimeError as error:
            self._failed(error)
        finally:
            guard.running = False

    def _compute_abortable(self, slot: Slot) -> None:
        """Compute in OpenVINO's threads; leave the inference to itself if it cannot be aborted."""
        guard, request = self._guard, slot.request
        guard.start(lambda: self._start(request, {}, None))
        slot.left = True
        try:
            while not self._wait_for(request, _LOOK):
                if guard.stop and not self._wait_for(request, _LOOK):
                    guard.check()
            slot.left = False
            self._wait(request)
        except RuntimeError:
            slot.left = False
            raise
        except KeyboardInterrupt:
            guard.cancel()
            raise
        finally:
            guard.ended()

    def _complain(self) -> None:
        inputs = self._graph.describe().inputs
        missing = ", ".join(f"{index} ({inputs[index]})" for index in sorted(self._unset))
        raise InvalidArgument(f"These inputs of the model were never set: {missing}.")

    def _failed(self, error: RuntimeError) -> None:
        if is_cancellation(error):
            raise Cancelled(self._guard.stop or "stop") from None
        slot = cast("Slot", self._slot)
        slot.broken, slot.quick = True, False
        raise device_failure(error, self._graph.device) from None

    def compute_single(self) -> None:
        """Raises UnsupportedOperation: a tensor model has no steps."""
        raise UnsupportedOperation(
            "compute_single makes text token by token, and this is a tensor model.",
            hint="Call compute.",
        )

    def get_output_single(self, index: int) -> Buffer:  # noqa: ARG002 - the protocol's
        """Raises UnsupportedOperation; as :meth:`compute_single`."""
        raise UnsupportedOperation(
            "get_output_single reads a token, and this is a tensor model.", hint="Call get_output."
        )

    def fini_single(self) -> None:
        """Raises UnsupportedOperation; as :meth:`compute_single`."""
        raise UnsupportedOperation("fini_single ends a text, and this is a tensor model.")

    # -- outputs ---------------------------------------------------------------------------------

    def get_output(self, index: int) -> Buffer:
        """The bytes of an output of the last inference; they never change.

        Raises:
            InvalidArgument: no such output.
            RuntimeFailure: nothing was computed yet, or the last inference failed.
        """
        known = self._outputs.get(index)
        return known.data if known is not None else self.output_tensor(index).data

    def output_tensor(self, index: int) -> Tensor:
        """The output with its shape and type; raises as :meth:`get_output`."""
        known = self._outputs.get(index)
        if known is not None:
            return known
        if not 0 <= index < len(self._graph.describe().outputs):
            self._graph.describe().output_index(index)
        slot = self._slot
        if not self._computed or slot is None:
            raise RuntimeFailure(
                f"Output {index} is not there: nothing was computed yet, or it failed.",
                hint="Call compute first.",
            )
        tensor = self._outputs[index] = slot.outputs[index].read()
        return tensor

    # -- cancel and close ------------------------------------------------------------------------

    def cancel(self) -> None:
        """Make a running compute raise ``Cancelled``. Any thread."""
        self._guard.cancel()

    def close(self, why: str = "The execution context was closed.") -> None:
        """Hand the infer request back; outputs stay readable.

        A compute in another thread is stopped first. Whoever closes a context that is being closed
        waits too.
        """
        with self._closing:
            if self._slot is None:
                return
            self._guard.close(why)
            if self._computed:
                for index in range(len(self._slot.outputs)):
                    self.output_tensor(index)
            slot, self._slot = self._slot, None
            self._graph.give_back(self, slot)
