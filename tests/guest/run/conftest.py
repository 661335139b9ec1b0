from __future__ import annotations

import pytest

from tests.support.echo_backend import EchoBackend, echo_registry
from wasinn_nb.guest.runner import Runner
from wasinn_nb.nn.types import GraphEncoding


@pytest.fixture
def backend():
    return EchoBackend()


@pytest.fixture
def registry(backend, tmp_path):
    registry = echo_registry(backend, tmp_path)
    path = tmp_path / "m.gguf"
    path.write_bytes(b"ECHO and then some")
    registry.register("m", path, encoding=GraphEncoding.GGML)
    return registry


@pytest.fixture
def runner(registry):
    return Runner(registry)
