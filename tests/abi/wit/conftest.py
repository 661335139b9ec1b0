from __future__ import annotations

import time
from contextlib import contextmanager

import pytest

from tests.abi.models import Shelf
from tests.abi.wit.component import Guest, record
from tests.support.echo_backend import EchoBackend, echo_registry
from wasinn_nb.abi.wit import probe
from wasinn_nb.abi.wit.session import Session
from wasinn_nb.guest.models import RunModels
from wasinn_nb.guest.timeline import Timeline
from wasinn_nb.nn.cancel import CancelToken
from wasinn_nb.nn.types import GraphEncoding


@pytest.fixture(params=["raw", "checked"])
def way(request, monkeypatch):
    """Both ways of defining functions."""
    if request.param == "checked":
        monkeypatch.setattr(probe, "raw_works", lambda: False)
    return request.param


@pytest.fixture
def shelf():
    shelf = Shelf()
    yield shelf
    assert not shelf.bugs


@pytest.fixture
def nn(shelf, way):
    """Makes guests of ``wasi:nn``."""
    guests = []

    def make(date="2024-10-28"):
        guests.append(Guest(Session(shelf), f"wasi-nn-0.2.0-rc-{date}"))
        assert bool(guests[-1].kept) == (way == "raw")
        return guests[-1]

    yield make
    for guest in guests:
        guest.close()
    assert not shelf.open_leases
    assert not shelf.open_contexts


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


@contextmanager
def running(registry):
    """A run's side of the ABI over some models; it ends without a fault of ours."""
    run = RunModels(
        registry,
        aliases=None,
        holder="test",
        cancel=CancelToken(),
        timeline=Timeline(time.perf_counter()),
        echo=print,
        progress=lambda what, fraction: None,
    )
    yield run
    run.release()
    assert not run.bugs


@pytest.fixture
def run(registry):
    """The run's side of the ABI."""
    with running(registry) as run:
        yield run


@pytest.fixture
def llm(run):
    guest = LLMGuest(Session(run), "wasinn-llm")
    yield guest
    guest.close()


NO_CONFIG = dict.fromkeys(
    ("n_gpu_layers", "ctx_size", "batch_size", "threads", "n_predict", "temperature", "top_k",
     "top_p", "min_p", "repeat_penalty", "seed", "json")
)  # fmt: skip


def config(**settings):
    return record(**(NO_CONFIG | settings))


def options(*, limit=0, stop=(), log_probabilities=False):
    return record(max_tokens=limit, stop=list(stop), log_probabilities=log_probabilities)


class LLMGuest(Guest):
    """A guest of ``wasinn:llm``."""

    def model(self, name="m", **settings):
        return self("model.load", name, config(**settings))

    def context(self, name="m", **settings):
        return self("model.open", self.model(name, **settings))

    def generate(self, context, prompt="hey you", **wanted):
        return self("context.generate", context, prompt, options(**wanted))

    def pull(self, stream):
        """All tokens, and what came in place of the next one."""
        tokens = []
        while isinstance(token := self("token-stream.next", stream), dict):
            tokens.append(token)
        return tokens, token.value

    def text(self, stream):
        return "".join(token["text"] for token in self.pull(stream)[0])
