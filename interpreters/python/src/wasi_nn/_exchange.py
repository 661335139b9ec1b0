"""Values that the notebook gives to a cell and takes from it."""

from __future__ import annotations

import json
from typing import Any

from componentize_py_types import Err
from wit_world.imports import host

from wasi_nn._errors import InvalidArgument, NotFound, UnsupportedOperation
from wasi_nn._given import text
from wasi_nn._tensors import DTYPES, Tensor


def input(name: str) -> Tensor | bytes:  # noqa: A001 - as in other languages
    """What ``--in NAME`` gave: a :class:`Tensor` for an array, bytes for everything else."""
    data = host.input(text(name, "input"))
    if data is None:
        raise NotFound(f"The cell was given no {name}; give it with --in {name}.")
    sidecar = json.loads(host.input(f"{name}.json") or b"{}")
    if "shape" not in sidecar:
        return data
    kind = next((kind for kind, dtype in DTYPES.items() if dtype == sidecar["dtype"]), None)
    if kind is None:
        raise UnsupportedOperation(
            f"{name} is of the type {sidecar['dtype']}, which no tensor has."
        )
    return Tensor(data, sidecar["shape"], kind)


def input_text(name: str) -> str:
    """The same, as text."""
    data = input(name)
    return (data.tobytes() if isinstance(data, Tensor) else data).decode()


def output(name: str, value: Any) -> None:
    """Leave a value for the notebook, which asks for it with ``--out NAME``.

    Args:
        name: what it is asked for by.
        value: a text, bytes, a tensor, or what one is made of.
    """
    text(name, "the name of an output")
    if isinstance(value, str):
        _leave(f"{name}.json", b'{"dtype": "str"}')
        _leave(name, value.encode())
    elif isinstance(value, (bytes, bytearray)):
        _leave(name, bytes(value))
    else:
        tensor = value if isinstance(value, Tensor) else Tensor(value)
        dtype = DTYPES.get(tensor.type)
        if dtype is None:
            raise UnsupportedOperation(f"The notebook has no type {tensor.type.name}.")
        _leave(f"{name}.json", json.dumps({"dtype": dtype, "shape": tensor.shape}).encode())
        _leave(name, tensor.tobytes())


def _leave(name: str, data: bytes) -> None:
    try:
        host.output(name, data)
    except Err as error:
        problem = error.value
    else:
        return
    raise InvalidArgument(problem)
