"""A small but honest backend of tensor models, beside that of the echo: a model multiplies.

``model`` files are JSON: ``{"inputs": [SPEC...], "outputs": [SPEC...], "metadata": {...}}``, where
a SPEC is ``{"name", "dims", "type", "layout", "aliases"}``, each with a default. Output N is the
input N (the last one if there are fewer), times N + 1, in the output's own type.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.support.echo_backend import EchoBackend
from wasinn_nb.nn.backend import (
    BackendStatus,
    Device,
    GraphMemory,
    MemoryEstimate,
    ModelFiles,
    ModelInfo,
    Progress,
)
from wasinn_nb.nn.cancel import CancelToken
from wasinn_nb.nn.errors import InvalidArgument, InvalidEncoding, RuntimeFailure
from wasinn_nb.nn.settings import EffectiveConfig, Schema, Scope, Setting
from wasinn_nb.nn.stream import TokenStream
from wasinn_nb.nn.tensor import Buffer, Tensor, TensorSpec
from wasinn_nb.nn.types import ExecutionTarget, GraphEncoding, TensorType

SCHEMA = Schema([Setting("device", "str", Scope.MODEL, "", "where to compute")])


class TensorContext:
    def __init__(self, info: ModelInfo) -> None:
        self.info = info
        self.inputs: dict[int, Tensor] = {}
        self.outputs: list[Tensor] = []

    def set_input(self, index: int, tensor: Tensor) -> None:
        if index >= len(self.info.inputs):
            raise InvalidArgument(f"There is no input {index}.")
        self.inputs[index] = Tensor(tensor.dims, tensor.type, bytes(tensor.data))

    def compute(self) -> None:
        if len(self.inputs) < len(self.info.inputs):
            raise InvalidArgument("An input is missing.")
        self.outputs = []
        for index, spec in enumerate(self.info.outputs):
            tensor = self.inputs[min(index, len(self.inputs) - 1)]
            values = tensor.numpy().astype("f4") * (index + 1)
            if spec.type is TensorType.BF16:
                data = (values.view("u4") >> 16).astype("u2").tobytes()
            else:
                data = values.astype(spec.type.dtype).tobytes()
            self.outputs.append(Tensor(tensor.dims, spec.type, data))

    def output_tensor(self, index: int) -> Tensor | None:
        if not self.outputs:
            raise RuntimeFailure("Nothing was computed yet.")
        return self.outputs[index]

    def get_output(self, index: int) -> Buffer:
        tensor = self.output_tensor(index)
        assert tensor is not None
        return tensor.data

    def compute_single(self) -> None:
        raise InvalidArgument("A tensor model has no single steps.")

    def get_output_single(self, index: int) -> Buffer:
        raise InvalidArgument("A tensor model has no single steps.")

    def fini_single(self) -> None:
        raise InvalidArgument("A tensor model has no single steps.")

    def cancel(self) -> None:
        pass

    def close(self) -> None:
        pass


class TensorGraph:
    def __init__(self, info: ModelInfo, device: str) -> None:
        self.info, self.device = info, device

    def describe(self) -> ModelInfo:
        return self.info

    def create_context(
        self,
        config: EffectiveConfig,
        *,
        stream: TokenStream | None = None,
        cancel: CancelToken | None = None,
        warn: Callable[[str], None] | None = None,
    ) -> TensorContext:
        del config, stream, cancel, warn
        return TensorContext(self.info)

    def memory(self) -> GraphMemory:
        return GraphMemory()

    def watch(self, changed: Callable[[], None]) -> None:
        del changed

    def close(self) -> None:
        pass


class TensorBackend(EchoBackend):
    """See the module's docstring. Whatever device is asked for, ``CPU`` computes."""

    name = "tensors"
    encodings = (GraphEncoding.ONNX,)

    def status(self) -> BackendStatus:
        devices = (Device("CPU", ExecutionTarget.CPU, "a processor"),)
        return BackendStatus(True, "tensors", "1.0", devices, detail="it only multiplies")

    def schema(self) -> Schema:
        return SCHEMA

    def inspect(self, files: ModelFiles) -> ModelInfo:
        part = files.parts[0]
        data = part if isinstance(part, bytes) else part.read_bytes()
        try:
            described = json.loads(data)
        except ValueError:
            raise InvalidEncoding(f"{files.origin} is not such a model.") from None
        return ModelInfo(
            GraphEncoding.ONNX,
            nbytes=len(data),
            inputs=tuple(map(_spec, described["inputs"])),
            outputs=tuple(map(_spec, described["outputs"])),
            metadata=described.get("metadata", {}),
        )

    def estimate(self, info: ModelInfo, config: EffectiveConfig) -> MemoryEstimate:
        return MemoryEstimate(info.nbytes, 0, 0)

    def load(
        self,
        files: ModelFiles,
        info: ModelInfo,
        config: EffectiveConfig,
        *,
        target: ExecutionTarget,
        progress: Progress | None = None,
        cancel: CancelToken | None = None,
    ) -> Any:
        del files, config, target, progress, cancel
        return TensorGraph(info, "CPU")


def _spec(described: dict[str, Any]) -> TensorSpec:
    dims = described.get("dims", [-1])
    return TensorSpec(
        name=described.get("name", ""),
        dims=None if dims is None else tuple(dims),
        type=TensorType[described.get("type", "F32")],
        layout=described.get("layout", ""),
        aliases=tuple(described.get("aliases", ())),
    )


def write_model(path: Path, outputs: list[dict[str, Any]], **others: Any) -> Path:
    """Write a model with one input (unless ``inputs`` says otherwise); returns its path."""
    described = {"inputs": [{"name": "x"}], "outputs": outputs, **others}
    path.write_text(json.dumps(described), encoding="utf-8")
    return path
