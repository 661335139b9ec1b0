"""The real OpenVINO backend, and models loaded by it."""

from __future__ import annotations

import numpy as np
import pytest

from tests.backends.openvino.running import configured
from wasinn_nb.backends import catalog
from wasinn_nb.nn.backend import ModelFiles
from wasinn_nb.nn.types import ExecutionTarget, GraphEncoding


@pytest.fixture(scope="session")
def backend():
    return catalog()["openvino"]


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture
def load(backend):
    """``load(*parts, encoding=..., target=..., **settings)``: a graph, closed with the test."""
    graphs = []

    def load(
        *parts,
        encoding=GraphEncoding.OPENVINO,
        target=ExecutionTarget.CPU,
        progress=None,
        cancel=None,
        **settings,
    ):
        files = ModelFiles(tuple(parts), "the model", encoding)
        config = configured(backend, **settings)
        graph = backend.load(
            files, backend.inspect(files), config, target=target, progress=progress, cancel=cancel
        )
        graphs.append(graph)
        return graph

    yield load
    for graph in graphs:
        graph.close()


@pytest.fixture
def open_context(backend, load):
    """``open_context(*parts, **settings)``: a context on a graph of its own."""

    def open_context(*parts, cancel=None, input_layout="model", **settings):
        config = configured(backend, input_layout=input_layout)
        return load(*parts, **settings).create_context(config, cancel=cancel)

    return open_context


@pytest.fixture(scope="session")
def road(root):
    """The parts of a published model: float32 [1, 3, 512, 896] to [1, 4, 512, 896]."""
    folder = root.parent / "shared" / "data" / "road-segmentation"
    parts = tuple(folder / f"road-segmentation-adas-0001.{suffix}" for suffix in ("xml", "bin"))
    if not all(part.exists() for part in parts):
        pytest.skip(f"a published model was not run: no {parts[0].name} and .bin in {folder}")
    return parts
