"""Tensors as they cross the line between a guest, the host and a backend: plain data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from wasinn_nb.nn.types import TensorType

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

Buffer = bytes | bytearray | memoryview


@dataclass(frozen=True, slots=True)
class Tensor:
    """A shaped run of bytes, little-endian, C order.

    ``data`` may be a view of guest memory that is valid only during the call it is passed to:
    whoever keeps it copies it.
    """

    dims: tuple[int, ...]
    type: TensorType
    data: Buffer

    @property
    def nbytes(self) -> int:
        """Length of ``data`` in bytes."""
        return memoryview(self.data).nbytes

    def numpy(self) -> npt.NDArray[Any]:
        """A read-only numpy view with this tensor's shape (bf16 as uint16); no copy."""
        import numpy as np

        name = "uint16" if self.type is TensorType.BF16 else self.type.dtype
        array = np.frombuffer(self.data, dtype=np.dtype(name)).reshape(self.dims)
        array.flags.writeable = False
        return array

    @classmethod
    def from_numpy(cls, array: np.ndarray[Any, Any]) -> Tensor:
        """Wrap an array (copied only if it is not C-contiguous).

        Raises:
            KeyError: the dtype has no wasi-nn tensor type.
        """
        import numpy as np

        kind = {t.dtype: t for t in TensorType}[array.dtype.name]
        return cls(tuple(array.shape), kind, np.ascontiguousarray(array).tobytes())


@dataclass(frozen=True, slots=True)
class TensorSpec:
    """Description of a model's input or output.

    Args:
        dims: a dimension of -1 is dynamic; None where not even their number is fixed.
        layout: what the dimensions mean (``NCHW``), as far as the model says.
        aliases: further names of the same tensor.
    """

    name: str
    dims: tuple[int, ...] | None
    type: TensorType
    layout: str = ""
    aliases: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.name or 'unnamed'}: {self.type.dtype} {shape_text(self.dims)}"


def shape_text(dims: Sequence[int] | None) -> str:
    """A shape as it is written in messages: ``[1, 3, ?, ?]``."""
    if dims is None:
        return "[...]"
    return f"[{', '.join('?' if n < 0 else str(n) for n in dims)}]"
