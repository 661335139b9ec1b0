"""Writes the network as OpenVINO IR: an ``.xml`` and the ``.bin`` beside it, float32."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import openvino as ov
from openvino import opset1, opset8

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
)

_ONE, _NONE = [1, 1], [0, 0]


def ir_model(weights: Weights) -> ov.Model:
    """The network with a dynamic batch; every node has a name, so that the file is reproducible."""
    image = opset1.parameter([-1, 1, SIDE, SIDE], np.float32, name=INPUT)
    image.set_layout(ov.Layout("NCHW"))
    image.output(0).set_names({INPUT})
    node = image
    for number in range(1, len(CHANNELS)):
        name = f"conv{number}"
        kernel = opset1.constant(weights[f"{name}.weight"], name=f"{name}.weight")
        bias = weights[f"{name}.bias"].reshape(1, -1, 1, 1)
        shift = opset1.constant(bias, name=f"{name}.bias")
        node = opset1.convolution(node, kernel, _ONE, _ONE, _ONE, _ONE, name=name)
        node = opset1.add(node, shift, name=f"{name}.shifted")
        node = opset1.relu(node, name=f"{name}.rectified")
        if number in POOLED:
            size = [2, 2]
            node = opset1.max_pool(node, size, _NONE, _NONE, size, name=f"{name}.pooled")
    flat = opset1.constant(np.array([0, -1], np.int64), name="features.shape")
    node = opset1.reshape(node, flat, special_zero=True, name="features")
    matrix = opset1.constant(weights["linear.weight"], name="linear.weight")
    bias = opset1.constant(weights["linear.bias"].reshape(1, -1), name="linear.bias")
    node = opset1.matmul(node, matrix, transpose_a=False, transpose_b=True, name="linear")
    node = opset1.add(node, bias, name="logits")
    node = opset8.softmax(node, axis=1, name="softmax")
    node.output(0).set_names({OUTPUT})
    result = opset1.result(node, name=f"{OUTPUT}/result")
    result.set_layout(ov.Layout("NC"))
    model = ov.Model([result], [image], NAME)
    _describe(model)
    return model


def _describe(model: ov.Model) -> None:
    """Metadata under ``model_info``, where OpenVINO's own tools keep it."""
    for key, value in {
        "author": AUTHOR,
        "description": DESCRIPTION,
        "labels": " ".join(LABELS),
        "license": LICENSE,
    }.items():
        model.set_rt_info(value, ["model_info", key])


def export_ir(weights: Weights, path: Path) -> None:
    """Write ``path`` (``.xml``) and its ``.bin``."""
    ov.serialize(ir_model(weights), path, path.with_suffix(".bin"))
