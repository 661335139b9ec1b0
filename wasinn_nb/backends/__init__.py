"""Backends: each knows one model library and imports it only when it is used."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wasinn_nb.nn.backend import Backend


def catalog() -> dict[str, Backend]:
    """A new instance of every backend by name; none has imported its library yet."""
    from wasinn_nb.backends.ggml.backend import GgmlBackend
    from wasinn_nb.backends.openvino.backend import OpenVINOBackend

    backends: tuple[Backend, ...] = (GgmlBackend(), OpenVINOBackend())
    return {backend.name: backend for backend in backends}
