from __future__ import annotations

import pytest

from tests.support.echo_backend import EchoBackend
from wasinn_nb.guest.runner import Runner
from wasinn_nb.nn.registry import ModelRegistry
from wasinn_nb.nn.sources import SourceResolver
from wasinn_nb.nn.types import GraphEncoding


def _no_builtin(name):
    raise KeyError(name)


@pytest.fixture
def backend():
    return EchoBackend()


@pytest.fixture
def registry(backend, tmp_path):
    resolver = SourceResolver(cache_dir=tmp_path / "cache", builtin=_no_builtin)
    registry = ModelRegistry({"echo": backend}, resolver)
    path = tmp_path / "m.gguf"
    path.write_bytes(b"ECHO and then some")
    registry.register("m", path, encoding=GraphEncoding.GGML)
    return registry


@pytest.fixture
def runner(registry):
    return Runner(registry)
