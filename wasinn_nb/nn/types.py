"""Enumerations of the wasi-nn vocabulary, free of any host's numbering."""

from __future__ import annotations

from enum import Enum, StrEnum


class TensorType(Enum):
    """Element type of a tensor: numpy's name for it and its size in bytes.

    ``bf16`` has no numpy dtype of its own; its arrays travel as ``uint16``.
    """

    F16 = ("float16", 2)
    F32 = ("float32", 4)
    F64 = ("float64", 8)
    BF16 = ("bfloat16", 2)
    U8 = ("uint8", 1)
    I8 = ("int8", 1)
    I32 = ("int32", 4)
    I64 = ("int64", 8)
    BOOL = ("bool", 1)

    @property
    def dtype(self) -> str:
        """Numpy's name of the element type."""
        return self.value[0]

    @property
    def itemsize(self) -> int:
        """Bytes per element."""
        return self.value[1]


class GraphEncoding(StrEnum):
    """How a model's bytes are to be read. Values are the words of the preload string."""

    OPENVINO = "openvino"
    ONNX = "onnx"
    TENSORFLOW = "tensorflow"
    PYTORCH = "pytorch"
    TENSORFLOWLITE = "tensorflowlite"
    AUTODETECT = "autodetect"
    GGML = "ggml"
    NEURALSPEED = "neuralspeed"
    WHISPER = "whisper"
    MLX = "mlx"
    PIPER = "piper"
    CHATTTS = "chattts"
    OPENVINOGENAI = "openvinogenai"
    BITNET = "bitnet"


class ExecutionTarget(StrEnum):
    """Kind of device that a graph is asked to run on."""

    CPU = "cpu"
    GPU = "gpu"
    TPU = "tpu"
    NPU = "npu"
    AUTO = "auto"
