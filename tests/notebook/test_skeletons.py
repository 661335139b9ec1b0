"""The guest cells that JupyterLab inserts build, run, and go on with the text they are given."""

from __future__ import annotations

from pathlib import Path

import pytest

import wasinn_nb as wn
from wasinn_nb.guest import languages

FOLDER = Path(__file__).parents[2] / "labextension" / "src" / "skeletons"
LANGUAGES = [language.name for language in languages.every()]


@pytest.fixture(scope="module")
def host():
    host = wn.host()
    host.load("skeletons", "builtin:tinytales", config={"seed": 1, "n-predict": 100})
    yield host
    host.forget("skeletons")


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_skeleton_continues_the_text_that_it_is_given(host, language):
    source = (FOLDER / f"guest.{language}").read_text()
    guest = host.build(source, language=language)
    prompt = "Once upon a time, there was a clockmaker's donkey"
    run = guest.run(args=[prompt], models={"default": "skeletons"})
    assert run.tokens > 20
    assert run.stdout.startswith(prompt)
    assert run.stdout.removeprefix(prompt) == run.text


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_skeleton_says_what_is_missing(host, language):
    source = (FOLDER / f"guest.{language}").read_text()
    run = host.build(source, language=language).run(models={}, check=False)
    assert run.exit_code != 0
    if language != "wat":  # which has only the number
        assert "default" in f"{run.stderr}{run.error}"
