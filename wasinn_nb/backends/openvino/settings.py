"""Every setting of a model that OpenVINO runs. What is left alone stays OpenVINO's own default."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from wasinn_nb.backends.openvino.devices import device_text, parts_text
from wasinn_nb.backends.openvino.passthrough import properties_text
from wasinn_nb.backends.openvino.shapes import shapes_text
from wasinn_nb.nn.errors import InvalidArgument
from wasinn_nb.nn.settings import Schema, Scope, Setting, Value

_MODEL, _CONTEXT = Scope.MODEL, Scope.CONTEXT

DEFAULT = "default"
"""The choice that leaves a property to OpenVINO."""

_INT32 = 2**31 - 1
_LONGEST = 4096  # characters of a text; a guest must not keep the host reading


def _choice(key: str, text: str, *choices: str) -> Setting:
    return Setting(key, "str", _MODEL, DEFAULT, text, choices=(DEFAULT, *choices))


def _text(
    key: str, text: str, read: Callable[[str], str] | None = None, *, guest: bool = True
) -> Setting:
    def checked(given: str) -> str:
        if len(given) > _LONGEST:
            raise InvalidArgument(f"{key} has {len(given)} characters; the most is {_LONGEST}.")
        return read(given) if read else given

    return Setting(key, "str", _MODEL, "", text, checked, guest=guest)


def _flag(key: str, text: str, default: Value) -> Setting:
    return Setting(key, "bool", _MODEL, default, text)


MODEL: tuple[Setting, ...] = (
    _text("device", "CPU, GPU.1, AUTO:GPU,CPU, HETERO:GPU,CPU, ...; empty = the target's",
          device_text),
    _choice("performance-hint", "what to tune for: one answer soon, or many at a time", "latency",
            "throughput", "cumulative_throughput"),
    Setting("num-requests", "int", _MODEL, 0, "contexts that compute at a time, for the hint; 0 ="
            " any", minimum=0, maximum=_INT32),
    _choice("execution-mode", "what computing may trade for speed", "performance", "accuracy"),
    _choice("inference-precision", "type that the device computes in; dynamic = the model's own",
            "f32", "f16", "bf16", "dynamic"),
    Setting("num-streams", "int", _MODEL, 0, "inferences at a time on the CPU or GPU; 0 ="
            " OpenVINO's choice", minimum=-2, maximum=1024, names={"auto": -1, "numa": -2}),
    Setting("threads", "int", _MODEL, -1, "threads of the CPU; -1 = physical cores less one, but"
            " one a stream", minimum=-_INT32, maximum=_INT32),
    _choice("cpu-pinning", "bind the threads to cores", "on", "off"),
    _choice("hyper-threading", "use both threads of a core", "on", "off"),
    _choice("core-type", "cores to use where there are two kinds", "any", "performance",
            "efficient"),
    _flag("use-mmap", "map large files instead of reading them", default=True),
    _text("cache-dir", "directory for compiled models: later loads are faster", guest=False),
    _text("reshape", "shapes of the inputs: [1,3,224,224], or image:[1,3,?,?];other:[1,10]",
          shapes_text),
    _text("npuw-devices", "with device NPU: run its pipeline on these instead (CPU)",
          parts_text),
    _text("properties", "JSON object of further OpenVINO properties by their own names",
          properties_text, guest=False),
)  # fmt: skip
"""Changing one of these compiles the model again."""

CONTEXT: tuple[Setting, ...] = (
    Setting("input-layout", "str", _CONTEXT, "model", "nhwc: inputs of 4 dimensions come as NHWC "
            "bytes though their shape says NCHW", choices=("model", "nhwc")),
)  # fmt: skip
"""Changing one of these only makes new execution contexts."""


@cache
def schema() -> Schema:
    """The schema of the OpenVINO backend."""
    return Schema((*MODEL, *CONTEXT))
