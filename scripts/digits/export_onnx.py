"""Writes the network as ONNX, and reads its weights back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from .architecture import (
    AUTHOR,
    CHANNELS,
    DESCRIPTION,
    INPUT,
    LABELS,
    LICENSE,
    NAME,
    OUTPUT,
    POOLED,
    SIDE,
    Weights,
    weight_shapes,
)

# old enough for any runtime of today
_OPSET = 13
_IR_VERSION = 8


def onnx_model(weights: Weights) -> onnx.ModelProto:
    """The network with a dynamic batch."""
    nodes: list[onnx.NodeProto] = []

    def add(operator: str, *inputs: str, output: str, **attributes: Any) -> str:
        nodes.append(helper.make_node(operator, inputs, [output], name=output, **attributes))
        return output

    value = INPUT
    for number in range(1, len(CHANNELS)):
        name = f"conv{number}"
        wanted = (value, f"{name}.weight", f"{name}.bias")
        value = add("Conv", *wanted, output=name, kernel_shape=[3, 3], pads=[1, 1, 1, 1])
        value = add("Relu", value, output=f"{name}.rectified")
        if number in POOLED:
            size = [2, 2]
            value = add("MaxPool", value, output=f"{name}.pooled", kernel_shape=size, strides=size)
    value = add("Flatten", value, output="features", axis=1)
    value = add("Gemm", value, "linear.weight", "linear.bias", output="logits", transB=1)
    add("Softmax", value, output=OUTPUT, axis=1)
    graph = helper.make_graph(
        nodes,
        NAME,
        [_tensor(INPUT, 1, SIDE, SIDE)],
        [_tensor(OUTPUT, len(LABELS))],
        [numpy_helper.from_array(weights[name], name) for name in weight_shapes()],
        doc_string=DESCRIPTION,
    )
    return _described(graph)


def _tensor(name: str, *shape: int) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N", *shape])


def _described(graph: onnx.GraphProto) -> onnx.ModelProto:
    model = helper.make_model(
        graph,
        opset_imports=[helper.make_opsetid("", _OPSET)],
        ir_version=_IR_VERSION,
        producer_name="wasinn_nb",
        doc_string=DESCRIPTION,
    )
    # the first two keys, and those of the image, are ONNX's own
    metadata = {
        "model_author": AUTHOR,
        "model_license": LICENSE,
        "Image.BitmapPixelFormat": "Gray8",
        "Image.NominalPixelRange": "Normalized_0_1",
        "description": DESCRIPTION,
        "labels": " ".join(LABELS),
    }
    helper.set_model_props(model, metadata)
    onnx.checker.check_model(model, full_check=True)
    return model


def export_onnx(weights: Weights, path: Path) -> None:
    """Write ``path`` (``.onnx``)."""
    path.write_bytes(onnx_model(weights).SerializeToString(deterministic=True))


def onnx_weights(path: Path) -> Weights:
    """The weights in a file that :func:`export_onnx` wrote.

    Raises:
        ValueError: it holds a network of another shape.
    """
    tensors = onnx.load(path).graph.initializer
    weights = {tensor.name: np.array(numpy_helper.to_array(tensor)) for tensor in tensors}
    found = {name: array.shape for name, array in weights.items()}
    if found != weight_shapes():
        raise ValueError(f"{path} holds the weights {found}, not {weight_shapes()}")
    return weights
