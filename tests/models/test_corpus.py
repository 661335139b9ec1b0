"""The corpus generator: deterministic, varied, and right about articles."""

from __future__ import annotations

import random
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.tinytales import lexicon as lx
from scripts.tinytales.chat import conversation_about, converse
from scripts.tinytales.corpus import (
    BEGIN,
    CHAT_TEMPLATE,
    HELD_OUT,
    SPECIAL_TOKENS,
    STOP,
    document,
    documents,
    render_chat,
)
from scripts.tinytales.grammar import article, expand, plural, with_article
from scripts.tinytales.plots import PLOTS, parse
from scripts.tinytales.story import Request, tell

seeds = st.integers(0, 2 * HELD_OUT)


@given(seeds)
def test_the_same_seed_gives_the_same_document(seed):
    assert document(seed) == document(seed)


def test_seeds_give_different_documents():
    texts = list(documents(0, 500))
    long = [text for text in texts if len(text) > 400]
    assert len(long) > 400
    assert len(set(long)) == len(long)


def test_held_out_documents_are_not_among_the_first_of_training():
    trained = {text for text in documents(0, 2000) if len(text) > 400}
    held = {text for text in documents(HELD_OUT, 300) if len(text) > 400}
    assert not trained & held


@given(seeds)
def test_documents_are_clean_text_between_their_marks(seed):
    text = document(seed)
    assert text.startswith(BEGIN)
    assert text.endswith(STOP)
    assert text.encode().decode() == text
    plain = re.sub("|".join(map(re.escape, SPECIAL_TOKENS)), "", text)
    assert not re.search(r"[\[\]{}|<>=]|\(n\)|  | [.,!?]|\.\.\.\.", plain)


@given(seeds)
def test_articles_fit_the_next_word(seed):
    text = document(seed)
    for used, word in re.findall(r"\b([Aa]n?) ([^\W\d_]\w*)", text):
        assert used.lower() == article(word), f"{used} {word}"


@given(seeds)
def test_sentences_of_a_tale_start_with_a_capital(seed):
    text = tell(random.Random(seed)).text
    for paragraph in text.split("\n\n"):
        first = paragraph.lstrip('"¡')[:1]
        assert first.upper() == first
    assert not re.search(r'[.!?] "?[a-z]', text)


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("fox", "a"),
        ("owl", "an"),
        ("unicorn", "a"),
        ("honest", "an"),
        ("hen", "a"),
        ("umbrella", "an"),
        ("one", "a"),
        ("Åsa", "an"),
    ],
)
def test_article(word, expected):
    assert article(word) == expected


def test_with_article_leaves_the_definite_alone():
    assert with_article("the moon") == "the moon"


@pytest.mark.parametrize(
    ("word", "expected"),
    [("fox", "foxes"), ("wolf", "wolves"), ("pony", "ponies"), ("donkey", "donkeys"),
     ("mouse", "mice"), ("bee", "bees")],
)  # fmt: skip
def test_plural(word, expected):
    assert plural(word) == expected


def test_expand_chooses_fills_and_agrees():
    rng = random.Random(1)
    got = {expand("a(n) [{x}|[old|young] {x}]. {he} ran.", rng, {"x": "owl", "he": "she"})
           for _ in range(50)}  # fmt: skip
    assert got == {"An owl. She ran.", "An old owl. She ran.", "A young owl. She ran."}


def test_expand_rejects_an_unknown_field():
    with pytest.raises(KeyError, match="nonsense"):
        expand("{nonsense}", random.Random(1), {})


def test_a_plot_without_lesson_is_rejected():
    with pytest.raises(ValueError, match="lesson"):
        parse("## x none\nSomething happened.\n=who did it")


def test_every_plot_is_told():
    assert len(PLOTS) >= 30
    assert len({plot.name for plot in PLOTS}) == len(PLOTS)
    lessons = {tell(random.Random(seed)).lesson for seed in range(1500)}
    assert lessons == {plot.lesson for plot in PLOTS}


@given(seeds, st.sampled_from(lx.ANIMALS), st.sampled_from(lx.GIRL_NAMES + lx.BOY_NAMES))
def test_a_tale_is_about_what_was_asked_for(seed, kind, name):
    story = tell(random.Random(seed), Request(kind=kind, name=name, look="brave"))
    assert re.search(rf"\ba brave {kind}\b", story.text)
    assert name in story.text
    assert story.kind == kind


@given(seeds, st.sampled_from(lx.OBJECTS + lx.SKIES + lx.PLACES + ("dog",)))
def test_the_second_subject_is_in_the_tale(seed, second):
    story = tell(random.Random(seed), Request(kind="fox", second=second))
    assert second.lower() in story.text.lower()


@given(seeds)
def test_answers_can_be_found_in_the_tale(seed):
    turns = conversation_about(random.Random(seed))
    assert [role for role, _ in turns] == ["user", "assistant"] * 2
    tale, question, answer = (text for _, text in turns[1:])
    match = re.fullmatch(
        r"(?:The (\w+) was|The name of the (\w+) was) ?(?:called )?(\w+)\.", answer
    )
    if question.startswith("What was the") and match:
        kind = match[1] or match[2]
        assert f"{kind}" in question
        assert re.search(rf"\b{kind}\b", tale)
        assert match[3] in tale


@given(seeds)
def test_roles_alternate(seed):
    roles = [role for role, _ in converse(random.Random(seed)) if role != "system"]
    assert roles == ["user", "assistant"] * (len(roles) // 2)
    assert roles


@given(seeds)
def test_the_chat_template_renders_what_training_saw(seed):
    jinja2 = pytest.importorskip("jinja2")
    turns = converse(random.Random(seed))
    messages = [{"role": role, "content": text} for role, text in turns]
    template = jinja2.Template(CHAT_TEMPLATE)
    assert template.render(messages=messages) == render_chat(turns)
    prompt = template.render(messages=messages[:-1], add_generation_prompt=True)
    assert render_chat(turns).startswith(prompt)
