"""From settings to OpenVINO's properties."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import cast

from wasinn_nb.backends.openvino.devices import AUTO, NPU, parse
from wasinn_nb.backends.openvino.passthrough import Properties, parse_properties
from wasinn_nb.backends.openvino.settings import DEFAULT
from wasinn_nb.nn.errors import InvalidArgument
from wasinn_nb.nn.settings import EffectiveConfig, Origin, Value
from wasinn_nb.nn.threads import default_threads

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
    """``config`` with the number of threads that this machine uses.

    Raises:
        InvalidArgument: settings that contradict each other.
    """
    values = dict(config.values)
    threads, streams = cast("int", values["threads"]), cast("int", values["num-streams"])
    cpus = os.cpu_count() or 1
    # a stream without a thread of its own would not be made
    values["threads"] = min(threads if threads > 0 else max(default_threads(), streams), cpus)
    device, pipeline = str(values["device"]), str(values["npuw-devices"])
    if pipeline and device and str(parse(device)) != NPU:
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
