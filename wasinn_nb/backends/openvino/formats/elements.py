"""Element types as the formats name them, and sizes of shapes that cannot overflow."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from wasinn_nb.nn.tensor import TensorSpec
from wasinn_nb.nn.types import TensorType

MAX_RANK = 64
MAX_DIM = (1 << 31) - 1
"""Greatest size of one dimension: what the 32-bit indices of kernels can reach."""

MAX_ELEMENTS = 1 << 40
MAX_TENSOR_BYTES = 1 << 32
"""Greatest static input or output, in bytes: all that a guest's memory can hold."""

TYPES = {kind.name.lower(): kind for kind in TensorType} | {"boolean": TensorType.BOOL}
"""Element types by OpenVINO's names, as far as wasi-nn has them."""

BITS = {
    "boolean": 8, "u1": 1, "u2": 2, "u3": 3, "u4": 4, "u6": 6, "u8": 8, "u16": 16, "u32": 32,
    "u64": 64, "i2": 2, "i4": 4, "i8": 8, "i16": 16, "i32": 32, "i64": 64, "nf4": 4, "f4e2m1": 4,
    "f8e4m3": 8, "f8e5m2": 8, "f8e8m0": 8, "f16": 16, "bf16": 16, "f32": 32, "f64": 64,
}  # fmt: skip
"""Bits of an element by OpenVINO's name of its type; strings have none."""


INDICES = frozenset({"boolean", "i32", "i64", "string"})
"""Types of constants that are indices, shapes and flags rather than weights."""


def elements(dims: Iterable[int]) -> int:
    """Number of elements; a dynamic dimension counts once."""
    total = 1
    for dim in dims:
        total *= max(dim, 1) if dim < 0 else dim
    return total


def nbytes(dims: Iterable[int], kind: str) -> int:
    """Bytes of a packed tensor of a type in :data:`BITS`."""
    return (elements(dims) * BITS[kind] + 7) // 8


def shape_fault(dims: Sequence[int], *, least: int = 0) -> str:
    """What is wrong with a shape, or nothing. -1 is a dynamic dimension.

    Args:
        least: the least size of a dimension.
    """
    if len(dims) > MAX_RANK:
        return f"it has {len(dims):,} dimensions; the most is {MAX_RANK}"
    for dim in dims:
        if dim != -1 and not least <= dim <= MAX_DIM:
            return f"a dimension is {dim:,}; it must be -1 or {least} to {MAX_DIM:,}"
    if elements(dims) > MAX_ELEMENTS:
        return f"its shape {list(dims)} has more than {MAX_ELEMENTS:,} elements"
    return ""


def specs(found: Sequence[TensorSpec | None]) -> tuple[TensorSpec, ...]:
    """The specs, or none if one has an element type that wasi-nn lacks: it keeps its place."""
    known = tuple(spec for spec in found if spec is not None)
    return known if len(known) == len(found) else ()


def precision(weights: Counter[str]) -> str:
    """How a model stores its weights: the type that most bytes have, as in ``f16`` or ``i8``.

    Indices and shapes are counted only if there is nothing else.
    """
    kinds = {kind: size for kind, size in weights.items() if kind not in INDICES} or weights
    return max(kinds, key=lambda kind: kinds[kind], default="")
