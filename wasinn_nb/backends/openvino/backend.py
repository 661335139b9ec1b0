"""The OpenVINO backend: model files of five encodings into compiled graphs."""

from __future__ import annotations

import importlib.util
import math
from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from wasinn_nb.backends.openvino.devices import NPU, asked_for, check_there, choose
from wasinn_nb.backends.openvino.logs import LOG, LogCapture
from wasinn_nb.backends.openvino.native import INSTALL, PACKAGE, native
from wasinn_nb.backends.openvino.properties import normalised
from wasinn_nb.backends.openvino.settings import schema
from wasinn_nb.backends.openvino.shapes import with_shapes
from wasinn_nb.backends.openvino.tailoring import tailored
from wasinn_nb.nn.backend import BackendStatus, MemoryEstimate, ModelFiles, ModelInfo, Progress
from wasinn_nb.nn.errors import InvalidArgument
from wasinn_nb.nn.settings import EffectiveConfig, Schema
from wasinn_nb.nn.threads import usable_cpus
from wasinn_nb.nn.types import ExecutionTarget, GraphEncoding

if TYPE_CHECKING:
    from wasinn_nb.backends.openvino.graph import OpenVINOGraph
    from wasinn_nb.backends.openvino.native import Native
    from wasinn_nb.nn.cancel import CancelToken
    from wasinn_nb.nn.tensor import TensorSpec


class OpenVINOBackend:
    """See :class:`wasinn_nb.nn.backend.Backend`."""

    name = "openvino"
    encodings: tuple[GraphEncoding, ...] = (
        GraphEncoding.OPENVINO,
        GraphEncoding.ONNX,
        GraphEncoding.TENSORFLOW,
        GraphEncoding.TENSORFLOWLITE,
        GraphEncoding.PYTORCH,
    )
    needs_files = False

    def status(self) -> BackendStatus:
        """Import OpenVINO; which devices it sees, and why it does not see others. Never raises."""
        if importlib.util.find_spec("openvino") is None:
            return BackendStatus(available=False, library=PACKAGE, install=INSTALL)
        try:
            library = native()
            absent = (f"no {kind}: {why}" for kind, why in library.absent().items())
            return BackendStatus(
                available=True,
                library=PACKAGE,
                version=library.version,
                devices=library.devices(),
                install=INSTALL,
                detail="; ".join(absent),
            )
        except Exception as error:  # noqa: BLE001 - a broken installation fails in many ways
            return BackendStatus(
                available=False, library=PACKAGE, install=INSTALL, detail=str(error)
            )

    def log(self) -> str:
        """The lines that OpenVINO wrote lately."""
        return LOG.text()

    def capture_log(self) -> AbstractContextManager[LogCapture]:
        """What OpenVINO logs in this thread."""
        return LOG.capture()

    def schema(self) -> Schema:
        """All settings."""
        return schema()

    def tailored(self, info: ModelInfo | None) -> Schema:  # noqa: ARG002 - devices decide
        """All settings as a form shows them on this machine."""
        try:
            library = native()
            there = library.devices(), library.absent(), library.capabilities
        except Exception:  # noqa: BLE001 - a form also shows what is not installed
            why = f"{PACKAGE} is not installed here"
            there = (), dict.fromkeys(("CPU", "GPU", "NPU"), why), frozenset()
        return tailored(*there, cpus=usable_cpus())

    def inspect(self, files: ModelFiles) -> ModelInfo:
        """Read and check the model's files, without OpenVINO.

        Raises:
            ModelNotFound: no such file.
            InvalidEncoding: the files are of another encoding.
            InvalidArgument: a damaged model, or a wrong number of files; the message says what is
                wrong.
        """
        from wasinn_nb.backends.openvino.formats import inspect

        return inspect(files.encoding, files)

    def normalise(self, config: EffectiveConfig) -> EffectiveConfig:
        """Threads as this machine will use them; devices, shapes and properties are read.

        Raises:
            InvalidArgument: a setting that cannot be read, or that contradicts another.
        """
        return normalised(config)

    def settle(
        self,
        info: ModelInfo,  # noqa: ARG002 - the protocol's
        config: EffectiveConfig,
        target: ExecutionTarget,  # noqa: ARG002 - the protocol's
        free: Mapping[str, int],  # noqa: ARG002 - the protocol's
    ) -> EffectiveConfig:
        """``config`` as it is: what is left open, OpenVINO decides as it compiles."""
        return config

    def estimate(self, info: ModelInfo, config: EffectiveConfig) -> MemoryEstimate:
        """Bytes for the weights, and for the inputs and outputs of one context.

        Weights may be computed with in another layout, beside the mapped file: they count twice.
        What the layers need between them is known to OpenVINO alone, when it compiles.
        """
        shaped = with_shapes(info, str(config["reshape"]))
        tensors = sum(_nbytes(spec) for spec in (*shaped.inputs, *shaped.outputs))
        return MemoryEstimate(weights=2 * info.nbytes, kv_cache=0, compute=2 * tensors)

    def load(
        self,
        files: ModelFiles,
        info: ModelInfo,
        config: EffectiveConfig,
        *,
        target: ExecutionTarget,
        progress: Progress | None = None,
        cancel: CancelToken | None = None,
    ) -> OpenVINOGraph:
        """Read and compile the model.

        OpenVINO cannot be interrupted while it compiles: a cancelled load returns at once, and what
        runs for it is thrown away when it is done.

        Raises:
            Cancelled: at once when ``cancel`` is set.
            UnsupportedOperation: a device, element type or library that is not here.
            InvalidArgument: settings that contradict each other or do not fit the model.
            ModelNotFound: a file is gone.
            RuntimeFailure: OpenVINO refused the model; the message carries its reason.
        """
        from wasinn_nb.backends.openvino.loading import Load

        library = native()
        config = normalised(config)
        device, pipeline = _device(library, config, target)
        return Load(
            library, files, info, config, device, pipeline, progress=progress, cancel=cancel
        ).graph()


def _device(library: Native, config: EffectiveConfig, target: ExecutionTarget) -> tuple[str, str]:
    """The device to compile for, and what the NPU's pipeline runs on instead of one."""
    pipeline = str(config["npuw-devices"])
    if not pipeline:
        return choose(library, asked_for(str(config["device"]), target)), ""
    if not config["device"] and target not in {ExecutionTarget.NPU, ExecutionTarget.AUTO}:
        raise InvalidArgument(
            f"npuw-devices is {pipeline}, and the target is {target}: only an NPU has that "
            "pipeline.",
            hint="Load the model with target npu, or leave npuw-devices empty.",
        )
    return NPU, check_there(library, pipeline)


def _nbytes(spec: TensorSpec) -> int:
    """Bytes of a tensor; sizes that are not fixed count as one."""
    return math.prod(max(1, size) for size in spec.dims or ()) * spec.type.itemsize
