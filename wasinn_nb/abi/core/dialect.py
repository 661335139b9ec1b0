"""Where wasi-nn hosts disagree, and how each dialect answers.

A run chooses one with ``--compat``. What all hosts agree on is not here.

============================  ==================  ============  ============  ================
question                      auto                wasmedge      wasmtime      strict
============================  ==================  ============  ============  ================
functions                     all 12              all 12        official six  all 12
unknown name                  8                   8             6             8
dead graph or context         1                   1             6             1
failure in a backend          its code            its code      5             its code
unreadable OpenVINO model     its code            5             5             its code
pointer outside of memory     1                   1             trap          1
unknown target, tensor type   1                   1             trap          1
unknown encoding              2                   2             trap          2
encoding 5 (autodetect)       by the first bytes  2             6             by the first bytes
encoding 6 (ggml)             also by the bytes   ggml          trap          ggml
target 3 (AUTO)               accepted            1             trap          1
tensor types 2 and 3          either generation   u8 = 3 only   present       present
f64 and i64 tensors           accepted            1             accepted      accepted
a name loaded a second time   the same graph      same graph    a new graph   the same graph
text larger than the buffer   cut, full size, 0   7 and size    7             7 and size
tensor larger than buffer     7 and size          7 and size    7             7 and size
text, buffer of size 0        LlamaEdge (below)   7 and size    7             7 and size
============================  ==================  ============  ============  ================

LlamaEdge passes the pointer of a buffer that can hold 245,888 bytes, but says it holds none, and
then takes as many bytes as the host reports. A guest that passes size 0 to ask for the size passes
NULL (or Rust's dangling 1). So in ``auto`` all text is written if the pointer is real and 245,888
bytes fit behind it, and else the answer is 7 with the size. A guest that probes with a real pointer
needs ``--compat strict``.

``wasmedge-0.14`` is for guests built before August 2023, and is wasmedge but for two things: tensor
types have the older numbers, and an OpenVINO model that the guest brings along takes pictures in
the order height, width, channels, although the guest says channels, height, width: that host
transposed them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from wasinn_nb.abi.core.enums import ENCODINGS, OLD_TENSOR_TYPES, TARGETS, TENSOR_TYPES
from wasinn_nb.abi.core.errno import ERRNO
from wasinn_nb.nn.errors import ErrorCode, InvalidArgument
from wasinn_nb.nn.types import ExecutionTarget, GraphEncoding, TensorType

OFFICIAL = (
    "load",
    "load_by_name",
    "init_execution_context",
    "set_input",
    "compute",
    "get_output",
)


@dataclass(frozen=True, slots=True)
class Dialect:
    """One host's reading of the ABI; the table above in data.

    Args:
        functions: names a guest may import; None for all.
        errno: numbers of the error codes.
        dead_handle: what a graph or context that is not alive answers.
        undecodable_traps: pointers out of bounds and unknown enumeration values trap.
        encodings, targets, tensor_types: numbers that are known.
        encoding_mask: bits of an encoding that count.
        sniff: numbers whose meaning the model's first bytes decide.
        two_generations: tensor types 2 and 3 are read by the size of an element.
        shared_names: a name that is loaded is the same graph until it is unloaded.
        cut_text: text that does not fit is cut, and success.
        llamaedge: text for a buffer of size 0 is written as described above.
        report_size: the size of what does not fit is written.
        unreadable: encodings of which bytes that cannot be read are a runtime error.
        configs: settings, as JSON, of models that a guest loads from its own bytes.
    """

    name: str
    functions: tuple[str, ...] | None = None
    errno: Mapping[ErrorCode, int] = field(default_factory=lambda: ERRNO)
    dead_handle: int = ERRNO[ErrorCode.INVALID_ARGUMENT]
    undecodable_traps: bool = False
    encodings: Mapping[int, GraphEncoding] = field(default_factory=lambda: ENCODINGS)
    targets: Mapping[int, ExecutionTarget] = field(default_factory=lambda: TARGETS)
    tensor_types: Mapping[int, TensorType] = field(default_factory=lambda: TENSOR_TYPES)
    encoding_mask: int = 0xFFFF_FFFF
    sniff: tuple[int, ...] = ()
    two_generations: bool = False
    shared_names: bool = True
    cut_text: bool = False
    llamaedge: bool = False
    report_size: bool = True
    unreadable: tuple[GraphEncoding, ...] = ()
    configs: Mapping[GraphEncoding, bytes] = field(default_factory=dict)


_OFFICIAL_TARGETS = {n: t for n, t in TARGETS.items() if t is not ExecutionTarget.AUTO}
_WASMTIME_ERRNO = dict.fromkeys(ErrorCode, ERRNO[ErrorCode.RUNTIME_ERROR]) | {
    ErrorCode.NOT_FOUND: ERRNO[ErrorCode.UNSUPPORTED_OPERATION],
    ErrorCode.UNSUPPORTED_OPERATION: ERRNO[ErrorCode.UNSUPPORTED_OPERATION],
    ErrorCode.TOO_LARGE: ERRNO[ErrorCode.TOO_LARGE],
}

AUTO = Dialect(
    "auto",
    encoding_mask=0xFF,
    sniff=(5, 6),
    two_generations=True,
    cut_text=True,
    llamaedge=True,
)
WASMEDGE = Dialect(
    "wasmedge",
    encodings={n: e for n, e in ENCODINGS.items() if e is not GraphEncoding.AUTODETECT},
    targets=_OFFICIAL_TARGETS,
    tensor_types={n: TENSOR_TYPES[n] for n in (0, 1, 3, 4)},
    encoding_mask=0xFF,
    unreadable=(GraphEncoding.OPENVINO,),
)
WASMEDGE_0_14 = replace(
    WASMEDGE,
    name="wasmedge-0.14",
    tensor_types=OLD_TENSOR_TYPES,
    configs={GraphEncoding.OPENVINO: b'{"input-layout": "nhwc"}'},
)
WASMTIME = Dialect(
    "wasmtime",
    functions=OFFICIAL,
    errno=_WASMTIME_ERRNO,
    dead_handle=ERRNO[ErrorCode.UNSUPPORTED_OPERATION],
    undecodable_traps=True,
    encodings={n: e for n, e in ENCODINGS.items() if n <= 5},
    targets=_OFFICIAL_TARGETS,
    shared_names=False,
    report_size=False,
)
STRICT = Dialect("strict", targets=_OFFICIAL_TARGETS, sniff=(5,))

DIALECTS: Mapping[str, Dialect] = {
    d.name: d for d in (AUTO, WASMEDGE, WASMEDGE_0_14, WASMTIME, STRICT)
}


def dialect(name: str) -> Dialect:
    """The dialect of that name.

    Raises:
        InvalidArgument: there is none.
    """
    if name not in DIALECTS:
        raise InvalidArgument(f"There is no dialect {name!r}; it can be {', '.join(DIALECTS)}.")
    return DIALECTS[name]
