"""How things stand in words, and the static forms of a text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.notebook.told import ToldRun
from wasinn_nb.guest.errors import GuestError, GuestStopped
from wasinn_nb.notebook import markdown
from wasinn_nb.notebook.figures import Standing, of_run, of_stream
from wasinn_nb.notebook.slot_views import bundle

HOSTILE = "<img src=x onerror=alert(1)> </pre><script>alert(2)</script> \x1b[31m\x00 & \u202eabc"


@pytest.mark.parametrize(
    ("standing", "line"),
    [
        (Standing(), "waiting"),
        (Standing(state="building", activity="compiling", elapsed=2), "compiling (2.0 s)"),
        (
            Standing(label="m", state="loading", activity="reading", fraction=0.4, elapsed=1),
            "m \u00b7 reading 40 % (1.0 s)",
        ),
        (
            Standing(state="prompt", prompt_done=1200, prompt_total=5120),
            "reading the prompt, 1,200 of 5,120 tokens",
        ),
        (
            Standing(state="generating", tokens=1245, rate=3400, first_token=0.008),
            "generating 1,245 tokens \u00b7 3,400 tok/s \u00b7 first token after 8 ms",
        ),
        (Standing(state="running", elapsed=3), "running 3.0 s"),
        (
            Standing(
                label="m\x1b",
                state="stopped",
                tokens=1,
                prompt_done=5,
                prompt_total=5,
                prompt_cached=2,
                reason="stopped",
            ),
            "m\\x1b \u00b7 1 token \u00b7 prompt 3 tokens evaluated, 2 cached \u00b7 stopped",
        ),
        (Standing(state="failed", reason="no such file"), "failed \u00b7 no such file"),
    ],
)
def test_how_it_stands_in_words(standing, line):
    assert standing.line() == line


@pytest.mark.parametrize(
    ("state", "reason", "error", "said"),
    [
        ("finished", "", None, "the token limit"),
        (
            "stopped",
            "stop",
            GuestStopped("It was.", reason="stop"),
            "the token limit \u00b7 stopped",
        ),
        (
            "stopped",
            "interrupt",
            GuestStopped("It was.", reason="interrupt"),
            "the token limit \u00b7 interrupted",
        ),
        (
            "stopped",
            "unload",
            GuestStopped("It was.", reason="unload"),
            "the token limit \u00b7 stopped to unload its model",
        ),
        ("failed", "", GuestError("It broke.\nThere."), "It broke."),
    ],
)
def test_why_it_ended(state, reason, error, said):
    run = ToldRun()
    context = run.context()
    run.generates(context, "text", finish="length")
    if reason:
        run.cancel(reason)
    run.ends(state, error)
    standing = of_stream(run, context, latest=True)
    assert (standing.state, standing.reason) == (state, said)
    assert of_run(run).state == state


def test_the_limit_of_a_later_generation_is_counted_from_the_first():
    run = ToldRun()
    context = run.context()
    run.generates(context, "a", "b", "c")
    context.begin_prompt(1, predict_limit=10)
    context.push(b"d")
    standing = of_stream(run, context, latest=True)
    assert (standing.tokens, standing.predict_limit) == (4, 13)


def test_a_context_that_may_go_on_is_not_said_to_have_ended():
    run = ToldRun()
    context = run.context(f"{run.name}/brought along")
    run.generates(context, "text")
    assert of_stream(run, context, latest=True).state == "running"
    assert of_stream(run, context, latest=False).state == "finished"
    run.activity = ("reading another", None)
    assert of_stream(run, context, latest=True).activity == "reading another"
    assert of_stream(run, context, latest=True).label == "brought along"


@pytest.mark.parametrize("rich", [False, True])
def test_nothing_in_a_text_or_a_name_becomes_html(rich):
    html = bundle(Standing(label=HOSTILE, state="finished"), HOSTILE, markdown=rich)["text/html"]
    assert "<img" not in html
    assert "<script" not in html
    assert html.count("</pre>") == (0 if rich else 1)
    assert "\x1b" not in html or rich
    assert "\x00" not in html


@pytest.mark.parametrize(
    "text",
    [
        "[x](javascript:alert(1))",
        "[x](JaVaScRiPt:alert(1))",
        "[x](data:text/html,y)",
        "[x](file:///etc/passwd)",
        "![x](https://example.com/pixel.png)",
        "<javascript:alert(1)>",
        "[x]: vbscript:y\n[x]",
    ],
)
def test_markdown_neither_runs_nor_loads_anything(text):
    html = markdown.rendered(text)
    assert 'href="http' not in html or "<img" not in html
    assert "src=" not in html
    for scheme in ("javascript:", "data:", "file:", "vbscript:"):
        assert f'href="{scheme}' not in html.lower()


@given(st.text(alphabet="[]()!<>`*_\n#-|:ab/&;\"'", max_size=60))
def test_any_markdown_is_rendered_to_known_elements(text):
    html = markdown.rendered(text)
    assert "<script" not in html
    assert "<img" not in html


def test_markdown_that_is_too_long_is_shown_as_text():
    assert markdown.rendered("a" * (markdown.LONGEST + 1)) == ""
    long = bundle(Standing(), "a" * (markdown.LONGEST + 1), markdown=True)
    assert "<pre" in long["text/html"]
