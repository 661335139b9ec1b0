"""``wasinn:llm``: what its calls mean, the fast way and the package's."""

from __future__ import annotations

import math

import pytest

from tests.abi.wit.component import Fault, record
from tests.abi.wit.conftest import config, options
from wasinn_nb.nn.types import GraphEncoding

pytestmark = pytest.mark.usefixtures("way")


def failed(answer):
    assert isinstance(answer, Fault)
    assert answer.value[0] == "failed"
    return answer.value[1]["code"], answer.value[1]["message"]


def test_tokens_are_pulled_one_by_one(llm, run):
    stream = llm.generate(llm.context())
    tokens, end = llm.pull(stream)
    assert [token["bytes"] for token in tokens] == [b"hey ", b"you ", b"and ", b"then ", b"some "]
    assert tokens[0] == {"id": 3, "bytes": b"hey ", "text": "hey ", "log-probability": None}
    assert end == ("end-of-sequence", None)
    assert llm("token-stream.next", stream) == Fault(end)
    assert llm("token-stream.usage", stream) == {
        "prompt-tokens": 2,
        "cached-tokens": 0,
        "generated-tokens": 5,
        "time-to-first-token": None,
        "tokens-per-second": None,
        "finish": "end",
    }
    # the view shows what it shows of any guest
    assert run.transcript.text == "hey you and then some </s>"
    assert run.transcript.tokens == 6
    assert run.metadata == {"input_tokens": 2, "output_tokens": 6}
    assert run.last_error is None


def test_log_probabilities_come_when_they_are_asked_for(llm):
    stream = llm.generate(llm.context(), log_probabilities=True)
    tokens, _ = llm.pull(stream)
    assert [t["log-probability"] for t in tokens] == pytest.approx([math.log(0.5)] * 5)


def test_nothing_is_computed_ahead_of_the_guest(llm, run):
    stream = llm.generate(llm.context())
    assert run.transcript.tokens == 1  # so that generate can say what is wrong with the prompt
    llm("token-stream.next", stream)
    assert run.transcript.tokens == 1
    llm("token-stream.next", stream)
    assert run.transcript.tokens == 2


def test_a_limit_of_tokens(llm, run):
    stream = llm.generate(llm.context(), limit=2)
    tokens, end = llm.pull(stream)
    assert (len(tokens), end[0]) == (2, "end-of-sequence")
    assert llm("token-stream.usage", stream)["finish"] == "length"
    assert run.transcript.streams[0].finish_reason == "length"
    assert run.transcript.tokens == 2


def test_the_settings_limit_holds_where_the_options_have_none(llm):
    context = llm.context(n_predict=3)
    assert len(llm.pull(llm.generate(context))[0]) == 3
    assert len(llm.pull(llm.generate(context, limit=4))[0]) == 4
    assert llm("context.configure", context, config(n_predict=0)) is None
    stream = llm.generate(context)
    assert llm.pull(stream) == ([], ("end-of-sequence", None))
    assert llm("token-stream.usage", stream)["finish"] == "length"


@pytest.mark.parametrize(
    ("stops", "text"),
    [
        (["then"], "hey you and "),
        (["and then"], "hey you "),
        (["d th"], "hey you an"),
        (["hey"], ""),
        (["nothing like it"], "hey you and then some "),
        (["you and nobody", "some"], "hey you and then "),
        (["en some", "then"], "hey you and "),
        (["some !"], "hey you and then some "),
        (["e y", "y you"], "he"),
    ],
)
def test_a_stop_text_ends_the_text_before_it(llm, run, stops, text):
    stream = llm.generate(llm.context(), stop=stops)
    tokens, end = llm.pull(stream)
    assert b"".join(token["bytes"] for token in tokens).decode() == text
    assert "".join(token["text"] for token in tokens) == text
    assert end[0] == "end-of-sequence"
    stopped = text != "hey you and then some "
    assert llm("token-stream.usage", stream)["finish"] == ("stop" if stopped else "end")
    assert run.transcript.streams[0].finish_reason == "stop"


def test_tokens_that_may_become_a_stop_text_are_not_lost_at_a_limit(llm):
    stream = llm.generate(llm.context(), stop=["you and then you"], limit=4)
    assert llm.text(stream) == "hey you and then "


@pytest.mark.parametrize("stops", [[""], ["x"] * 65, ["x" * 5000]])
def test_stop_texts_that_make_no_sense_are_refused(llm, stops):
    assert failed(llm.generate(llm.context(), stop=stops))[0] == "invalid-argument"


def test_text_is_whole_characters(llm, registry, tmp_path):
    path = tmp_path / "split.gguf"
    path.write_bytes(b"ECHO \xc3\xa9")
    registry.register("split", path, encoding=GraphEncoding.GGML)
    stream = llm.generate(llm.context("split"), "a")
    assert llm.text(stream) == "a \xe9 "


