"""``wasinn:llm`` and ``wasi:nn`` for components over llama.cpp, with the built-in model."""

from __future__ import annotations

import math

import pytest

from tests.abi.wit.component import Fault, Guest, record
from tests.abi.wit.conftest import LLMGuest, config, options, running
from wasinn_nb.abi.wit.session import Session
from wasinn_nb.api import Host

SETTINGS = {"temperature": 0.0, "ctx_size": 512, "threads": 1}


@pytest.fixture
def host():
    host = Host()
    host.load("tales", "builtin:tinytales")
    yield host
    host.close()


@pytest.fixture
def run(host):
    with running(host.registry) as run:
        yield run


@pytest.fixture
def llm(run):
    guest = LLMGuest(Session(run), "wasinn-llm")
    yield guest
    guest.close()


def core_text(run, data, settings):
    """What the core ABI's ``compute`` makes of the same input."""
    from wasinn_nb.nn.tensor import Tensor
    from wasinn_nb.nn.types import TensorType

    lease = run.acquire("tales", settings)
    context = run.create_context(lease)
    context.set_input(0, Tensor((1,), TensorType.U8, data))
    context.compute()
    return bytes(context.get_output(0)).decode()


def test_the_text_is_that_of_the_core_abi(llm, run):
    stream = llm.generate(llm.context("tales", **SETTINGS), "Once upon a time", limit=40)
    text = llm.text(stream)
    usage = llm("token-stream.usage", stream)
    same = b'{"temp": 0.0, "ctx-size": 512, "threads": 1, "n-predict": 40}'
    assert text == core_text(run, b"Once upon a time", same)
    assert (usage["generated-tokens"], usage["finish"]) == (40, "length")
    assert usage["time-to-first-token"] > 0
    assert usage["tokens-per-second"] > 0
    assert usage["prompt-tokens"] > 0


def test_chat_is_answered_by_the_models_own_template(llm, run):
    context = llm.context("tales", **SETTINGS)
    say = [record(role="user", content="Tell me a story.")]
    stream = llm("context.chat", context, say, options(limit=40, log_probabilities=True))
    tokens, _ = llm.pull(stream)
    settings = b'{"temp": 0.0, "ctx-size": 512, "threads": 1, "n-predict": 40, "chat": true}'
    same = core_text(run, b'[{"role": "user", "content": "Tell me a story."}]', settings)
    # the end of the text is told, and no part of it
    text = "".join(token["text"] for token in tokens)
    assert same.startswith(text)
    assert text
    assert all(-20 < token["log-probability"] <= 0 for token in tokens)
    assert llm("context.chat", context, [], options()).value[0] == "failed"


def test_what_was_read_is_kept_for_the_next_prompt(llm):
    context = llm.context("tales", **SETTINGS)
    prompt = "Once upon a time there was a"
    first = llm.generate(context, prompt, limit=8)
    text = llm.text(first)
    llm("token-stream.finish", first)
    llm("context.embed", context, "something else in between")
    second = llm.generate(context, prompt + text + " and", limit=4)
    usage = llm("token-stream.usage", second)
    assert 0 < usage["prompt-tokens"] - usage["cached-tokens"] <= 4


def test_embeddings_have_length_one(llm):
    context = llm.context("tales", **SETTINGS)
    one, other = (llm("context.embed", context, text) for text in ("a dog", "the sea"))
    assert len(one) == llm("model.describe", llm.model("tales"))["embedding-length"]
    assert math.hypot(*one) == pytest.approx(1, abs=1e-5)
    assert one != other


def test_limits_are_told(llm):
    context = llm.context("tales", ctx_size=256, threads=1)
    answer = llm.generate(context, "word " * 2000)
    assert isinstance(answer, Fault)
    assert answer.value[0] == "prompt-too-long"
    assert answer.value[1]["limit"] == 252 < answer.value[1]["actual"]
    ending = llm("context.configure", context, config(json='{"ignore-eos": true}'))
    assert ending is None
    stream = llm.generate(context, "Once")
    tokens, end = llm.pull(stream)
    assert end == ("context-full", {"limit": 256, "actual": 257})
    assert len(tokens) > 200


def test_text_through_the_standards_own_interface(run):
    guest = Guest(Session(run), "wasi-nn-0.2.0-rc-2024-10-28")
    graph = guest("load-by-name", "tales")
    context = guest("graph.init-execution-context", graph)
    settings = b'{"n-predict": 8, "temp": 0.0}'
    inputs = [
        ("metadata", guest("tensor", [1], "U8", settings)),
        ("0", guest("tensor", [1], "U8", b"Once")),
    ]
    (name, text), (other, figures) = guest("graph-execution-context.compute", context, inputs)
    assert (name, other) == ("0", "metadata")
    assert len(guest("tensor.data", text)) > 8
    assert guest("tensor.data", figures).startswith(b'{"input_tokens": ')
    guest.drop(text, figures, context, graph)
    guest.close()
