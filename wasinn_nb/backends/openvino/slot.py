"""A native infer request with its tensors, used by one execution context after another."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from wasinn_nb.backends.openvino.inputs import Input
from wasinn_nb.backends.openvino.outputs import Output

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wasinn_nb.backends.openvino.native import Native
    from wasinn_nb.backends.openvino.ports import Port


class Slot:
    """What an execution context computes with.

    Args:
        own: whether the tensors are ours from the beginning, as the layers that spread work over
            devices (AUTO, ...) want it: their requests change hands.

    Attributes:
        compiled: what the request belongs to.
        broken: an inference failed; nothing is computed with it any more.
        left: it still computes, for nobody: the device does not let it be aborted.
    """

    def __init__(
        self,
        native: Native,
        compiled: Any,
        inputs: Sequence[Port],
        outputs: Sequence[Port],
        *,
        own: bool,
    ) -> None:
        self.compiled = compiled
        self.request: Any = compiled.create_infer_request()
        self.inputs = tuple(
            Input(native, self.request, index, port, own=own) for index, port in enumerate(inputs)
        )
        self.outputs = tuple(
            Output(native, self.request, index, port, own=own) for index, port in enumerate(outputs)
        )
        self.broken = False
        self.left = False
        self._wait = native.request.wait
        self.large = tuple(output for output in self.outputs if not output.small)

    def settle(self) -> None:
        """Wait for the end of an inference that was left."""
        if self.left:
            with suppress(RuntimeError):  # nobody wants its result, nor its error
                self._wait(self.request)
            self.left = False

    def take_inputs(self, other: Slot) -> None:
        """Copy the inputs of another slot of the same model."""
        for mine, theirs in zip(self.inputs, other.inputs, strict=True):
            mine.take(theirs)

    @property
    def nbytes(self) -> int:
        """Bytes of its inputs and outputs."""
        return sum(one.nbytes for one in self.inputs) + sum(one.nbytes for one in self.outputs)
