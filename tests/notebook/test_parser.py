"""Parsing of the magics' lines."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from IPython.core.error import UsageError

from wasinn_nb.guest import languages
from wasinn_nb.guest.options import DIALECTS
from wasinn_nb.notebook import verbs
from wasinn_nb.notebook.parser import HelpRequested, expand, split


def parse(verb, line):
    parser = verbs.cell() if verb == "cell" else verbs.verbs()[verb]
    return parser.parse_words(split(line))


def test_load_takes_settings_and_json():
    options = parse("load", "chat m.gguf --set n-gpu-layers=20 --set a=b=c --config '{\"t\": [1]}'")
    assert (options.name, options.source) == ("chat", "m.gguf")
    assert options.set == [("n-gpu-layers", "20"), ("a", "b=c")]
    assert options.config == {"t": [1]}


def test_repeated_options_do_not_leak_into_the_next_line():
    parse("load", "a b --set x=1")
    assert parse("load", "a b").set == []


def test_cell_options():
    options = parse(
        "cell",
        "c --name g --model default=chat --model other --env A=1 --dir d:/w:rw --dir x"
        " --allow-http a.org --allow-http *.b.org:8080,::1"
        " --in v --in w --out r --stdin s --timeout 1.5 --memory-limit 64"
        " --background --no-stream --no-run --compat strict --result res -- -h --name 'two words'",
    )
    assert options.language == "c"
    assert dict(options.model) == {"default": "chat", "other": "other"}
    assert dict(options.dir) == {"d": ("/w", "rw"), "x": ("x", "ro")}
    assert options.allow_http == ["a.org", "*.b.org:8080,::1"]
    assert (options.inputs, options.outputs) == (["v", "w"], ["r"])
    assert (options.timeout, options.memory_limit) == (1.5, 64)
    assert options.background
    assert options.no_stream
    assert options.no_run
    assert options.args == ["-h", "--name", "two words"]


def test_without_model_option_every_model_is_allowed():
    assert parse("cell", "c").model is None


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("data", ("data", ("data", "ro"))),
        ("data:rw", ("data", ("data", "rw"))),
        ("./data:.", ("./data", (".", "ro"))),
        ("/a/b:/w:ro", ("/a/b", ("/w", "ro"))),
    ],
)
def test_directories(text, wanted):
    assert verbs.directory(text) == wanted


@pytest.mark.parametrize(
    ("verb", "line", "said"),
    [
        ("load", "chat", "SOURCE"),
        ("load", "chat m --sett a=b", "Did you mean --set"),
        ("load", "chat m --set a", "'a' is not KEY=VALUE"),
        ("load", "chat m --config [1]", "not a JSON object"),
        ("load", "chat m --config {", "not JSON"),
        ("load", "chat 'm", "No closing quotation"),
        ("cell", "c -- It's", "between quotes of the other kind"),
        ("cell", "c stray", "as in `-- stray`."),
        ("cell", "c --timeout -1", "positive number of seconds"),
        ("cell", "c --memory-limit 1.5", "MiB"),
        ("cell", "c --name a-b", "a name that a variable can have"),
        ("cell", "c --compat firefox", "invalid choice"),
        ("cell", "c --allow-http https://a.org/x", "Write the host alone: a.org"),
        ("cell", "c --allow-http --name g", "expected one argument"),
        ("cell", "", "What is missing is LANGUAGE (one of c, cpp"),
        ("models", "a b", "'b'"),
    ],
)
def test_mistakes_are_usage_errors_that_say_what_to_do(verb, line, said):
    with pytest.raises(UsageError) as caught:
        parse(verb, line)
    assert caught.type is UsageError
    assert said in str(caught.value)


@pytest.mark.parametrize("verb", [*verbs.verbs(), "cell"])
def test_every_parser_has_help_that_names_all_its_options(verb):
    with pytest.raises(HelpRequested) as caught:
        parse(verb, "--help")
    parser = verbs.cell() if verb == "cell" else verbs.verbs()[verb]
    for action in parser.options:
        assert action.option_strings[-1] in caught.value.text
        assert action.help


def test_choices_agree_with_the_floors_below():
    assert tuple(language.name for language in languages.every()) == verbs.languages()
    assert tuple(verbs.DIALECTS) == tuple(DIALECTS)


def test_variables_stand_for_their_values():
    names = {"path": "m.gguf", "n": 3, "data": b"GGUF"}
    assert expand(["$path", "dir/$path", "x=$n", "$$n", "$", "5$", "$data"], names) == [
        "m.gguf",
        "dir/m.gguf",
        "x=3",
        "$n",
        "$",
        "5$",
        "$data",
    ]
    assert expand(["a$unknown"], names) == ["a$unknown"]
    with pytest.raises(UsageError, match="Did you mean path"):
        expand(["$paht"], names)


def test_variables_of_bytes_stay_names_and_others_are_refused():
    names = {"xml": b"<net>", "weights": bytearray(8), "n": 3, "rows": [[0.0, 0.0]]}
    assert expand(["$xml,$weights"], names) == ["$xml,$weights"]
    assert expand(["$n,$n"], names) == ["3,3"]
    with pytest.raises(UsageError, match=r"^\$weights holds bytes"):
        expand(["$n,$weights"], names)
    for word in ("$rows", "x=$rows"):
        with pytest.raises(UsageError, match=r"^\$rows is of type list; .* text, a number, a path"):
            expand([word], names)


def test_options_that_name_a_variable_get_its_name():
    words = ["--in", "$image", "--in=$image", "--env", "A=$n", "--", "--in", "$n"]
    names = {"image": object(), "n": 3}
    naming = verbs.cell().naming
    assert naming == {"--in", "--stdin", "--wit"}
    assert expand(words, names, naming) == [*words[:4], "A=3", "--", "--in", "3"]


@given(st.text(max_size=80), st.sampled_from([*verbs.verbs(), "cell"]))
def test_any_line_parses_or_is_a_usage_error(line, verb):
    with contextlib.suppress(UsageError, HelpRequested):
        assert parse(verb, line).args is not None
