"""Numbers of the ABI as encodings, targets and tensor types.

Two generations of tensor-type numbers exist in published guests (before August 2023: 2 = u8, 3 =
i32; since then 2 = f64, 3 = u8), and two meanings of the encodings 5 and 6. Where a number alone
does not say which is meant, the data does: the size of an element, or the first bytes of the model.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from wasinn_nb.nn.tensor import Buffer, TensorSpec
from wasinn_nb.nn.types import ExecutionTarget, GraphEncoding, TensorType

ENCODINGS: Mapping[int, GraphEncoding] = {
    0: GraphEncoding.OPENVINO,
    1: GraphEncoding.ONNX,
    2: GraphEncoding.TENSORFLOW,
    3: GraphEncoding.PYTORCH,
    4: GraphEncoding.TENSORFLOWLITE,
    5: GraphEncoding.AUTODETECT,
    6: GraphEncoding.GGML,
    7: GraphEncoding.NEURALSPEED,
    9: GraphEncoding.WHISPER,
    10: GraphEncoding.MLX,
    11: GraphEncoding.PIPER,
    12: GraphEncoding.CHATTTS,
    13: GraphEncoding.OPENVINOGENAI,
    14: GraphEncoding.BITNET,
}

TARGETS: Mapping[int, ExecutionTarget] = {
    0: ExecutionTarget.CPU,
    1: ExecutionTarget.GPU,
    2: ExecutionTarget.TPU,
    3: ExecutionTarget.AUTO,
}

TENSOR_TYPES: Mapping[int, TensorType] = {
    0: TensorType.F16,
    1: TensorType.F32,
    2: TensorType.F64,
    3: TensorType.U8,
    4: TensorType.I32,
    5: TensorType.I64,
}

_STAND_INS: Mapping[TensorType, tuple[TensorType, ...]] = {
    TensorType.U8: (TensorType.I8, TensorType.BOOL),
    TensorType.F16: (TensorType.BF16,),
}
OLD_TENSOR_TYPES: Mapping[int, TensorType] = {
    0: TensorType.F16,
    1: TensorType.F32,
    2: TensorType.U8,
    3: TensorType.I32,
}
"""The numbers before August 2023."""


def tensor_type(number: int, dims: tuple[int, ...], nbytes: int) -> TensorType | None:
    """The type that a number means for this much data, in either generation; None if unknown.

    The present numbering holds unless only the older one agrees with the size of an element.
    """
    present = TENSOR_TYPES.get(number)
    old = OLD_TENSOR_TYPES.get(number)
    if present is None or old is None:
        return present
    elements = math.prod(dims)
    if elements * present.itemsize != nbytes and elements * old.itemsize == nbytes:
        return old
    return present


def stand_in(kind: TensorType, inputs: Sequence[TensorSpec], index: int) -> TensorType:
    """The type of an input's elements, given the type that a guest said.

    The ABI has no numbers for i8, bool and bf16. A guest says u8, u8 and f16 for them, and the bits
    are taken as they are.
    """
    wanted = inputs[index].type if index < len(inputs) else kind
    return wanted if wanted in _STAND_INS.get(kind, ()) else kind


def sniff_encoding(head: Buffer) -> GraphEncoding | None:
    """The encoding that a model's first bytes show, or None.

    GGUF begins with its name, a TensorFlow Lite flatbuffer has ``TFL3`` at offset 4, and an
    OpenVINO model begins with its XML (possibly after a byte-order mark and spaces).
    """
    start = bytes(head[:64])
    if start.startswith(b"GGUF"):
        return GraphEncoding.GGML
    if start[4:8] == b"TFL3":
        return GraphEncoding.TENSORFLOWLITE
    if start.removeprefix(b"\xef\xbb\xbf").lstrip().startswith((b"<?xml", b"<net")):
        return GraphEncoding.OPENVINO
    return None
