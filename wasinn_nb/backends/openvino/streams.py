"""In whose thread an inference runs.

What was measured on OpenVINO 2026.4 (its CPU plugin's ``AsyncInferRequest``, and the stream
executor's ``Defer``):

* A synchronous inference can be cancelled between two operations, reports its errors, and is the
  fastest for small models: no other thread has to be woken.
* With one stream of one thread that is not so. Such an inference goes a way of its own, on which
  errors are swallowed, the former output passes for the new one, and nothing can be cancelled.
* Without streams (``NUM_STREAMS`` 0) an inference runs in the thread that asks for it, as with one
  stream of one thread, but on the ordinary way.
* Inside of loops nothing can be cancelled. An inference in OpenVINO's own thread can be left to
  itself then.
"""

from __future__ import annotations

from typing import Any

CPU = "CPU"

_LONG = frozenset(
    {"Loop", "TensorIterator", "If", "LSTMSequence", "GRUSequence", "RNNSequence", "AUGRUSequence"}
)
"""Operations that can take long by themselves, for they compute others again and again."""


def computes_at_length(model: Any) -> bool:
    """Whether one operation of an ``openvino.Model`` may take as long as it likes."""
    return any(node.get_type_name() in _LONG for node in model.get_ops())


def stream_properties(
    device: str, properties: dict[str, object], *, lengthy: bool
) -> dict[str, object]:
    """``properties``, without streams where one of one thread would be made."""
    single = properties.get("INFERENCE_NUM_THREADS") == 1
    if device != CPU or not single or lengthy or "NUM_STREAMS" in properties:
        return properties
    return {**properties, "NUM_STREAMS": 0}


def inline_streams(device: str, compiled: Any, *, lengthy: bool) -> int:
    """How many inferences of what was compiled may run at a time in the threads that ask for them.

    0 if they have to run in OpenVINO's own threads.
    """
    if device != CPU or lengthy:
        return 0
    streams = int(compiled.get_property("NUM_STREAMS"))
    threads = int(compiled.get_property("INFERENCE_NUM_THREADS"))
    return 0 if (streams, threads) == (1, 1) else max(1, streams)