def test_chat_goes_through_the_backends_template(llm):
    context = llm.context()
    say = [record(role="user", content="hi"), record(role="assistant", content="you")]
    stream = llm("context.chat", context, say, options())
    assert llm.text(stream) == "user: hi assistant: you and then some "
    assert llm.text(llm.generate(context)) == "hey you and then some "
    assert llm("context.configure", context, config(temperature=0.5)) is None
    stream = llm("context.chat", context, say, options(limit=2))
    assert llm.text(stream) == "user: hi "
    assert llm("context.configure", context, config(json='{"chat": true}')) is None
    assert llm.text(llm.generate(context, limit=1)) == "hey "
    assert llm("context.configure", context, config(json='{"chat": true}')) is None
    assert llm.text(llm.generate(context, limit=1)) == "hey "


def test_embeddings_come_beside_the_text(llm):
    context = llm.context()
    stream = llm.generate(context)
    llm("token-stream.next", stream)
    vector = llm("context.embed", context, "one two three")
    assert vector == pytest.approx([3 / math.hypot(3, 11), 11 / math.hypot(3, 11)])
    assert llm.text(stream) == "you and then some "
    assert llm("context.embed", context, "one") == pytest.approx([1 / 10**0.5, 3 / 10**0.5])


def test_a_model_describes_itself(llm):
    assert llm("model.describe", llm.model()) == {
        "name": "m",
        "encoding": "ggml",
        "architecture": "echo",
        "quantization": "",
        "device": "CPU",
        "parameters": 0,
        "size": 18,
        "context-length": 0,
        "layers": 0,
        "vocabulary": 0,
        "embedding-length": 0,
        "has-chat-template": False,
    }


# -- settings ----------------------------------------------------------------------------------


def test_typed_settings_win_over_json(llm, registry):
    context = llm.context(temperature=0.1, json='{"temp": 0.9, "window": 9, "window": 7}')
    [holder] = registry._table.get("m").leases
    assert (holder.config["temp"], holder.config["window"]) == (0.1, 9)
    tokens, end = llm.pull(llm.generate(context))
    assert (len(tokens), end) == (5, ("end-of-sequence", None))


def test_settings_of_the_load_come_too_late_for_a_context(llm):
    context = llm.context(json='{"shout": true}')
    assert llm.text(llm.generate(context, limit=1)) == "HEY "
    code, text = failed(llm("context.configure", context, config(json='{"shout": false}')))
    assert (code, "shout belongs to loading" in text) == ("invalid-argument", True)


def test_changed_settings_hold_from_then_on_and_end_the_stream(llm):
    context = llm.context()
    stream = llm.generate(context)
    assert llm("context.configure", context, config(json='{"window": 7}')) is None
    assert llm("token-stream.next", stream) == Fault(("cancelled", None))
    _, end = llm.pull(llm.generate(context))
    assert end == ("context-full", {"limit": 7, "actual": 7})


