"""The state machine of compute, compute_single and fini_single, at all its edges."""

from __future__ import annotations

import json

import pytest

from tests.backends.ggml.conftest import tensor
from wasinn_nb.backends.ggml.native import native
from wasinn_nb.nn.errors import (
    ContextFull,
    EndOfSequence,
    InvalidArgument,
    InvalidEncoding,
    PromptTooLong,
    UnsupportedOperation,
)
from wasinn_nb.nn.stream import StreamState, TokenStream
from wasinn_nb.nn.tensor import Tensor
from wasinn_nb.nn.types import TensorType


def fill(driver):
    """Single steps to the end; how many returned without an error, and the error."""
    count = 0
    while True:
        try:
            driver.compute_single()
        except (ContextFull, EndOfSequence) as error:
            return count, error
        count += 1


def test_before_any_input(context):
    driver = context()
    assert driver.text == driver.piece == b""
    raw = bytes(driver.context.get_output(1))
    assert raw.startswith(b'{"input_tokens": 0, "output_tokens": 0, "llama_build_number": ')
    members = list(json.loads(raw))
    assert members[:4] == ["input_tokens", "output_tokens", "llama_build_number", "llama_commit"]
    assert members[-1] == "chat_template"
    for call in (driver.compute, driver.compute_single):
        with pytest.raises(InvalidArgument, match="no input"):
            call()
    driver.fini_single()


def test_set_input_counts_tokens_and_ignores_shape_and_type(context):
    driver = context()
    driver.prompt("abcd")
    tokens = driver.metadata["input_tokens"]
    assert tokens > 1
    driver.context.set_input(7, Tensor((9, 9), TensorType.F32, memoryview(b"abcd")))
    assert driver.metadata["input_tokens"] == tokens


def test_an_empty_prompt_is_the_begin_token(context):
    driver = context(n_predict=3)
    assert driver.generate("")
    assert driver.metadata["input_tokens"] == 1


def test_a_context_of_256_holds_252_tokens_after_a_prompt_of_5(context):
    driver = context()
    driver.prompt("1234")
    assert driver.metadata["input_tokens"] == 5
    with pytest.raises(ContextFull) as caught:
        driver.compute()
    assert (caught.value.limit, driver.metadata["output_tokens"]) == (256, 252)
    whole = driver.text
    assert driver.metadata["finish_reason"] == "context_full"

    count, error = fill(driver)
    assert (count, type(error)) == (251, ContextFull)
    assert driver.metadata["output_tokens"] == 252
    assert driver.text == whole
    assert driver.piece
    assert whole.endswith(driver.piece)
    driver.fini_single()
    assert driver.text == driver.piece == b""
    assert driver.metadata["output_tokens"] == 0
    assert driver.metadata["input_tokens"] == 5
    assert driver.metadata["finish_reason"] == "context_full"
    assert driver.metadata["tokens_per_second"] > 0


def test_the_context_size_is_padded_as_llama_cpp_does(context):
    driver = context(ctx_size=300)
    driver.prompt("1234")
    with pytest.raises(ContextFull) as caught:
        driver.compute()
    assert caught.value.limit == 512


def test_a_prompt_must_leave_four_positions(context):
    driver = context()
    driver.prompt("x" * 251)
    assert driver.metadata["input_tokens"] == 252
    driver.settings(n_predict=1)
    driver.compute()
    driver.prompt("x" * 252)
    for call in (driver.compute, driver.compute_single, driver.compute_single):
        with pytest.raises(PromptTooLong) as caught:
            call()
        assert (caught.value.limit, caught.value.actual) == (252, 253)
        assert driver.text == b""


def test_compute_again_gives_the_same_text(context):
    driver = context(n_predict=12)
    first = driver.generate("hello")
    assert driver.generate() == first
    assert driver.metadata["output_tokens"] == 12
    assert driver.metadata["finish_reason"] == "length"


def test_single_steps_give_the_text_of_compute(context):
    driver = context(n_predict=12)
    whole = driver.generate("hello")
    pieces = []
    for _ in range(12):
        driver.compute_single()
        pieces.append(driver.piece)
        assert driver.text == b"".join(pieces)
    assert b"".join(pieces) == whole


