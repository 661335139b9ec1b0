"""Conversations in C, C++ and Zig: who renders the template, what is sent, what is remembered."""

from __future__ import annotations

import json

import jinja2
import pytest

from tests.sdk.conftest import Driver, outcome
from tests.sdk.scripted_host import Script

# The templates that models of each style carry, for dialogues of an optional system message and
# alternating turns. Without a beginning-of-text token: tokenizers add it themselves.
_EACH = "{% for m in messages %}"
_INST = (
    "{% set sys = messages[0].content if messages[0].role == 'system' else '' %}"
    "{% for m in messages if m.role != 'system' %}{% if m.role == 'user' %}"
    "[INST] {% if loop.first and sys %}OPEN{{ sys }}CLOSE{% endif %}{{ m.content }} [/INST]"
    "{% else %}{{ m.content }}END{% endif %}{% endfor %}"
)
_MARKED = "{{ '<|' + m.role + '|>\n' + m.content + 'END\n' }}{% endfor %}{{ '<|assistant|>\n' }}"


def _inst(opening: str, closing: str, end: str) -> str:
    return _INST.replace("OPEN", opening).replace("CLOSE", closing).replace("END", end)


TEMPLATES = {
    1: _EACH + "{{ '<|im_start|>' + m.role + '\n' + m.content + '<|im_end|>\n' }}{% endfor %}"
    "{{ '<|im_start|>assistant\n' }}",
    2: _inst("<<SYS>>\n", "\n<</SYS>>\n\n", " </s><s>"),
    3: _EACH + "{{ '<|start_header_id|>' + m.role + '<|end_header_id|>\n\n' + m.content + "
    "'<|eot_id|>' }}{% endfor %}{{ '<|start_header_id|>assistant<|end_header_id|>\n\n' }}",
    4: "{% set sys = messages[0].content + '\n\n' if messages[0].role == 'system' else '' %}"
    "{% for m in messages if m.role != 'system' %}{{ '<start_of_turn>' + "
    "('model' if m.role == 'assistant' else 'user') + '\n' + (sys if loop.first else '') + "
    "m.content + '<end_of_turn>\n' }}{% endfor %}{{ '<start_of_turn>model\n' }}",
    5: _EACH + _MARKED.replace("END", "<|end|>"),
    6: _EACH + _MARKED.replace("END", "</s>"),
    7: _inst("", "\n\n", "</s>"),
}

Messages = list[dict[str, str]]


def dialogue(system: str | None, *turns: str) -> Messages:
    roles = ["user", "assistant"]
    head = [{"role": "system", "content": system}] if system else []
    return head + [{"role": roles[i % 2], "content": text} for i, text in enumerate(turns)]


@pytest.mark.parametrize("style", TEMPLATES)
@pytest.mark.parametrize("system", [None, "Be brief."])
def test_the_guest_renders_each_style_as_the_models_template_does(
    driver: Driver, style: int, system: str | None
) -> None:
    script = Script(pieces=[[b" Hi", b"!"], [b" Bye."]])
    env = {"OP": "chat", "STYLE": str(style)} | ({"SYSTEM": system} if system else {})
    lines, done = driver(script, "Hello", "And now?", **env)
    render = jinja2.Environment(keep_trailing_newline=True).from_string(TEMPLATES[style]).render
    assert done.prompts == [
        render(messages=dialogue(system, "Hello")),
        render(messages=dialogue(system, "Hello", " Hi!", "And now?")),
    ]
    assert done.settings == []  # hosts without a template see no unknown key
    assert lines == outcome([b" Hi", b"!"], "end") + outcome([b" Bye."], "end")


def test_the_plain_style_stops_before_the_next_speaker(driver: Driver) -> None:
    script = Script(pieces=[[b" Fine.", b"\nUser: and"]])
    lines, done = driver(script, "How?", OP="chat", STYLE="0", SYSTEM="A talk.")
    assert done.prompts == ["A talk.\n\nUser: How?\nAssistant:"]
    assert lines == outcome([b" Fine."], "stop")


def test_a_host_with_the_models_template_gets_messages(driver: Driver) -> None:
    script = Script(
        pieces=[['"é"\n'.encode() + b"\xff"], [b"ok"]],
        metadata={"note": {"chat_template": ""}, "chat_template": "{{ messages }}"},
    )
    _, done = driver(script, 'Say "é"\t', "Next", OP="chat", SYSTEM="Be brief.")
    assert [json.loads(prompt) for prompt in done.prompts] == [
        dialogue("Be brief.", 'Say "é"\t'),
        dialogue("Be brief.", 'Say "é"\t', '"é"\n\N{REPLACEMENT CHARACTER}', "Next"),
    ]
    assert done.settings == [{"chat": True}]


@pytest.mark.parametrize("metadata", [{"chat_template": ""}, {"chat_template": None}])
def test_a_model_without_a_template_is_rendered_by_the_guest(
    driver: Driver, metadata: dict[str, str | None]
) -> None:
    _, done = driver(Script(metadata=metadata), "Hello", OP="chat")
    assert done.prompts == ["<|im_start|>user\nHello<|im_end|>\n<|im_start|>assistant\n"]


@pytest.mark.parametrize(("limit", "errno"), [("prompt_limit", 102), ("input_limit", 1)])
@pytest.mark.parametrize("op", ["ask", "chat"])
def test_a_turn_that_fails_leaves_the_dialogue_as_it_was(
    driver: Driver, op: str, limit: str, errno: int
) -> None:
    if driver.language == "cpp":
        pytest.skip("without exceptions a failed turn ends the guest")
    script = Script(metadata={"chat_template": "x"})
    setattr(script, limit, 90)
    lines, done = driver(script, "x" * 90, "short", OP=op)
    assert f"(error {errno})" in lines[0]
    assert json.loads(done.prompts[1]) == dialogue(None, "short")
    assert lines[-1] == f"end end {b'Hello there'.hex()}"
