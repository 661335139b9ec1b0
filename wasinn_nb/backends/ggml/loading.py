"""Reading a model's weights: progress, cancellation, and the reason when llama.cpp refuses."""

from __future__ import annotations

import ctypes
from pathlib import Path
from typing import Any

from wasinn_nb.backends.ggml.logs import LOG, LogCapture
from wasinn_nb.backends.ggml.native import Native
from wasinn_nb.nn.abandon import Abandonable
from wasinn_nb.nn.backend import Progress
from wasinn_nb.nn.cancel import CancelToken
from wasinn_nb.nn.errors import ModelNotFound, RuntimeFailure


class WeightsLoad:
    """One load of a ``llama_model``.

    Args:
        params: ``llama_model_params``.
        alive: what native code reads through ``params``.
    """

    def __init__(
        self,
        library: Native,
        path: Path,
        params: Any,
        alive: object,
        *,
        progress: Progress | None,
        cancel: CancelToken | None,
    ) -> None:
        self._library = library
        self._path = path
        self._params = params
        self._alive = alive
        self._progress = progress
        self._cancel = cancel or CancelToken()
        self._log = LogCapture()
        self._told = -1
        self._raised: BaseException | None = None

    def address(self) -> int:
        """The loaded model's address.

        Raises:
            Cancelled: at once; llama.cpp asks whether to go on between tensors, and one may take
                a second to read, so the load ends by itself and what came of it is freed.
            ModelNotFound: the file is gone.
            RuntimeFailure: llama.cpp refused the model; the message carries its reason.
        """
        callback = self._library.api.llama_progress_callback(self._on_progress)
        self._params.progress_callback = callback
        self._params.progress_callback_user_data = ctypes.c_void_p()
        try:
            model = Abandonable(self._read, self._cancel, self._free).result()
        finally:
            LOG.pass_on(self._log)
        if self._raised is not None:
            self._free(model)
            raise self._raised
        if model:
            return model
        if not self._path.exists():
            raise ModelNotFound(f"The model file {self._path.name} is gone.")
        # guests read it, and may not know where files are on this machine
        why = self._log.complaint().replace(str(self._path), self._path.name)
        raise RuntimeFailure(
            f"llama.cpp could not load {self._path.name}: {why or 'it gave no reason'}."
        )

    def _read(self) -> int:
        with LOG.capture() as self._log:
            path = str(self._path).encode()
            return int(self._library.api.llama_model_load_from_file(path, self._params) or 0)

    def _free(self, model: int) -> None:
        if model:
            self._library.api.llama_model_free(model)

    def _on_progress(self, fraction: float, _user: object) -> bool:
        if self._cancel.cancelled:
            return False
        percent = int(fraction * 100)
        if self._progress is not None and percent != self._told:
            self._told = percent
            try:
                self._progress("loading weights", fraction)
            except BaseException as error:  # noqa: BLE001 - cannot pass through native code
                self._raised = error
        return self._raised is None
