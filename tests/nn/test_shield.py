"""An interrupt of the main thread leaves nothing half done."""

from __future__ import annotations

import random
import signal
import threading

import pytest

from tests.support.echo_backend import EchoBackend
from wasinn_nb.nn.cancel import CancelToken
from wasinn_nb.nn.errors import Busy, Cancelled
from wasinn_nb.nn.registry import ModelRegistry
from wasinn_nb.nn.shield import shielded
from wasinn_nb.nn.sources import SourceResolver
from wasinn_nb.nn.types import ExecutionTarget, GraphEncoding

pytestmark = pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs a timer's signal")


class Interrupter:
    """Raises KeyboardInterrupt in the main thread once, some microseconds into a call."""

    def __init__(self):
        self.armed = False

    def handle(self, *_):
        if self.armed:
            self.armed = False
            raise KeyboardInterrupt

    def during(self, seconds, call):
        try:
            self.armed = True
            signal.setitimer(signal.ITIMER_REAL, seconds)
            call()
            self.armed = False
        except (KeyboardInterrupt, Busy):
            pass
        self.armed = False
        signal.setitimer(signal.ITIMER_REAL, 0)


@pytest.fixture
def interrupter():
    made = Interrupter()
    before = signal.signal(signal.SIGALRM, made.handle)
    yield made
    signal.signal(signal.SIGALRM, before)


def test_other_threads_work_directly():
    seen = []
    token = CancelToken()

    def body():
        shielded(lambda given: seen.append((given, threading.current_thread())), token)

    thread = threading.Thread(target=body)
    thread.start()
    thread.join()
    assert seen == [(token, thread)]


def test_results_errors_and_cancels_pass():
    assert shielded(lambda _: 3) == 3
    with pytest.raises(ZeroDivisionError):
        shielded(lambda _: 1 / 0)
    token = CancelToken()
    threading.Timer(0.05, token.cancel, ["because"]).start()

    def body(given):
        given.wait()
        given.raise_if_cancelled()

    with pytest.raises(Cancelled) as caught:
        shielded(body, token)
    assert caught.value.reason == "because"


def test_an_interrupt_cancels_the_work_and_waits_for_it(interrupter):
    ended, discarded = [], []

    def body(token):
        token.wait()
        ended.append(token.reason)
        return "result"

    interrupter.during(0.02, lambda: shielded(body, discard=discarded.append))
    assert (ended, discarded) == (["interrupt"], ["result"])


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_the_registry_stays_usable_wherever_an_interrupt_comes(tmp_path, interrupter):
    files = [tmp_path / "a.gguf", tmp_path / "b.gguf"]
    for path in files:
        path.write_bytes(b"ECHO one two")
    backend = EchoBackend()
    resolver = SourceResolver(cache_dir=tmp_path, builtin=lambda _: files[0])
    registry = ModelRegistry({"echo": backend}, resolver)
    chance = random.Random(7)

    def register():
        registry.register("m", chance.choice(files), encoding=GraphEncoding.GGML)

    def own_bytes():
        registry.acquire_buffers(
            [b"ECHO x"], encoding=GraphEncoding.GGML, target=ExecutionTarget.CPU, holder="own"
        ).release()

    def use():
        lease = registry.acquire("m", holder="run")
        lease.create_context()
        chance.choice([lease.release, lease.unload])()

    calls = [
        register,
        own_bytes,
        use,
        lambda: registry.load("m"),
        lambda: registry.unload("m"),
        lambda: registry.pin("m", {"shout": chance.random() < 0.5}),
        lambda: registry.pin("m", {}, reset=True),
        registry.models,
        registry.unload_all,
    ]
    register()
    for _ in range(400):
        interrupter.during(chance.random() ** 2 * 6e-4 + 1e-6, chance.choice(calls))
        for entry in registry._table.entries():
            assert (entry.operation, entry.reserved) == ("", False)
            assert entry.state in {"registered", "loaded"}
            for lease in list(entry.leases):  # returned, but the interrupt came before its name
                lease.release()
    register()
    use()
    registry.forget("m")
    assert registry.names() == []
    assert all(graph.closed for graph in backend.graphs)
