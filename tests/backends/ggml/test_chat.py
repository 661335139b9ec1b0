"""Chat messages through a model's own template."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.random_model import write_random_llama
from wasinn_nb.backends.ggml.chat import parse_messages, render
from wasinn_nb.nn.errors import InvalidArgument, NNError, UnsupportedOperation

MESSAGES = [{"role": "user", "content": "Tell me a story."}]
TOKENS = {"bos_token": "<s>", "eos_token": "</s>"}


def test_the_builtin_model_answers(context, tales_path):
    driver = context(tales_path, ctx_size=1024, chat=True, n_predict=40)
    driver.generate(json.dumps(MESSAGES))
    by_template = driver.metadata["input_tokens"]
    answer = driver.text
    driver.settings(chat=False)
    assert driver.generate("<|user|>\nTell me a story.<|end|>\n<|assistant|>\n") == answer
    assert driver.metadata["input_tokens"] == by_template
    assert driver.metadata["chat_template"].startswith("{%")


def test_the_begin_token_comes_once(context, tmp_path):
    path = tmp_path / "chat.gguf"
    template = "{{ bos_token }}{% for m in messages %}{{ m.content }}{{ eos_token }}{% endfor %}"
    write_random_llama(
        path, n_vocab=300, n_embd=32, n_layer=1, n_head=2, n_ff=32, chat_template=template
    )
    driver = context(path, chat=True)
    driver.prompt('[{"role": "user", "content": "abc"}]')
    assert driver.metadata["input_tokens"] == 5


def test_a_model_without_a_template_says_so(context):
    driver = context(chat=True)
    with pytest.raises(UnsupportedOperation, match="chat template"):
        driver.prompt(json.dumps(MESSAGES))


@pytest.mark.parametrize(
    "data",
    [b"hello", b"{}", b"[]", b"[3]", b'[{"role": "user"}]', b'[{"role": 1, "content": ""}]',
     b'[{"role": "user", "content": ["x"]}]', b"\xff", b"[" * 50_000],
    ids=lambda data: str(data[:20]),
)  # fmt: skip
def test_what_is_no_dialogue_is_refused(context, tales_path, data):
    driver = context(tales_path, chat=True)
    with pytest.raises(InvalidArgument):
        driver.prompt(data)


def test_templates_get_what_they_expect():
    template = (
        "{%- for m in messages %}{% if m.role == 'x' %}{% continue %}{% endif %}"
        "{{ m.content | trim }}{% endfor %}{{ eos_token }}{{ messages | tojson }}"
        "{% if add_generation_prompt %}!{% endif %}{{ strftime_now('%Y') | length }}"
    )
    text = render(
        template, [{"role": "x", "content": "a"}, {"role": "y", "content": " é "}], TOKENS
    )
    assert text.startswith("é</s>[{")
    assert text.endswith("!4")


@pytest.mark.parametrize(
    "template",
    [
        "{{ raise_exception('roles must alternate') }}",
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{% for x in range(10**9) %}{% endfor %}",
        "{{ nothing.at.all }}",
        "{% if %}",
        "{{ 1 / 0 }}",
        "{{ messages.append(1) }}",
    ],
)
def test_templates_that_fail_or_break_out_are_errors(template):
    with pytest.raises(InvalidArgument, match="chat template"):
        render(template, MESSAGES, TOKENS)


@given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_any_bytes_are_messages_or_refused(data):
    try:
        messages = parse_messages(data)
    except NNError:
        return
    assert messages
