"""An execution context: one infer request, its inputs and outputs, cancel and close."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, cast

from wasinn_nb.backends.openvino.failures import device_failure, is_cancellation, reason
from wasinn_nb.backends.openvino.guard import Guard
from wasinn_nb.nn.errors import Cancelled, InvalidArgument, RuntimeFailure

if TYPE_CHECKING:
    from wasinn_nb.backends.openvino.graph import OpenVINOGraph
    from wasinn_nb.backends.openvino.slot import Slot
    from wasinn_nb.nn.cancel import CancelToken
    from wasinn_nb.nn.settings import EffectiveConfig
    from wasinn_nb.nn.tensor import Buffer, Tensor

_LOOK = 20
"""Milliseconds between looks whether a device obeys, or the interpreter has a signal to handle."""


class OpenVINOContext:
    """One computation over a compiled model; see :class:`wasinn_nb.nn.backend.ExecutionContext`.

    Inputs keep their values until they are set again, also when an inference fails.
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
        self._cancel = native.cancel
        self._turns = graph.turns
        self._unset = set(range(len(slot.inputs)))
        self._outputs: dict[int, Tensor] = {}
        self._computed = False
        self._guard = Guard(cancel, self._abort)
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
            slot = self._usable_slot()
            if not 0 <= index < len(slot.inputs):
                self._graph.describe().input_index(index)
            slot.inputs[index].write(tensor, nhwc=self._nhwc)
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
            slot = self._usable_slot()
            for output in slot.large:
                output.make_way()
            if self._turns is not None:
                self._compute_inline(slot, self._turns)
            else:
                self._compute_apart(slot)
            guard.check()
            self._computed = True
        except RuntimeError as error:
            self._failed(error)
        finally:
            guard.running = False

    def _usable_slot(self) -> Slot:
        """The context's slot; another one after a failure, here or in what was compiled."""
        slot = cast("Slot", self._slot)  # it is there until the guard lets nobody in
        if slot.left:
            slot.settle()
        if slot.broken or slot.compiled is not self._graph.compiled:
            slot = self._slot = self._graph.renewed(self, slot)
        return slot

    def _compute_inline(self, slot: Slot, turns: threading.Semaphore) -> None:
        """Compute in this thread, when it is its turn."""
        guard = self._guard
        while not turns.acquire(timeout=_LOOK / 1000):
            guard.check()
        try:
            guard.begin()
            self._infer(slot.request, {}, share_outputs=True, decode_strings=False)
        finally:
            guard.ended()
            turns.release()

    def _compute_apart(self, slot: Slot) -> None:
        """Compute in OpenVINO's threads; leave the inference to itself if it cannot be aborted."""
        guard, request = self._guard, slot.request
        guard.begin(lambda: self._start(request, {}, None))
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

    def _abort(self) -> None:
        slot = self._slot
        if slot is not None:
            self._cancel(slot.request)

    def _complain(self) -> None:
        inputs = self._graph.describe().inputs
        missing = ", ".join(f"{index} ({inputs[index]})" for index in sorted(self._unset))
        raise InvalidArgument(
            f"These inputs of the model were never set: {missing}.",
            hint="Give each of them a tensor.",
        )

    def _failed(self, error: RuntimeError) -> None:
        if is_cancellation(error):
            raise Cancelled(self._guard.stop or "stop") from None
        failure = device_failure(error, self._graph.device)
        self._graph.failed(cast("Slot", self._slot))
        raise failure from None

    def compute_single(self) -> None:
        """Raises InvalidArgument: a tensor model has no steps."""
        raise InvalidArgument(
            "compute_single makes text token by token, and this is a tensor model.",
            hint="Call compute.",
        )

    def get_output_single(self, index: int) -> Buffer:  # noqa: ARG002 - the protocol's
        """Raises InvalidArgument; as :meth:`compute_single`."""
        raise InvalidArgument(
            "get_output_single reads a token, and this is a tensor model.", hint="Call get_output."
        )

    def fini_single(self) -> None:
        """Raises InvalidArgument; as :meth:`compute_single`."""
        raise InvalidArgument("fini_single ends a text, and this is a tensor model.")

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
