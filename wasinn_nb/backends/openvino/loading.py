"""From files to a compiled graph: read, reshape, compile."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from wasinn_nb.backends.openvino.compilation import Compilation
from wasinn_nb.backends.openvino.failures import is_shortage, reason
from wasinn_nb.backends.openvino.graph import OpenVINOGraph
from wasinn_nb.backends.openvino.hardening import harden
from wasinn_nb.backends.openvino.ports import (
    check_ranks,
    count_parameters,
    input_ports,
    output_ports,
)
from wasinn_nb.backends.openvino.properties import compile_properties, settings_given
from wasinn_nb.backends.openvino.reader import reading
from wasinn_nb.backends.openvino.shapes import parse_shapes, reshape
from wasinn_nb.backends.openvino.streams import (
    computes_at_length,
    inline_streams,
    stream_properties,
)
from wasinn_nb.nn.abandon import Abandonable
from wasinn_nb.nn.errors import InvalidArgument, MissingMemory, NNError, RuntimeFailure

if TYPE_CHECKING:
    from wasinn_nb.backends.openvino.native import Native
    from wasinn_nb.nn.backend import ModelFiles, ModelInfo, Progress
    from wasinn_nb.nn.cancel import CancelToken
    from wasinn_nb.nn.settings import EffectiveConfig

_BAD_PROPERTY = re.compile(
    r"Unsupported (property|config)|[Ww]rong value|Could not read number|Expected only"
)


@dataclass(slots=True)
class Load:
    """One load: what to read, what to compile it for, and whom to tell.

    ``device`` and ``pipeline`` are as for :class:`OpenVINOGraph`.
    """

    native: Native
    files: ModelFiles
    info: ModelInfo
    config: EffectiveConfig
    device: str
    pipeline: str
    progress: Progress | None
    cancel: CancelToken | None

    def graph(self) -> OpenVINOGraph:
        """Do it; raises as :meth:`OpenVINOBackend.load`."""
        if self.cancel is None:
            return self._load()
        return Abandonable(self._load, self.cancel, OpenVINOGraph.close).result()

    def _load(self) -> OpenVINOGraph:
        known = self.info
        self._stage("reading the model", 0.0)
        with self._model() as model:
            inputs = input_ports(model, known.inputs)
            outputs = output_ports(model, known.outputs)
            check_ranks(inputs)
            if not known.parameters:  # only the front end of PyTorch knows them
                known = replace(known, parameters=count_parameters(model))
            self._stage(f"compiling for {self.device}", 0.3)
            lengthy = computes_at_length(model)
            compiled = self._compile(model, lengthy=lengthy)
        self._stage("making room for inputs and outputs", 0.9)
        streams = inline_streams(self.device, compiled, lengthy=lengthy)
        return OpenVINOGraph(
            self.native,
            known,
            Compilation(
                compiled,
                inputs,
                outputs,
                self.device,
                self.pipeline,
                streams,
                self._again,
            ),
        )

    @contextmanager
    def _model(self) -> Iterator[Any]:
        """The model as it is to be compiled."""
        with reading(self.native, self.files, mmap=bool(self.config["use-mmap"])) as model:
            reshape(self.native, model, parse_shapes(str(self.config["reshape"])), self.info)
            harden(self.native, model)
            yield model

    def _again(self) -> Any:
        with self._model() as model:
            return self._compile(model, lengthy=computes_at_length(model))

    def _compile(self, model: Any, *, lengthy: bool) -> Any:
        properties = compile_properties(self.config, device=self.device, pipeline=self.pipeline)
        properties = stream_properties(self.device, properties, lengthy=lengthy)
        try:
            return self.native.core.compile_model(model, self.device, properties)
        except (RuntimeError, TypeError, ValueError) as error:
            raise self._refusal(error) from None

    def _refusal(self, error: BaseException) -> NNError:
        text = reason(error)
        what = f"OpenVINO cannot compile {self.files.origin} for {self.device}: {text}."
        if is_shortage(text):
            return MissingMemory(what, hint="Unload another model, or give it smaller shapes.")
        given = settings_given(self.config)
        hint = f"These settings were given: {given}." if given else ""
        if _BAD_PROPERTY.search(text):
            return InvalidArgument(what, hint=hint)
        return RuntimeFailure(what, hint=hint)

    def _stage(self, what: str, fraction: float) -> None:
        if self.cancel is not None:
            self.cancel.raise_if_cancelled()
        if self.progress is not None:
            self.progress(what, fraction)