def test_n_predict_zero_generates_nothing_and_does_not_bind_single_steps(context):
    driver = context(n_predict=0)
    assert driver.generate("hello") == b""
    assert driver.metadata["output_tokens"] == 0
    driver.compute_single()
    assert driver.metadata["output_tokens"] == 1


def test_fini_single_begins_anew(context):
    driver = context()
    driver.prompt("hello")
    driver.compute_single()
    first = driver.piece
    driver.compute_single()
    driver.fini_single()
    assert driver.piece == b""
    driver.compute_single()
    assert driver.piece == first
    assert driver.metadata["output_tokens"] == 1


def test_a_new_prompt_ends_a_session_and_keeps_the_outputs(context):
    driver = context()
    driver.prompt("hello")
    driver.compute_single()
    driver.compute_single()
    before = driver.text
    driver.prompt("other")
    assert driver.text == before
    driver.compute_single()
    assert driver.metadata["output_tokens"] == 1


def test_the_end_token_is_in_the_text_and_counted(context, tales_path):
    driver = context(tales_path, ctx_size=1024)
    whole = driver.generate("Once upon a time")
    assert driver.metadata["finish_reason"] == "stop"
    tokens = driver.metadata["output_tokens"]
    count, error = fill(driver)
    assert (count, type(error)) == (tokens - 1, EndOfSequence)
    assert driver.text == whole
    assert driver.piece.startswith(b"<")
    assert whole.endswith(driver.piece)
    driver.compute_single()  # starts over
    assert driver.metadata["output_tokens"] == 1


def test_the_end_token_is_not_shown_to_people(context, tales_path):
    stream = TokenStream()
    whole = context(tales_path, stream=stream, ctx_size=1024).generate("Once upon a time")
    assert stream.drain(final=True).encode() + b"<|endoftext|>" == whole


def test_ignore_eos_goes_on(context, tales_path):
    driver = context(tales_path, ctx_size=1024)
    ended = driver.generate("Once upon a time")
    tokens = driver.metadata["output_tokens"]
    longer = driver.generate(ignore_eos=True, n_predict=tokens + 5)
    assert driver.metadata["output_tokens"] == tokens + 5
    assert not longer.startswith(ended)


def test_the_reverse_prompt_stops_and_stays(context, tales_path):
    driver = context(tales_path, ctx_size=1024)
    whole = driver.generate("Once upon a time")
    word = whole.split()[10]
    stopped = driver.generate(reverse_prompt=word.decode())
    assert stopped == whole[: len(stopped)]
    assert stopped.count(word) == 1
    assert word in stopped[-len(word) - 12 :]


def test_settings_are_applied_whole_or_not_at_all(context):
    driver = context(n_predict=4)
    text = driver.generate("hello")
    for bad in ('{"n-predict": 9, "temp": "x"}', '{"n-predict": 9, "grammar": "root ::="x}'):
        with pytest.raises((InvalidArgument, InvalidEncoding)):
            driver.context.set_input(1, tensor(bad))
    for bad in ({"n_predict": 9, "grammar": "x"}, {"n_predict": 9, "cache_type_k": 10}):
        with pytest.raises(InvalidArgument):
            driver.settings(**bad)
    with pytest.raises(UnsupportedOperation):
        driver.settings(n_predict=9, mmproj="/etc/passwd")
    driver.compute()
    assert driver.text == text


def test_unknown_and_model_settings_warn_once(context):
    warnings = []
    driver = context(warn=warnings.append)
    for _ in range(2):
        driver.settings(llama3=True, use_mmap=False, threads=1)
    assert len(warnings) == 2
    assert any("llama3" in text for text in warnings)
    assert any("use-mmap stays True" in text for text in warnings)


@pytest.mark.skipif(native().offloads, reason="this llama.cpp was built for a GPU")
def test_gpu_layers_without_a_gpu_are_noted(context):
    warnings = []
    driver = context(warn=warnings.append, n_predict=1)
    driver.settings(n_gpu_layers=100, main_gpu=0)
    assert warnings == ["n-gpu-layers has no effect: this llama.cpp computes on the CPU."]
    assert driver.generate("hello")


