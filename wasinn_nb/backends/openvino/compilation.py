"""A model as it was compiled, and what has to be known to compute with it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from wasinn_nb.backends.openvino.ports import Port


@dataclass(frozen=True, slots=True)
class Compilation:
    """What came out of compiling a model.

    Attributes:
        model: the ``openvino.CompiledModel``.
        device: what it was compiled for, in OpenVINO's words.
        pipeline: the devices that the NPU's pipeline runs on instead of an NPU; empty without it.
        streams: how many inferences may run at a time in the threads that ask for them; 0 if they
            run in OpenVINO's own threads (see :mod:`.streams`).
        again: compiles the model once more.
    """

    model: Any
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    device: str
    pipeline: str
    streams: int
    again: Callable[[], Any]
