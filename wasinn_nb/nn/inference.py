"""One computation over arrays, for Python code: inputs and outputs by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from wasinn_nb.nn.arrays import as_tensor
from wasinn_nb.nn.backend import ModelInfo
from wasinn_nb.nn.cancel import CancelToken
from wasinn_nb.nn.errors import InvalidArgument, UnsupportedOperation
from wasinn_nb.nn.lease import Lease
from wasinn_nb.nn.tensor import Tensor
from wasinn_nb.nn.types import TensorType

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Arrays = Mapping[int | str, npt.ArrayLike] | npt.ArrayLike
    """Arrays by an input's index or name; one array alone for a model with one input."""


def infer(
    lease: Lease, inputs: Arrays, *, cancel: CancelToken | None = None
) -> dict[str, np.ndarray[Any, Any]]:
    """Compute once, in a context of its own.

    Args:
        inputs: arrays of the types that the model declares (bf16 as the bits in ``uint16``, or as
            ml_dtypes' ``bfloat16``); lists of numbers become such arrays.

    Returns:
        Every output by its name (``output 0`` where it has none), bf16 as ``uint16``.

    Raises:
        UnsupportedOperation: a language model.
        InvalidArgument: an input that the model does not have, that is missing, or of another shape
            or type.
    """
    info = lease.info
    if not info.outputs:
        raise UnsupportedOperation(
            f"Model {lease.name!r} takes and gives text.", hint="Run a guest that generates."
        )
    given = inputs if isinstance(inputs, Mapping) else {_only(info): inputs}
    tensors = {}
    for key, value in given.items():
        index = info.input_index(key)
        if index in tensors:
            raise InvalidArgument(f"The input {info.inputs[index].name!r} is given twice.")
        tensors[index] = as_tensor(info.inputs[index], value)
    context = lease.create_context(cancel=cancel)
    try:
        for index, tensor in tensors.items():
            context.set_input(index, tensor)
        context.compute()
        outputs = {}
        for index, spec in enumerate(info.outputs):
            data = context.get_output(index)
            tensor = context.output_tensor(index) or Tensor((len(data),), TensorType.U8, data)
            outputs[spec.name or f"output {index}"] = tensor.numpy()
        return outputs
    finally:
        lease.drop_context(context)


def _only(info: ModelInfo) -> int:
    if len(info.inputs) == 1:
        return 0
    names = ", ".join(spec.name for spec in info.inputs) or "none"
    raise InvalidArgument(
        f"The model has {len(info.inputs)} inputs ({names}).",
        hint="Give a dict of arrays by name.",
    )
