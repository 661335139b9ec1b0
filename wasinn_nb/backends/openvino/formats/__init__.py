"""Models of the encodings that OpenVINO reads, read and checked by us before it sees them.

OpenVINO meets nearly all damage with an exception. What would end the process, hang, take gigabytes
or reach for other files is told in each format's module and refused there. Nothing here imports a
model library, and no weights are read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from wasinn_nb.backends.openvino.formats.ir_model import inspect_ir
from wasinn_nb.backends.openvino.formats.onnx_model import inspect_onnx
from wasinn_nb.backends.openvino.formats.tensorflow_model import inspect_tensorflow
from wasinn_nb.backends.openvino.formats.tflite_model import inspect_tflite
from wasinn_nb.backends.openvino.formats.torch_model import inspect_torch
from wasinn_nb.nn.backend import ModelFiles, ModelInfo
from wasinn_nb.nn.errors import InvalidEncoding
from wasinn_nb.nn.types import GraphEncoding

__all__ = ["inspect"]

_FORMATS: Mapping[GraphEncoding, Callable[[ModelFiles], ModelInfo]] = {
    GraphEncoding.OPENVINO: inspect_ir,
    GraphEncoding.ONNX: inspect_onnx,
    GraphEncoding.TENSORFLOW: inspect_tensorflow,
    GraphEncoding.TENSORFLOWLITE: inspect_tflite,
    GraphEncoding.PYTORCH: inspect_torch,
}


def inspect(encoding: GraphEncoding, files: ModelFiles) -> ModelInfo:
    """Read and check a model. ``inputs`` and ``outputs`` are what the file itself says of them.

    Raises:
        InvalidEncoding: not a file of this encoding, or an encoding that OpenVINO does not read.
        InvalidArgument: damaged, unsafe, or a wrong number of parts; the message says what and
            where.
        ModelNotFound: a part is missing.
    """
    read = _FORMATS.get(encoding)
    if read is None:
        raise InvalidEncoding(
            f"OpenVINO does not read models of encoding {encoding}.",
            hint=f"It reads {', '.join(_FORMATS)}.",
        )
    return read(files)
