"""The ggml backend: GGUF files into loaded graphs."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from wasinn_nb.backends.ggml.gguf import estimate, model_info, read_gguf, validate
from wasinn_nb.backends.ggml.gguf_memory import fitting_layers
from wasinn_nb.backends.ggml.loading import WeightsLoad
from wasinn_nb.backends.ggml.logs import LOG, LogCapture
from wasinn_nb.backends.ggml.native import INSTALL, PACKAGE, Native, native
from wasinn_nb.backends.ggml.params import (
    model_params,
    normalised,
    refuse_unsupported,
    wants_embedding,
)
from wasinn_nb.backends.ggml.settings import CACHE_TYPES, FITTING_LAYERS, schema
from wasinn_nb.backends.ggml.tailoring import tailored
from wasinn_nb.nn.backend import (
    BackendStatus,
    Device,
    MemoryEstimate,
    ModelFiles,
    ModelInfo,
    Progress,
)
from wasinn_nb.nn.errors import InvalidArgument
from wasinn_nb.nn.settings import EffectiveConfig, Schema
from wasinn_nb.nn.threads import usable_cpus
from wasinn_nb.nn.types import ExecutionTarget, GraphEncoding

if TYPE_CHECKING:
    from wasinn_nb.backends.ggml.graph import LlamaGraph
    from wasinn_nb.nn.cancel import CancelToken
    from wasinn_nb.nn.settings import Value


_REPACKED = ("Q4_0", "Q4_K", "IQ4_NL")
"""Types that llama.cpp copies into a layout for the processor."""


class GgmlBackend:
    """See :class:`wasinn_nb.nn.backend.Backend`."""

    name = "ggml"
    encodings: tuple[GraphEncoding, ...] = (GraphEncoding.GGML,)
    needs_files = True

    def status(self) -> BackendStatus:
        """Import llama.cpp and say which devices it sees. Never raises."""
        if importlib.util.find_spec("llama_cpp") is None:
            return BackendStatus(available=False, library=PACKAGE, install=INSTALL)
        try:
            library = native()
            return BackendStatus(
                available=True,
                library=PACKAGE,
                version=library.version,
                devices=library.devices(),
                install=INSTALL,
            )
        except Exception as error:  # noqa: BLE001 - a broken build fails in many ways
            return BackendStatus(
                available=False, library=PACKAGE, install=INSTALL, detail=str(error)
            )

    def log(self) -> str:
        """The lines that llama.cpp wrote lately, with their levels."""
        return LOG.text()

    def capture_log(self) -> AbstractContextManager[LogCapture]:
        """What llama.cpp logs in this thread."""
        return LOG.capture()

    def schema(self) -> Schema:
        """All settings."""
        return schema()

    def tailored(self, info: ModelInfo | None) -> Schema:
        """All settings as a form shows them for a model."""
        library = _library()
        why = library.why_no_gpu if library is not None else f"{PACKAGE} is not installed here"
        return tailored(info, _gpus(library), why_no_gpu=why, cpus=usable_cpus())

    def inspect(self, files: ModelFiles) -> ModelInfo:
        """Read and check the GGUF header, without llama.cpp.

        Raises:
            ModelNotFound: no such file.
            InvalidEncoding: not a GGUF file.
            InvalidArgument: a damaged or unknown model; the message says what is wrong.
        """
        header = read_gguf(_first(files))
        validate(header)
        return model_info(header)

    def normalise(self, config: EffectiveConfig) -> EffectiveConfig:
        """Threads, batch sizes and GPU settings as this machine will use them.

        Raises:
            InvalidArgument: settings that contradict each other.
        """
        library = _library()
        return normalised(config, offloads=library is not None and library.offloads)

    def settle(
        self,
        info: ModelInfo,
        config: EffectiveConfig,
        target: ExecutionTarget,
        free: Mapping[str, int],
    ) -> EffectiveConfig:
        """``n-gpu-layers`` as a number where it is "auto", and 0 where the target is the CPU."""
        gpus = [replace(gpu, free=free.get(gpu.name, gpu.free)) for gpu in _gpus(_library())]
        if target is ExecutionTarget.CPU or not gpus:
            layers: Value = 0
        elif config["n-gpu-layers"] == FITTING_LAYERS:
            layers = fitting_layers(
                info, _by_name(config.values), gpus, repack=_repacks(info, config)
            )
        else:
            return config
        values = {**config.values, "n-gpu-layers": layers}
        return EffectiveConfig(config.schema, values, config.origins)

    def estimate(self, info: ModelInfo, config: EffectiveConfig) -> MemoryEstimate:
        """Bytes for the weights and one context."""
        gpus = _gpus(_library()) if config["n-gpu-layers"] else ()
        return estimate(info, _by_name(config.values), repack=_repacks(info, config), gpus=gpus)

    def load(
        self,
        files: ModelFiles,
        info: ModelInfo,
        config: EffectiveConfig,
        *,
        target: ExecutionTarget,
        progress: Progress | None = None,
        cancel: CancelToken | None = None,
    ) -> LlamaGraph:
        """Load the weights.

        Raises:
            Cancelled: soon after ``cancel`` was set; nothing is kept.
            UnsupportedOperation: the settings ask for what this backend has not.
            InvalidArgument: settings that contradict each other.
            ModelNotFound: the file is gone.
            RuntimeFailure: llama.cpp refused the model; the message carries its reason.
        """
        from wasinn_nb.backends.ggml.graph import LlamaGraph

        refuse_unsupported(config.values)
        library = native()
        config = self.settle(info, normalised(config, offloads=library.offloads), target, {})
        path = _first(files)
        if isinstance(path, bytes):
            raise InvalidArgument("llama.cpp reads models only from files.")
        validate(read_gguf(path))
        params, alive = model_params(library, config)
        on_device = library.offloads and params.n_gpu_layers != 0
        before = _device_free(library) if on_device else 0
        load = WeightsLoad(library, path, params, alive, progress=progress, cancel=cancel)
        model = load.address()
        return LlamaGraph(
            library,
            model,
            info,
            config,
            device=_device_names(library) if on_device else "CPU",
            size_of_context=lambda used: _context_bytes(info, used),
            device_bytes=max(0, before - _device_free(library)) if on_device else 0,
        )


def _first(files: ModelFiles) -> Path | bytes:
    if len(files.parts) != 1:
        # of a split model only the first part is named; llama.cpp finds the others beside it
        raise InvalidArgument(f"A GGUF model is one file, and {len(files.parts)} were given.")
    return files.parts[0]


def _library() -> Native | None:
    try:
        return native()
    except Exception:  # noqa: BLE001 - a library that is not there offloads nothing
        return None


def _gpus(library: Native | None) -> Sequence[Device]:
    if library is None or not library.offloads:
        return ()
    return [d for d in library.devices() if d.target is ExecutionTarget.GPU]


def _repacks(info: ModelInfo, config: EffectiveConfig) -> bool:
    """Whether the file stays mapped beside copies of its matrices in another layout."""
    return bool(config["use-mmap"]) and info.quantization.startswith(_REPACKED)


def _by_name(values: Mapping[str, Value]) -> dict[str, Value]:
    """Settings with cache types by their names, as the estimate wants them."""
    named = dict(values)
    for key in ("cache-type-k", "cache-type-v"):
        number = named[key]
        named[key] = CACHE_TYPES.get(number, "f16") if isinstance(number, int) else "f16"
    return named


def _context_bytes(info: ModelInfo, config: EffectiveConfig) -> int:
    values = _by_name(config.values)
    if wants_embedding(config):
        values["ubatch-size"] = values["batch-size"]
    size = estimate(info, values)
    return size.kv_cache + size.compute


def _device_free(library: Native) -> int:
    return sum(d.free for d in library.devices() if d.target is ExecutionTarget.GPU)


def _device_names(library: Native) -> str:
    return ", ".join(d.name for d in library.devices() if d.target is ExecutionTarget.GPU)
