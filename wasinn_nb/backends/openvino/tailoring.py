"""The settings as a form shows them on this machine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from wasinn_nb.backends.openvino.devices import AUTO, HETERO, MULTI
from wasinn_nb.backends.openvino.settings import DEFAULT, schema
from wasinn_nb.nn.backend import Device
from wasinn_nb.nn.offers import Offer, Span
from wasinn_nb.nn.settings import Schema
from wasinn_nb.nn.types import ExecutionTarget

PROMINENT = ("device", "inference-precision", "performance-hint", "num-streams")
"""What a form shows at once, in its order."""

_PRECISIONS = {"f32": "FP32", "f16": "FP16", "bf16": "BF16"}
_NO_CPU = "no device here is a CPU"

Change = dict[str, Any]


def tailored(
    devices: Sequence[Device],
    absent: Mapping[str, str],
    capabilities: frozenset[str],
    *,
    cpus: int,
) -> Schema:
    """The schema for a form, prominent settings first.

    Args:
        devices: those that are here.
        absent: why the other kinds are not, by the kind.
        capabilities: what the devices can compute in, in OpenVINO's words; empty if unknown.
        cpus: processors that this process may use.
    """
    changes: dict[str, Change] = {
        "device": {"offers": _devices(devices, absent)},
        "inference-precision": {"offers": _precisions(capabilities)},
        "performance-hint": {"offers": _hints()},
        "num-streams": {
            "span": Span(1, cpus),
            "offers": (
                Offer(0, "default", "OpenVINO's choice"),
                Offer(-1, "auto"),
                Offer(-2, "numa", "one for each NUMA node"),
            ),
        },
        "threads": {
            "span": Span(1, cpus),
            "offers": (Offer(-1, "auto", "physical cores less one, but one a stream"),),
        },
        "num-requests": {"offers": (Offer(0, "any"),)},
    }
    if devices and not any(device.target is ExecutionTarget.CPU for device in devices):
        for key in ("threads", "cpu-pinning", "hyper-threading", "core-type"):
            changes[key] = changes.get(key, {}) | {"unavailable": _NO_CPU}
    own = schema()
    return own.with_first(
        replace(own[key], prominent=key in PROMINENT, **change) for key, change in changes.items()
    )


def _devices(devices: Sequence[Device], absent: Mapping[str, str]) -> tuple[Offer, ...]:
    offers = [
        Offer("", "as loaded", "the target that the model was registered with"),
        Offer(AUTO, AUTO, "OpenVINO chooses"),
        *(Offer(device.name, device.name, device.description) for device in devices),
        *(Offer(kind, kind, "", why) for kind, why in absent.items()),
    ]
    if len(devices) > 1:
        # the faster kinds come first: a layer goes to the first device that can compute it
        ordered = sorted(devices, key=lambda device: device.target is ExecutionTarget.CPU)
        names = ",".join(device.name for device in ordered)
        offers += [
            Offer(f"{HETERO}:{names}", f"{HETERO}:{names}", "one model, cut between the devices"),
            Offer(f"{MULTI}:{names}", f"{MULTI}:{names}", "several inferences, shared out"),
        ]
    return tuple(offers)


def _precisions(capabilities: frozenset[str]) -> tuple[Offer, ...]:
    def why_not(word: str) -> str:
        name = _PRECISIONS.get(word)
        known = capabilities and name is not None
        return f"no device here computes in {word}" if known and name not in capabilities else ""

    return tuple(
        Offer(word, word, "the device's own choice" if word == DEFAULT else "", why_not(word))
        for word in schema()["inference-precision"].choices
    )


def _hints() -> tuple[Offer, ...]:
    notes = {
        "latency": "one answer as soon as possible",
        "throughput": "as many answers as possible",
        "cumulative_throughput": "as throughput, on all devices at once",
    }
    choices = schema()["performance-hint"].choices
    return tuple(Offer(word, word.replace("_", " "), notes.get(word, "")) for word in choices)
