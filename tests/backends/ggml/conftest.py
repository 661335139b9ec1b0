"""Models small enough to load in milliseconds, and the calls that every test makes."""

from __future__ import annotations

import json

import pytest

from benchmarks.random_model import write_random_llama
from wasinn_nb.backends import catalog
from wasinn_nb.models import builtin_path
from wasinn_nb.nn.backend import ModelFiles
from wasinn_nb.nn.tensor import Tensor
from wasinn_nb.nn.types import ExecutionTarget, TensorType


@pytest.fixture(scope="session")
def random_path(tmp_path_factory):
    """A model of random weights: it never ends its text by itself, and its text is noise."""
    path = tmp_path_factory.mktemp("models") / "random.gguf"
    write_random_llama(path, n_vocab=512, n_embd=64, n_layer=2, n_head=4, n_ff=192, n_ctx=2048)
    return path


@pytest.fixture(scope="session")
def tales_path():
    """The built-in model: it ends its stories, has a chat template and multi-byte characters."""
    return builtin_path("tinytales")


@pytest.fixture(scope="session")
def backend():
    return catalog()["ggml"]


@pytest.fixture
def load(backend, random_path):
    """``load(path=None, **settings)`` gives a graph; underscores stand for hyphens."""
    graphs = []

    def make(path=None, *, cancel=None, progress=None, **settings):
        files = ModelFiles((path or random_path,), str(path or random_path))
        values = {"ctx-size": 256, "threads": 1, "temp": 0.0, "seed": 1}
        values |= {key.replace("_", "-"): value for key, value in settings.items()}
        config = backend.normalise(backend.schema().resolve(load=values))
        info = backend.inspect(files)
        graph = backend.load(
            files, info, config, target=ExecutionTarget.AUTO, cancel=cancel, progress=progress
        )
        graphs.append(graph)
        return graph

    yield make
    for graph in graphs:
        graph.close()


@pytest.fixture
def context(load):
    """``context(path=None, **settings)`` gives a :class:`Driver` of a context on its own graph."""

    def make(path=None, *, stream=None, cancel=None, warn=None, **settings):
        graph = load(path, **settings)
        return Driver(graph.create_context(graph.config, stream=stream, cancel=cancel, warn=warn))

    return make


class Driver:
    """An execution context as a guest's loop uses it."""

    def __init__(self, context):
        self.context = context
        for name in ("compute", "compute_single", "fini_single", "cancel", "close"):
            setattr(self, name, getattr(context, name))

    def prompt(self, text):
        self.context.set_input(0, tensor(text))

    def settings(self, **values):
        document = {key.replace("_", "-"): value for key, value in values.items()}
        self.context.set_input(1, tensor(json.dumps(document)))

    def generate(self, text=None, **values):
        if values:
            self.settings(**values)
        if text is not None:
            self.prompt(text)
        self.compute()
        return self.text

    @property
    def text(self):
        return bytes(self.context.get_output(0))

    @property
    def piece(self):
        return bytes(self.context.get_output_single(0))

    @property
    def metadata(self):
        return json.loads(bytes(self.context.get_output(1)))


def tensor(data):
    data = data.encode() if isinstance(data, str) else data
    return Tensor((1,), TensorType.U8, data)
