"""Opens models one after another through the backend, for a parent that counts the dead.

Reads requests as JSON lines from standard input, writes one JSON line for each. It must be started
as a process of its own: what is tested is that it survives.
"""

from __future__ import annotations

import json
import math
import sys
import threading
from pathlib import Path

SECONDS = 8.0
ELEMENTS = 1 << 24
DYNAMIC = 2


def main() -> None:
    from wasinn_nb.backends.openvino.backend import OpenVINOBackend
    from wasinn_nb.nn.errors import NNError

    backend = OpenVINOBackend()
    for line in sys.stdin:
        request = json.loads(line)
        try:
            outcome, detail = attempt(backend, request)
        except NNError as error:
            outcome, detail = type(error).__name__, str(error)
        sys.stdout.write(json.dumps({"outcome": outcome, "detail": detail}) + "\n")
        sys.stdout.flush()


def attempt(backend, request) -> tuple[str, str]:
    """Inspect, load, compute twice and read all outputs."""
    from wasinn_nb.nn.backend import ModelFiles
    from wasinn_nb.nn.types import ExecutionTarget, GraphEncoding

    parts = tuple(Path(path) for path in request["paths"])
    if request["as_bytes"]:
        parts = tuple(path.read_bytes() for path in parts)
    files = ModelFiles(parts, "the model", GraphEncoding(request["encoding"]))
    info = backend.inspect(files)
    config = backend.schema().resolve(load={"threads": 1})
    graph = backend.load(files, info, config, target=ExecutionTarget.CPU)
    try:
        return compute(graph, config)
    finally:
        graph.close()


def compute(graph, config) -> tuple[str, str]:
    from wasinn_nb.nn.cancel import CancelToken
    from wasinn_nb.nn.errors import Cancelled

    cancel = CancelToken()
    context = graph.create_context(config, cancel=cancel)
    timer = threading.Timer(SECONDS, cancel.cancel)
    timer.start()
    try:
        info = graph.describe()
        for _ in range(2):
            for index, spec in enumerate(info.inputs):
                tensor = made(spec)
                if tensor is None:
                    return "too large", str(spec)
                context.set_input(index, tensor)
            context.compute()
            for index in range(len(info.outputs)):
                bytes(context.get_output(index))
    except Cancelled:
        return "cancelled", ""
    finally:
        timer.cancel()
        context.close()
    return "works", ""


def made(spec):
    """A tensor of small numbers for an input, or None if it would be too large."""
    import numpy as np

    from wasinn_nb.nn.tensor import Tensor

    dims = tuple(DYNAMIC if size < 0 else size for size in spec.dims or ())
    if math.prod(dims) > ELEMENTS:
        return None
    name = "uint16" if spec.type.dtype == "bfloat16" else spec.type.dtype
    array = np.ones(dims, name)
    return Tensor(dims, spec.type, array.tobytes())


if __name__ == "__main__":
    main()
