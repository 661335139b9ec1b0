"""One input of an infer request: exact checks, and one copy into the memory it computes from."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from wasinn_nb.nn.errors import InvalidArgument
from wasinn_nb.nn.tensor import shape_text
from wasinn_nb.nn.types import TensorType

if TYPE_CHECKING:
    from wasinn_nb.backends.openvino.native import Native
    from wasinn_nb.backends.openvino.ports import Port
    from wasinn_nb.nn.tensor import Tensor

_NHWC_TO_NCHW = (0, 3, 1, 2)
_ADDRESSABLE = 2**63 - 1


class Input:
    """An input tensor of a native infer request.

    Args:
        own: give the request a tensor of ours, instead of writing into the one it came with.

    Attributes:
        dims: its present shape.
    """

    def __init__(self, native: Native, request: Any, index: int, port: Port, *, own: bool) -> None:
        self.port = port
        self._index = index
        self.type = port.spec.type
        self._native = native
        self._request = request
        if own or port.dims is None:
            self._tensor = native.api.Tensor(port.element, list(port.dims or port.least))
            native.request.set_input_tensor(request, index, self._tensor)
        else:
            self._tensor = native.request.get_input_tensor(request, index)
        self.dims: tuple[int, ...] = ()
        self._array: Any = None
        self._bytes = memoryview(b"")
        self._view()

    def _view(self) -> None:
        self._array = self._tensor.data
        self.dims = tuple(self._array.shape)
        self._bytes = memoryview(self._array.reshape(-1).view("uint8"))

    @property
    def nbytes(self) -> int:
        """Bytes of its present shape."""
        return len(self._bytes)

    def fits(self, tensor: Tensor) -> bool:
        """Whether a tensor of the right type and shape can be copied as it is."""
        return tensor.type is self.type and tensor.dims == self.dims

    def write(self, tensor: Tensor, *, nhwc: bool) -> None:
        """Copy a tensor in.

        Raises:
            InvalidArgument: another type, shape or number of bytes than the model wants; what was
                set before stays.
        """
        changed = False
        if not self.fits(tensor):
            self._check(tensor)
            changed = True
        data = memoryview(tensor.data)
        if data.format != "B" or data.ndim != 1:
            data = data.cast("B")
        needed = math.prod(tensor.dims) * self.type.itemsize if changed else len(self._bytes)
        if len(data) != needed:
            raise InvalidArgument(
                f"{self._named()} of shape {shape_text(tensor.dims)} has {needed} bytes; "
                f"{len(data)} were given."
            )
        if self.type is TensorType.BOOL:
            self._check_bools(data)
        if changed:
            self._resize(tensor.dims)
        if nhwc and len(self.dims) == len(_NHWC_TO_NCHW):
            self._transpose(data)
        else:
            self._bytes[:] = data

    def take(self, other: Input) -> None:
        """Copy what another input of the same model holds."""
        if self.dims != other.dims:
            self._resize(other.dims)
        self._bytes[:] = other._bytes

    def _resize(self, dims: tuple[int, ...]) -> None:
        # a new one, so that what was set stays if there is no memory for it
        resized = self._native.api.Tensor(self.port.element, list(dims))
        self._native.request.set_input_tensor(self._request, self._index, resized)
        self._tensor = resized
        self._view()

    def _transpose(self, data: memoryview) -> None:
        """Copy bytes that come in the order NHWC to where they belong in NCHW."""
        import numpy as np

        n, c, h, w = self.dims
        source = np.frombuffer(data, dtype=self._array.dtype).reshape(n, h, w, c)
        np.copyto(self._array, source.transpose(_NHWC_TO_NCHW))

    def _named(self) -> str:
        return f"Input {self._index} ({self.port.spec})"

    def _check(self, tensor: Tensor) -> None:
        given = f"{tensor.type.dtype} {shape_text(tensor.dims)}"
        if tensor.type is not self.type:
            raise InvalidArgument(
                f"{self._named()} has elements of type {self.type.dtype}; {given} was given.",
                hint=f"Convert the elements to {self.type.dtype}.",
            )
        limits = self.port.limits
        if limits is None:
            return
        if not _fit(limits, tensor.dims):
            bounds = "".join(
                f" Dimension {axis} can be {low} to {high}."
                for axis, (low, high) in enumerate(limits)
                if low != high and (low > 0 or high >= 0)
            )
            raise InvalidArgument(
                f"{self._named()} has another shape: {given} was given.{bounds}",
                hint=_other_order(limits, tensor.dims),
            )
        if math.prod(size or 1 for size in tensor.dims) * self.type.itemsize > _ADDRESSABLE:
            # a size of 0 makes the tensor empty, yet its strides would be beyond any address
            raise InvalidArgument(f"{self._named()} cannot be so large: {given} was given.")

    def _check_bools(self, data: memoryview) -> None:
        import numpy as np

        values = np.frombuffer(data, dtype=np.uint8)
        if values.size and values.max() > 1:
            raise InvalidArgument(
                f"{self._named()} has bytes of 0 and 1; {values.max()} was given."
            )


def _other_order(limits: tuple[tuple[int, int], ...], dims: tuple[int, ...]) -> str:
    """What to do where pixels came in the order height, width, channels."""
    is_image = len(dims) == len(_NHWC_TO_NCHW)
    if is_image and _fit(limits, tuple(dims[axis] for axis in _NHWC_TO_NCHW)):
        return "Its channels come first: array.transpose(0, 3, 1, 2), or pack the image as NCHW."
    return ""


def _fit(limits: tuple[tuple[int, int], ...], dims: tuple[int, ...]) -> bool:
    return len(limits) == len(dims) and all(
        low <= size and (high < 0 or size <= high)
        for size, (low, high) in zip(dims, limits, strict=True)
    )