def test_a_context_setting_makes_a_new_native_context(context):
    driver = context(ctx_size=256)
    driver.prompt("x" * 300)
    with pytest.raises(PromptTooLong):
        driver.compute()
    driver.settings(ctx_size=512, n_predict=2)
    driver.compute()
    assert driver.metadata["output_tokens"] == 2


def test_sampler_settings_take_effect_within_a_session(context):
    driver = context(temp=0.0)
    driver.prompt("hello")
    driver.compute_single()
    first = driver.piece
    driver.settings(grammar='root ::= "7"+')
    driver.compute_single()
    assert driver.piece == b"7"
    assert driver.text == first + b"7"


def test_images_and_speech_are_refused_with_words(load):
    for key, value in (("image", "cat.png"), ("tts", True)):
        graph = load()
        with pytest.raises(UnsupportedOperation, match=key):
            graph.create_context(graph.config.overlay({key: value}))
    with pytest.raises(UnsupportedOperation, match="mmproj"):
        load(mmproj="projector.gguf")


def test_outputs_stay_after_close_and_nothing_else_works(context):
    driver = context(n_predict=5)
    text = driver.generate("hello")
    driver.close()
    driver.close()
    assert driver.text == text
    assert driver.metadata["output_tokens"] == 5
    for call in (driver.compute, driver.compute_single, lambda: driver.prompt("x")):
        with pytest.raises(InvalidArgument, match="closed"):
            call()
    driver.fini_single()


def test_the_stream_sees_what_happens(context):
    stream = TokenStream()
    driver = context(stream=stream, n_predict=6)
    text = driver.generate("hello")
    figures = stream.figures()
    assert (figures.tokens, figures.prompt_total, figures.prompt_done) == (6, 6, 6)
    assert (figures.state, figures.finish_reason) == (StreamState.FINISHED, "length")
    assert stream.drain(final=True) == text.decode("utf-8", "replace")
    assert driver.metadata["tokens_per_second"] > 0
    assert driver.metadata["time_to_first_token_ms"] > 0


@pytest.mark.parametrize("model", ["random", "tales"])  # byte fallback, and byte pairs
def test_invalid_utf8_and_nul_bytes_are_a_prompt_like_any_other(request, context, model):
    driver = context(request.getfixturevalue(f"{model}_path"), n_predict=2)
    for data in (b"\xff\xfe\x00abc", b"\xe2\x82", b"\0", b"\xed\xa0\x80"):
        driver.prompt(data)
        driver.compute()
        assert driver.metadata["output_tokens"] == 2


def test_an_interrupt_in_the_token_loop_leaves_the_context_usable(context):
    """Ctrl-C in a script can arrive right after a native call."""
    driver = context(n_predict=10)
    text = driver.generate("hello")
    decode = driver.context._graph.native.decode

    def interrupted(*arguments):
        decode(*arguments)
        raise KeyboardInterrupt

    driver.compute_single()
    driver.context._graph.native.decode = interrupted
    try:
        driver.context._step = driver.context._generator.make_step()
        with pytest.raises(KeyboardInterrupt):
            driver.compute_single()
    finally:
        driver.context._graph.native.decode = decode
    assert driver.generate("hello") == text


def test_pieces_of_split_characters_are_raw_bytes(context):
    driver = context(grammar='root ::= "\\u20ac"+', n_predict=6)
    driver.prompt("x")
    pieces = []
    for _ in range(3):
        driver.compute_single()
        pieces.append(driver.piece)
    assert pieces == [b"\xe2", b"\x82", b"\xac"]


def test_an_absurd_prompt_is_refused_before_it_is_read(context):
    driver = context(n_predict=2)
    driver.prompt("hello")
    with pytest.raises(PromptTooLong):
        driver.prompt(b"x" * 1_000_000)
    driver.compute()
    assert driver.metadata["output_tokens"] == 2
