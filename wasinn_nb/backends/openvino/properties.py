"""From settings to OpenVINO's properties."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import cast

from wasinn_nb.backends.openvino.devices import AUTO, NPU, parse
from wasinn_nb.backends.openvino.settings import DEFAULT
from wasinn_nb.backends.openvino.shapes import parse_shapes
from wasinn_nb.nn.errors import InvalidArgument
from wasinn_nb.nn.settings import EffectiveConfig, Origin, Value
from wasinn_nb.nn.threads import default_threads

Properties = dict[str, object]

_CHOICES = {
    "performance-hint": "PERFORMANCE_HINT",
    "execution-mode": "EXECUTION_MODE_HINT",
}
_CPU_CHOICES: Mapping[str, tuple[str, Mapping[str, object]]] = {
    "cpu-pinning": ("ENABLE_CPU_PINNING", {"on": True, "off": False}),
    "hyper-threading": ("ENABLE_HYPER_THREADING", {"on": True, "off": False}),
    "core-type": (
        "SCHEDULING_CORE_TYPE",
        {"any": "ANY_CORE", "performance": "PCORE_ONLY", "efficient": "ECORE_ONLY"},
    ),
}
_STREAMS = {-1: "AUTO", -2: "NUMA"}


def normalised(config: EffectiveConfig) -> EffectiveConfig:
    """``config`` with the number of threads that this machine uses; the rest is checked.

    Raises:
        InvalidArgument: a device, shape or property that cannot be read.
    """
    values = dict(config.values)
    threads, streams = cast("int", values["threads"]), cast("int", values["num-streams"])
    cpus = os.cpu_count() or 1
    # a stream without a thread of its own would not be made
    values["threads"] = min(threads if threads > 0 else max(default_threads(), streams), cpus)
    parse_shapes(str(values["reshape"]))
    parse_properties(str(values["properties"]))
    device, pipeline = str(values["device"]), str(values["npuw-devices"])
    if device:
        parse(device)
    if pipeline:
        parse(f"HETERO:{pipeline}")
        if device and str(parse(device)) != NPU:
            raise InvalidArgument(
                f"npuw-devices is {pipeline}, and the device is {device}: only an NPU has that "
                "pipeline.",
                hint="Set device=NPU too, or leave npuw-devices empty.",
            )
    return EffectiveConfig(config.schema, values, config.origins)


def compile_properties(config: EffectiveConfig, *, device: str, pipeline: str) -> Properties:
    """The properties to compile a model with.

    Args:
        device: what it is compiled for, in OpenVINO's words.
        pipeline: the devices that the NPU's pipeline is to run on instead; empty without it.
    """
    values = config.values
    properties: Properties = {
        name: str(values[key]).upper() for key, name in _CHOICES.items() if values[key] != DEFAULT
    }
    if values["num-requests"]:
        properties["PERFORMANCE_HINT_NUM_REQUESTS"] = values["num-requests"]
    if values["inference-precision"] != DEFAULT:
        properties["INFERENCE_PRECISION_HINT"] = values["inference-precision"]
    if values["num-streams"]:
        streams = cast("int", values["num-streams"])
        properties["NUM_STREAMS"] = _STREAMS.get(streams, streams)
    if values["cache-dir"]:
        properties["CACHE_DIR"] = values["cache-dir"]
    if "CPU" in f"{device},{pipeline}" or device == AUTO:
        properties |= _cpu_properties(values)
    if pipeline:
        properties |= {"NPU_USE_NPUW": "YES", "NPUW_DEVICES": pipeline}
    return properties | parse_properties(str(values["properties"]))


def _cpu_properties(values: Mapping[str, Value]) -> Properties:
    properties: Properties = {"INFERENCE_NUM_THREADS": values["threads"]}
    for key, (name, words) in _CPU_CHOICES.items():
        if values[key] != DEFAULT:
            properties[name] = words[str(values[key])]
    return properties


def settings_given(config: EffectiveConfig) -> str:
    """The settings that somebody gave, for messages about them."""
    given = (key for key, origin in config.origins.items() if origin is not Origin.DEFAULT)
    return ", ".join(f"{key}={config[key]}" for key in given)


def parse_properties(text: str) -> Properties:
    """Read the setting ``properties``.

    Raises:
        InvalidArgument: not a JSON object of strings, numbers, booleans or further such objects.
    """
    if not text.strip():
        return {}
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidArgument(f"properties is not valid JSON: {error}.") from None
    if not isinstance(document, dict) or not _plain(document, depth=3):
        raise InvalidArgument(
            f"properties is {text[:80]!r}; it must be a JSON object of property names and values.",
            hint='For example {"DYNAMIC_QUANTIZATION_GROUP_SIZE": 0}.',
        )
    return document


def _plain(value: object, depth: int) -> bool:
    if isinstance(value, dict):
        return depth > 0 and all(_plain(item, depth - 1) for item in value.values())
    return isinstance(value, (str, int, float, bool))
