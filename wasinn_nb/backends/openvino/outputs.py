"""One output of an infer request: what was computed, without a copy where that is possible."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any

from wasinn_nb.nn.tensor import Tensor

if TYPE_CHECKING:
    from wasinn_nb.backends.openvino.native import Native
    from wasinn_nb.backends.openvino.ports import Port

SMALL = 65_536
"""Outputs of fewer bytes are copied: that costs less than to keep track of who reads them."""


class _Region:
    """Memory that a request writes an output to, and whether somebody reads it."""

    def __init__(self, tensor: Any) -> None:
        self.tensor = tensor
        self._readers: weakref.ref[Any] | None = None

    @property
    def held(self) -> bool:
        """Whether a view of it is still in use somewhere."""
        return self._readers is not None and self._readers() is not None

    def view(self) -> memoryview:
        """Its bytes. Everything made from the view keeps the same array alive."""
        array = self._readers() if self._readers is not None else None
        if array is None:
            array = self.tensor.data.reshape(-1).view("uint8")
            self._readers = weakref.ref(array)
        return memoryview(array).toreadonly()


class Output:
    """An output tensor of a native infer request.

    A large output is read where it was computed. While somebody still has that view the request
    computes into other memory; as a rule two regions take turns.

    Args:
        own: give the request memory of ours from the beginning.
    """

    def __init__(self, native: Native, request: Any, index: int, port: Port, *, own: bool) -> None:
        self.port = port
        self._native = native
        self._request = request
        self._index = index
        if own or port.dims is None:
            # memory that OpenVINO manages itself moves when the shape of a dynamic output changes
            self._current = self._new_region()
            native.request.set_output_tensor(request, index, self._current.tensor)
        else:
            self._current = _Region(native.request.get_output_tensor(request, index))
        self._regions = [self._current]
        self._dims = port.dims or ()
        self._fixed: memoryview | None = None
        if port.dims is not None and self.nbytes < SMALL:
            self._fixed = memoryview(self._current.tensor.data.reshape(-1).view("uint8"))

    @property
    def small(self) -> bool:
        """Whether it is always copied, so that nothing has to be done before a computation."""
        return self._fixed is not None

    @property
    def nbytes(self) -> int:
        """Bytes of its present shape."""
        return int(self._current.tensor.byte_size)

    def read(self) -> Tensor:
        """What was computed; it never changes afterwards."""
        kind = self.port.spec.type
        if self._fixed is not None:
            return Tensor(self._dims, kind, self._fixed.tobytes())
        array = self._current.tensor.data
        if array.nbytes < SMALL:
            return Tensor(array.shape, kind, array.tobytes())
        return Tensor(array.shape, kind, self._current.view())

    def make_way(self) -> None:
        """Before a computation: leave memory alone that somebody still reads."""
        if not self._current.held:
            return
        free = next((region for region in self._regions if not region.held), None)
        if free is None:
            free = self._new_region()
            self._regions = [self._current, free]
        self._current = free
        self._native.request.set_output_tensor(self._request, self._index, free.tensor)

    def _new_region(self) -> _Region:
        dims = self.port.dims
        shape = self.port.least if dims is None else dims
        return _Region(self._native.api.Tensor(self.port.element, list(shape)))
