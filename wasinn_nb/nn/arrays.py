"""What Python code gives for an input, as a tensor: arrays exactly, lists as what they mean."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wasinn_nb.nn.errors import InvalidArgument
from wasinn_nb.nn.tensor import Tensor, TensorSpec
from wasinn_nb.nn.types import TensorType

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Array = np.ndarray[Any, Any]

_NUMBERS = (bool, int, float, list, tuple)
_WHOLE = "biu"


def as_tensor(spec: TensorSpec, value: npt.ArrayLike) -> Tensor:
    """The tensor of an input.

    Args:
        value: an array of exactly the input's type (bf16 as its bits in ``uint16``, or as
            ml_dtypes' ``bfloat16``), or a number or list of numbers that the type can hold.

    Raises:
        InvalidArgument: neither; the message has both types.
    """
    import numpy as np

    bits = "uint16" if spec.type is TensorType.BF16 else spec.type.dtype
    if isinstance(value, _NUMBERS):
        array = _of_numbers(spec, value)
    else:
        array = np.asarray(value)
        if array.dtype.name not in {bits, spec.type.dtype}:
            raise _refusal(spec, value, array)
    little = array.astype(array.dtype.newbyteorder("<"), copy=False)
    # bytes, since not every dtype can be viewed through the buffer protocol (ml_dtypes)
    return Tensor(tuple(array.shape), spec.type, np.ascontiguousarray(little).tobytes())


def _of_numbers(spec: TensorSpec, value: npt.ArrayLike) -> Array:
    import numpy as np

    try:
        natural = np.asarray(value)
    except ValueError:
        raise InvalidArgument(
            f"The input {spec} was given as lists of different lengths."
        ) from None
    if natural.size and natural.dtype.kind not in f"{_WHOLE}f":
        raise InvalidArgument(
            f"The input {spec} was given as a list that makes no array of numbers."
        )
    if spec.type is TensorType.BF16:
        return _bf16_bits(natural.astype(np.float32))
    wanted = np.dtype(spec.type.dtype)
    with np.errstate(invalid="ignore", over="ignore"):
        array = natural.astype(wanted)
    if wanted.kind == "f":
        return array
    lost = natural[array != natural]
    if lost.size:
        raise InvalidArgument(
            f"The input {spec} cannot hold {lost.flat[0]}, which was given.",
            hint="Give numbers that its type has, or an array of that type.",
        )
    return array


def _bf16_bits(array: Array) -> Array:
    """The upper halves of float32, rounded to the nearest (even) as hardware does."""
    import numpy as np

    wide = array.view(np.uint32).astype(np.uint64)
    rounded = (wide + 0x7FFF + ((wide >> 16) & 1)) >> 16
    quiet = (wide >> 16) | 0x40
    return np.where(np.isnan(array), quiet, rounded).astype(np.uint16)


def _refusal(spec: TensorSpec, value: object, array: Array) -> InvalidArgument:
    import numpy as np

    plain = hasattr(value, "dtype") and array.dtype.kind in f"{_WHOLE}f"
    given = array.dtype.name if plain else type(value).__name__
    if spec.type is TensorType.BF16:
        hint = "Convert it: array.astype(ml_dtypes.bfloat16)."
    elif array.dtype.kind in f"{_WHOLE}f":
        call = "array" if isinstance(value, np.ndarray) else "np.asarray(value)"
        hint = f"Convert it: {call}.astype({spec.type.dtype!r})."
    else:
        hint = f"Give an array of {spec.type.dtype}."
    return InvalidArgument(f"The input {spec} was given as {given}.", hint=hint)
