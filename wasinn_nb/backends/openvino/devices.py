"""Which device a model is asked to run on, in OpenVINO's own words, and whether it is there.

A device that is missing is an error and never another device instead: the one exception is AUTO,
which is a request to choose.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wasinn_nb.nn.errors import InvalidArgument, UnsupportedOperation
from wasinn_nb.nn.types import ExecutionTarget

if TYPE_CHECKING:
    from wasinn_nb.backends.openvino.native import Native

AUTO, BATCH, HETERO, MULTI, NPU = "AUTO", "BATCH", "HETERO", "MULTI", "NPU"
_VIRTUAL = (AUTO, BATCH, HETERO, MULTI)

_NAME = r"[A-Z][A-Z0-9_]*(?:\.[0-9A-Z]+)*"
_PART = re.compile(rf"(?P<without>-?)(?P<name>{_NAME})(?P<count>\([1-9][0-9]*\))?")
_FORMS = "CPU, GPU, GPU.1, NPU, AUTO, AUTO:GPU,CPU, HETERO:GPU,CPU, MULTI:GPU,CPU or BATCH:GPU(4)"


@dataclass(frozen=True, slots=True)
class Part:
    """A device in a list: ``GPU``, ``GPU.1``, ``CPU(4)``, and in AUTO's also ``-GPU``."""

    name: str
    count: str = ""
    without: bool = False

    def __str__(self) -> str:
        return f"{'-' if self.without else ''}{self.name}{self.count}"


@dataclass(frozen=True, slots=True)
class DeviceRequest:
    """A device string that was read: ``HETERO:GPU,CPU`` is ``HETERO`` over two parts.

    ``virtual`` is empty for one device alone.
    """

    virtual: str
    parts: tuple[Part, ...]

    def __str__(self) -> str:
        names = ",".join(map(str, self.parts))
        return f"{self.virtual}:{names}" if self.virtual and names else self.virtual or names


def parse(text: str) -> DeviceRequest:
    """Read a device as OpenVINO names it; letters of either case.

    Raises:
        InvalidArgument: not such a name; the message shows the forms there are.
    """
    head, colon, rest = text.strip().upper().partition(":")
    virtual = head if head in _VIRTUAL else ""
    names = rest if virtual else text.strip().upper()
    parts = [_part(name.strip(), virtual) for name in names.split(",")] if names else []
    wrong_number = {"": len(parts) != 1, BATCH: len(parts) != 1, AUTO: bool(colon) and not parts}
    if None in parts or len(set(parts)) < len(parts) or wrong_number.get(virtual, not parts):
        raise InvalidArgument(
            f"The device {text[:80]!r} is not one that OpenVINO could have.",
            hint=f"Write {_FORMS}.",
        )
    return DeviceRequest(virtual, tuple(part for part in parts if part is not None))


def _part(text: str, virtual: str) -> Part | None:
    found = _PART.fullmatch(text)
    if found is None or found["name"] in _VIRTUAL:
        return None
    if (found["without"] and virtual != AUTO) or (found["count"] and virtual not in {MULTI, BATCH}):
        return None
    return Part(found["name"], found["count"] or "", bool(found["without"]))


def device_text(text: str) -> str:
    """A device as OpenVINO writes it, empty for none; raises as :func:`parse`."""
    return str(parse(text)) if text.strip() else ""


def parts_text(text: str) -> str:
    """As :func:`device_text`, for a list of devices without a layer over them."""
    return ",".join(map(str, parse(f"{HETERO}:{text}").parts)) if text.strip() else ""


def asked_for(device: str, target: ExecutionTarget) -> DeviceRequest:
    """What the setting ``device`` asks for, or the target where that is empty.

    Raises:
        InvalidArgument: the setting is no device.
        UnsupportedOperation: a target that OpenVINO has no devices for.
    """
    if device:
        return parse(device)
    if target is ExecutionTarget.TPU:
        raise UnsupportedOperation(
            "OpenVINO computes on CPUs, GPUs and NPUs, and has no devices of the kind tpu.",
            hint="Load the model with another target, for example cpu or auto.",
        )
    return parse(target.value)


def choose(native: Native, asked: DeviceRequest) -> str:
    """The device to compile for, in OpenVINO's words, after a look at what is there.

    AUTO over one device is that device itself: the same result without a layer between.

    Raises:
        UnsupportedOperation: a device is missing; the message lists what there is, and says why.
    """
    there = native.device_names()
    if asked.virtual == AUTO:
        return _chosen_from(native, asked, there)
    missing = [part.name for part in asked.parts if not _is_there(part.name, there)]
    if missing:
        raise _missing(native, missing[0], there)
    return str(asked)


def _chosen_from(native: Native, asked: DeviceRequest, there: tuple[str, ...]) -> str:
    wanted = [part.name for part in asked.parts if not part.without]
    unwanted = [part.name for part in asked.parts if part.without]
    candidates = [name for name in wanted if _is_there(name, there)] if wanted else list(there)
    left = [name for name in candidates if not any(_covers(no, name) for no in unwanted)]
    if not left:
        if wanted:
            raise _missing(native, wanted[0], there)
        raise UnsupportedOperation(f"{asked} leaves no device: there is {', '.join(there)}.")
    if len(left) == 1:
        return left[0]
    return f"{AUTO}:{','.join(left)}" if asked.parts else AUTO


def check_there(native: Native, names: str) -> str:
    """A list of devices without a layer over them (the NPU pipeline's), checked as :func:`choose`.

    Raises:
        InvalidArgument: not a list of devices.
        UnsupportedOperation: one of them is missing.
    """
    for name in (request := parse(f"{HETERO}:{names}")).parts:
        if not _is_there(name.name, native.device_names()):
            raise _missing(native, name.name, native.device_names())
    return ",".join(map(str, request.parts))


def _is_there(name: str, there: tuple[str, ...]) -> bool:
    """``GPU`` is there if any ``GPU.n`` is; ``GPU.0`` is also what a single ``GPU`` is called."""
    kind, _, number = name.partition(".")
    if any(_covers(name, one) for one in there):
        return True
    return number == "0" and kind in there and kind != "CPU"


def _covers(name: str, one: str) -> bool:
    return one == name or one.startswith(f"{name}.")


def _missing(native: Native, name: str, there: tuple[str, ...]) -> UnsupportedOperation:
    why = native.why_missing(name)
    if name.partition(".")[0] in {one.partition(".")[0] for one in there}:
        why = "it is not among them"
    hint = "Load it on one of these, or with AUTO."
    if name == NPU:
        hint += " To try the NPU's own pipeline on the CPU, set npuw-devices=CPU."
    return UnsupportedOperation(
        f"OpenVINO sees no device {name} here ({why}). It sees {', '.join(there)}.", hint=hint
    )
