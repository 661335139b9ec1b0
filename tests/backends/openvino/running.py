"""The calls that the tests make of the backend and, for comparison, of OpenVINO itself."""

from __future__ import annotations

import numpy as np

from wasinn_nb.nn.tensor import Tensor
from wasinn_nb.nn.types import TensorType

BY_NAME = {kind.dtype: kind for kind in TensorType}


def configured(backend, **settings):
    """A configuration; underscores stand for hyphens."""
    schema = backend.schema()
    return backend.normalise(schema.resolve(load=schema.check_user(settings)))


def tensor(array, kind=None):
    """A tensor of an array; ``kind`` for a type that numpy has no name for."""
    kind = kind or BY_NAME[array.dtype.name]
    return Tensor(tuple(array.shape), kind, np.ascontiguousarray(array).tobytes())


def computed(context, *arrays):
    """The first output, after these inputs; a copy."""
    for index, array in enumerate(arrays):
        context.set_input(index, array if isinstance(array, Tensor) else tensor(array))
    context.compute()
    return context.output_tensor(0).numpy().copy()


def directly(model, arrays, device="CPU", **properties):
    """All outputs of OpenVINO itself, for the paths or bytes of a model or a model of its own."""
    import openvino

    core = openvino.Core()
    if isinstance(model, (list, tuple)):
        model = core.read_model(*(p if isinstance(p, bytes) else str(p) for p in model))
    compiled = core.compile_model(model, device, properties)
    results = compiled.create_infer_request().infer(list(arrays))
    return [np.array(results[index]) for index in range(len(compiled.outputs))]
