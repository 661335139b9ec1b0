"""OpenVINO itself: imported on first use, one core for the process, and the devices it sees.

Nothing here uses OpenVINO's model conversion tool, which is the part of it that reports its use.
"""

from __future__ import annotations

import importlib
import threading
from functools import cached_property
from typing import Any

from wasinn_nb.backends.openvino.failures import reason
from wasinn_nb.backends.openvino.logs import LOG
from wasinn_nb.nn.backend import Device
from wasinn_nb.nn.types import ExecutionTarget

PACKAGE = "openvino"
INSTALL = 'pip install "wasinn-nb[openvino]"'

_KINDS = {
    "CPU": ExecutionTarget.CPU,
    "GPU": ExecutionTarget.GPU,
    "NPU": ExecutionTarget.NPU,
}
_MEMORY_PROPERTIES = ("GPU_DEVICE_TOTAL_MEM_SIZE", "NPU_DEVICE_TOTAL_MEM_SIZE")

_MISSING = (
    ("libOpenCL", "the OpenCL loader is missing; install the driver (compute runtime) of the GPU"),
    ("OpenCL.dll", "the OpenCL loader is missing; install the driver of the GPU"),
    ("FULL_DEVICE_NAME", "no such device, or its driver is not installed"),
    ("is not registered", "OpenVINO has no plugin of that name"),
)


class Native:
    """The OpenVINO of this process.

    Attributes:
        api: the module ``openvino``.
        core: the one ``openvino.Core``; its methods may be called from any thread.
        request: the methods of a native infer request, without the layer that converts arrays.
    """

    def __init__(self) -> None:
        self.api: Any = importlib.import_module("openvino")
        LOG.install(self.api)
        self.core: Any = self.api.Core()
        self.request: Any = self.api.InferRequest.__mro__[2]
        self._devices: dict[str, Device] = {}
        self._absent: dict[str, str] = {}

    @cached_property
    def version(self) -> str:
        """The release, without the build that it was made from."""
        return str(self.api.__version__).partition("-")[0]

    def device_names(self) -> tuple[str, ...]:
        """The devices there are, by the names that OpenVINO gives them."""
        return tuple(self.core.available_devices)

    def devices(self) -> tuple[Device, ...]:
        """The devices there are; their memory in bytes where OpenVINO tells, never what is free."""
        return tuple(self._device(name) for name in self.device_names())

    def _device(self, name: str) -> Device:
        # asked once: OpenVINO loses the memory of what it lists as supported properties
        if name not in self._devices:
            self._devices[name] = self._ask(name)
        return self._devices[name]

    def _ask(self, name: str) -> Device:
        kind = _KINDS.get(name.partition(".")[0], ExecutionTarget.AUTO)
        description = str(self.core.get_property(name, "FULL_DEVICE_NAME"))
        return Device(name, kind, description, total=self._memory(name))

    def _memory(self, name: str) -> int:
        supported = self.core.get_property(name, "SUPPORTED_PROPERTIES")
        for key in _MEMORY_PROPERTIES:
            if key in supported:
                return int(self.core.get_property(name, key))
        return 0

    def why_missing(self, name: str) -> str:
        """Why OpenVINO cannot use a device, in a few words."""
        try:
            self.core.get_property(name, "FULL_DEVICE_NAME")
        except RuntimeError as error:
            text = str(error)
            return next((words for sign, words in _MISSING if sign in text), reason(error))
        return "it is not there"

    @cached_property
    def capabilities(self) -> frozenset[str]:
        """What the devices here can compute in: ``FP32``, ``BF16``, ``INT8``, ..."""
        key = "OPTIMIZATION_CAPABILITIES"
        return frozenset(
            str(word)
            for name in self.device_names()
            if key in self.core.get_property(name, "SUPPORTED_PROPERTIES")
            for word in self.core.get_property(name, key)
        )

    def absent(self) -> dict[str, str]:
        """The kinds of devices that OpenVINO could use and that are not here, and why not."""
        there = {name.partition(".")[0] for name in self.device_names()}
        missing = _KINDS.keys() - there
        if missing != self._absent.keys():  # to ask OpenVINO for what is not there takes its time
            self._absent = {kind: self.why_missing(kind) for kind in _KINDS if kind in missing}
        return dict(self._absent)


_lock = threading.Lock()
_native: Native | None = None


def native() -> Native:
    """OpenVINO, imported on the first call.

    Raises:
        ImportError, OSError, RuntimeError: it is not installed, or does not load on this machine.
    """
    global _native  # noqa: PLW0603 - the devices are opened once per process
    with _lock:
        if _native is None:
            _native = Native()
        return _native
