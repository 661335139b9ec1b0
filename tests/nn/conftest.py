"""A registry with a small backend, and a model of it."""

from __future__ import annotations

import pytest

from tests.support.echo_backend import EchoBackend, echo_registry
from wasinn_nb.nn.tensor import Tensor
from wasinn_nb.nn.types import GraphEncoding, TensorType


@pytest.fixture
def backend():
    return EchoBackend()


@pytest.fixture
def registry(backend, tmp_path):
    return echo_registry(backend, tmp_path)


@pytest.fixture
def model(tmp_path):
    path = tmp_path / "m.gguf"
    path.write_bytes(b"ECHO and then some")
    return path


def register(registry, name, path, **config):
    return registry.register(name, path, encoding=GraphEncoding.GGML, config=config)


def prompt(text):
    return Tensor((1,), TensorType.U8, text.encode())