@pytest.mark.parametrize(
    ("settings", "code"),
    [
        ({"json": "{"}, "invalid-encoding"),
        ({"json": "[" * 100_000}, "invalid-encoding"),
        ({"json": "[]"}, "invalid-argument"),
        ({"json": '{"temp": "hot"}'}, "invalid-argument"),
        ({"json": '{"temp": NaN}'}, "invalid-encoding"),
        ({"json": " " * 5_000_000}, "invalid-argument"),
        ({"temperature": math.inf}, "invalid-argument"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_settings_that_are_none_are_refused_and_change_nothing(llm, settings, code):
    assert failed(llm.model(**settings))[0] == code
    context = llm.context()
    stream = llm.generate(context)
    assert failed(llm("context.configure", context, config(**settings)))[0] == code
    assert llm.text(stream) == "hey you and then some "


# -- errors ------------------------------------------------------------------------------------


def test_a_model_that_nobody_knows(llm, run):
    assert llm.model("nobody") == Fault(("model-not-found", "nobody"))
    assert run.last_error.function == "model.load"
    assert "There is no model named 'nobody'" in run.last_error.message
    assert failed(llm.model("n" * 5000))[0] == "invalid-argument"


def test_a_model_that_is_not_there_any_more(llm, tmp_path):
    (tmp_path / "m.gguf").unlink()
    assert llm.model() == Fault(("model-not-found", "m"))


def test_a_model_that_others_use_otherwise(llm, registry):
    other = registry.acquire("m", holder="somebody")
    assert llm.model(json='{"shout": true}') == Fault(("busy", ["somebody"]))
    other.release()
    llm.drop(llm.model(json='{"shout": true}'))


def test_a_prompt_that_is_too_long_leaves_the_context_usable(llm):
    context = llm.context(json='{"window": 8}')
    answer = llm.generate(context, "one two three four five")
    assert answer == Fault(("prompt-too-long", {"limit": 4, "actual": 5}))
    assert llm.text(llm.generate(context, "one")) == "one and then some "


def test_a_full_context_is_told_after_its_last_token(llm):
    stream = llm.generate(llm.context(json='{"window": 5}'), "hey")
    tokens, end = llm.pull(stream)
    assert [token["text"] for token in tokens] == ["hey ", "and ", "then ", "some "]
    assert end == ("context-full", {"limit": 5, "actual": 5})
    assert llm("token-stream.next", stream) == Fault(end)
    assert llm("token-stream.usage", stream)["finish"] == "context-full"


def test_a_failure_stays_one(llm, backend):
    stream = llm.generate(llm.context())
    [context] = backend.graphs[-1].open_contexts
    context.prompt = None
    tokens, end = llm.pull(stream)
    assert (len(tokens), end[0], end[1]["code"]) == (1, "failed", "invalid-argument")
    context.prompt = [b"x"]
    assert llm("token-stream.next", stream) == Fault(end)
    assert llm("token-stream.usage", stream)["finish"] == "failed"


def test_a_model_of_tensors_has_no_tokens(llm, registry, tmp_path, monkeypatch):
    model = llm.model()
    info = registry._table.get("m").leases[0].info
    object.__setattr__(info, "encoding", GraphEncoding.OPENVINO)
    code, text = failed(llm("model.open", model))
    assert (code, "does not make text" in text) == ("unsupported-operation", True)
    object.__setattr__(info, "encoding", GraphEncoding.GGML)


# -- lifetimes ---------------------------------------------------------------------------------


def users(registry):
    return len(registry.describe("m").users)


def contexts(backend):
    return len(backend.graphs[-1].open_contexts)


def test_cancel(llm, run):
    context = llm.context()
    stream = llm.generate(context)
    llm("token-stream.cancel", stream)
    assert llm.pull(stream) == ([], ("cancelled", None))
    assert llm("token-stream.usage", stream)["finish"] == "cancelled"
    assert run.transcript.streams[0].finish_reason == "cancelled"
    assert llm.text(llm.generate(context)) == "hey you and then some "


def test_another_stream_ends_the_first(llm):
    context = llm.context()
    first = llm.generate(context, "one")
    second = llm.generate(context, "two")
    assert llm.pull(first) == ([], ("cancelled", None))
    assert llm.text(second) == "two and then some "
    # figures are of the stream that is asked
    assert llm("token-stream.usage", first)["generated-tokens"] == 1
    llm.drop(first)
    third = llm.generate(context, "three")
    llm.drop(second)
    assert llm.text(third) == "three and then some "


def test_finish_ends_the_stream_and_says_how_it_went(llm):
    context = llm.context()
    stream = llm.generate(context)
    llm("token-stream.next", stream)
    assert llm("token-stream.finish", stream)["generated-tokens"] == 1
    assert not llm.session._llm.streams
    assert llm.text(llm.generate(context)) == "hey you and then some "


def test_everything_ends_when_it_is_dropped(llm, registry, backend):
    model = llm.model()
    context = llm("model.open", model)
    stream = llm.generate(context)
    assert (users(registry), contexts(backend)) == (1, 1)
    llm("context.embed", context, "x")
    assert contexts(backend) == 2
    llm.drop(stream)
    llm.drop(context)
    assert (users(registry), contexts(backend)) == (1, 0)
    llm.drop(model)
    assert users(registry) == 0
    assert not backend.graphs[-1].closed


def test_what_is_needed_lives_as_long_as_what_needs_it(llm, registry, backend):
    model = llm.model()
    context = llm("model.open", model)
    llm.drop(model)
    stream = llm.generate(context)
    llm.drop(context)
    assert (users(registry), contexts(backend)) == (1, 1)
    assert llm.text(stream) == "hey you and then some "
    llm.drop(stream)
    assert (users(registry), contexts(backend)) == (0, 0)


def test_unload_frees_the_model_and_its_contexts_answer_errors(llm, backend):
    model = llm.model()
    context = llm("model.open", model)
    stream = llm.generate(context)
    assert llm("model.unload", model) is None
    assert backend.graphs[-1].closed
    tokens, end = llm.pull(stream)
    assert (len(tokens), end[0]) == (1, "failed")
    for answer in (
        llm.generate(context),
        llm("context.embed", context, "x"),
        llm("context.configure", context, config(temperature=1.0)),
    ):
        assert failed(answer)[0] == "invalid-argument"
    llm.drop(stream, context)
    llm.drop(llm.model())
    assert backend.loads == 2


def test_what_a_guest_holds_ends_with_it(llm, registry, backend):
    context = llm.context()
    llm.generate(context)
    llm("context.embed", context, "x")
    llm.close()
    assert (users(registry), contexts(backend)) == (0, 0)
    assert not any(llm.session._llm.tables)


def test_a_guest_that_keeps_everything_is_told(llm, monkeypatch):
    for table in llm.session._llm.tables:
        table._limit = 1
    model = llm.model()
    context = llm("model.open", model)
    llm.generate(context)
    for answer in (llm.model(), llm("model.open", model), llm.generate(context)):
        code, text = failed(answer)
        assert (code, "The guest holds 1" in text) == ("missing-memory", True)


def test_calls_are_on_the_timeline_under_their_own_names(llm, run):
    stream = llm.generate(llm.context())
    llm.pull(stream)
    llm.drop(stream)
    counts = {name: totals.count for name, totals in run.calls.totals.items()}
    assert counts == {
        "model.load": 1,
        "model.open": 1,
        "context.generate": 1,
        "token-stream.next": 6,
        "token-stream.drop": 1,
    }
