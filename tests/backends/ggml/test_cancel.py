"""Cancel in every phase, close under a running call, contexts at the same time, nothing leaked."""

from __future__ import annotations

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.backends.ggml.conftest import Driver
from wasinn_nb.nn.cancel import CancelToken
from wasinn_nb.nn.errors import Cancelled, ContextFull, InvalidArgument
from wasinn_nb.nn.stream import TokenStream


class Tripwire(TokenStream):
    """A stream that calls back when a phase begins."""

    def __init__(self, *, prompt=None, progress=None, token=None, after=1):
        super().__init__()
        self._prompt, self._progress, self._token, self._after = prompt, progress, token, after

    def begin_prompt(self, *args, **kwargs):
        super().begin_prompt(*args, **kwargs)
        if self._prompt:
            self._prompt()

    def prompt_progress(self, done):
        super().prompt_progress(done)
        if self._progress:
            self._progress()

    def push(self, piece):
        super().push(piece)
        if self._token and self.tokens == self._after:
            self._token()


def test_load(load):
    token = CancelToken()
    with pytest.raises(Cancelled) as caught:
        load(cancel=token, progress=lambda *_: token.cancel("interrupt"))
    assert caught.value.reason == "interrupt"
    with pytest.raises(Cancelled):
        load(cancel=token)
    load()


def test_an_error_of_the_watcher_ends_the_load(load):
    def watch(_what, _fraction):
        raise RuntimeError("the watcher failed")

    with pytest.raises(RuntimeError, match="watcher"):
        load(progress=watch)


def test_prefill_between_batches(context):
    token = CancelToken()
    stream = Tripwire(progress=lambda: token.cancel("timeout"))
    driver = context(ctx_size=2048, ubatch_size=64, stream=stream, cancel=token)
    driver.prompt("x" * 1000)
    with pytest.raises(Cancelled) as caught:
        driver.compute()
    assert caught.value.reason == "timeout"
    assert stream.prompt_done == 64
    assert stream.finish_reason == "cancelled"
    assert driver.metadata["finish_reason"] == "cancelled"
    with pytest.raises(Cancelled):
        driver.compute()


def test_prefill_within_a_batch_and_the_context_goes_on(context):
    alone = context(ctx_size=2048, n_predict=5)
    text = alone.generate("y" * 1500)

    def cancel_soon():
        threading.Thread(target=driver.cancel).start()

    stream = Tripwire(prompt=cancel_soon)
    driver = context(ctx_size=2048, ubatch_size=2048, n_predict=5, stream=stream)
    driver.prompt("y" * 1500)
    with pytest.raises(Cancelled):
        driver.compute()
    assert driver.text == b""
    stream._prompt = None
    assert driver.generate() == text


@pytest.mark.parametrize("single", [True, False])
def test_decode_keeps_the_text_and_the_context_goes_on(context, single):
    alone = context(ctx_size=512, n_predict=100)
    text = alone.generate("hello")
    stream = Tripwire(after=20)
    driver = context(ctx_size=512, n_predict=100, stream=stream)
    stream._token = driver.cancel
    driver.prompt("hello")
    for _ in range(20 if single else 0):
        driver.compute_single()
    with pytest.raises(Cancelled):
        (driver.compute_single if single else driver.compute)()
    stream._token = None
    assert driver.metadata["output_tokens"] == 20
    assert text.startswith(driver.text)
    assert driver.generate() == text


def test_cancel_when_nothing_runs_does_nothing(context):
    driver = context(n_predict=3)
    driver.cancel()
    assert driver.generate("hello")


def test_cancel_as_a_call_ends_does_not_stop_the_next(context):
    stream = Tripwire(after=3)
    driver = context(n_predict=3, stream=stream)
    stream._token = driver.cancel
    text = driver.generate("hello")
    assert driver.metadata["output_tokens"] == 3
    stream._token = None
    assert driver.generate() == text


def test_close_stops_a_call_in_another_thread(load):
    graph = load(ctx_size=2048)
    started = threading.Event()
    driver = Driver(graph.create_context(graph.config, stream=Tripwire(token=started.set)))
    driver.prompt("hello")
    with ThreadPoolExecutor(1) as pool:
        call = pool.submit(driver.compute)
        started.wait(30)
        graph.close()
        with pytest.raises((Cancelled, ContextFull)):
            call.result(30)
    assert driver.text
    with pytest.raises(InvalidArgument, match="unloaded"):
        driver.compute()
    with pytest.raises(InvalidArgument, match="unloaded"):
        graph.create_context(graph.config)


def test_a_model_is_not_freed_while_another_thread_closes_its_context(load):
    graph = load(ctx_size=2048)
    started, go_on = threading.Event(), threading.Event()
    stream = Tripwire(token=lambda: (started.set(), go_on.wait(30)))
    driver = Driver(graph.create_context(graph.config, stream=stream))
    driver.prompt("hello")
    with ThreadPoolExecutor(3) as pool:
        call = pool.submit(driver.compute)
        started.wait(30)
        closing = pool.submit(driver.close)
        while not driver.context._guard.closed:
            pass
        unloading = pool.submit(graph.close)
        with pytest.raises(TimeoutError):
            unloading.result(0.2)
        assert graph.model
        go_on.set()
        with pytest.raises((Cancelled, ContextFull)):
            call.result(30)
        closing.result(30)
        unloading.result(30)
    assert not graph.model


def test_a_model_is_not_freed_while_a_context_is_made(load, monkeypatch):
    graph = load()
    checking, go_on = threading.Event(), threading.Event()
    normalised = graph.normalised

    def slowly(config):
        checking.set()
        go_on.wait(30)
        return normalised(config)

    monkeypatch.setattr(graph, "normalised", slowly)
    with ThreadPoolExecutor(2) as pool:
        making = pool.submit(graph.create_context, graph.config)
        checking.wait(30)
        closing = pool.submit(graph.close)
        with pytest.raises(TimeoutError):
            closing.result(0.2)
        assert graph.model
        go_on.set()
        context = making.result(30)
        closing.result(30)
    with pytest.raises(InvalidArgument, match="unloaded"):
        context.compute()


def test_contexts_on_one_graph_run_at_the_same_time(load, tales_path):
    graph = load(tales_path, ctx_size=1024, temp=0.8)
    prompts = ["Once upon a time", "The king", "A little", "One day"]

    def tell(number):
        config = graph.config.overlay({"seed": number, "n-predict": 60})
        driver = Driver(graph.create_context(config))
        texts = [driver.generate(prompts[number]) for _ in range(3)]
        driver.close()
        return texts

    alone = [tell(number) for number in range(4)]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(tell, range(4)))
    assert together == alone
    assert all(len(set(texts)) == 1 for texts in alone)


LEAK = """
import sys
from pathlib import Path
from tests.backends.ggml.hostile import Target, tensor
from wasinn_nb.nn import memory

target = Target(Path(sys.argv[1]))

def cycle():
    graph = target.load({"n-predict": 4})
    for grammar in ("", 'root ::= "a"+'):
        context = graph.create_context(graph.config.overlay({"grammar": grammar}))
        context.set_input(0, tensor("hello"))
        context.compute()
        context.compute_single()
    graph.close()
    memory.trim()

for _ in range(20):
    cycle()
before = memory.rss()
for _ in range(100):
    cycle()
print(memory.rss() - before)
"""


def test_a_hundred_loads_leak_nothing(random_path, root):
    done = subprocess.run(
        [sys.executable, "-c", LEAK, str(random_path)],
        cwd=root, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert int(done.stdout) < 4 * 1024 * 1024
    assert done.stderr == ""
