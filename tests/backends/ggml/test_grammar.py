"""Grammars and schemas: what passes the check is taken by llama.cpp, and the text follows it."""

from __future__ import annotations

import ctypes
import json
import re

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from llama_cpp import llama_grammar

from wasinn_nb.backends.ggml import sampler
from wasinn_nb.backends.ggml.grammar import check_grammar, schema_to_grammar
from wasinn_nb.backends.ggml.native import native
from wasinn_nb.backends.ggml.schema_numbers import integers, numbers
from wasinn_nb.nn.errors import InvalidArgument, RuntimeFailure

PUBLISHED = sorted(name for name in vars(llama_grammar) if name.endswith("_GBNF"))

NUMBERED = "\n".join(f'r{i} ::= r{i + 1} "a" | r{i + 1} "b"' for i in range(40)) + '\nr40 ::= "x"'

MALFORMED = {
    'root ::= "a': "no end",
    "root ::= [a": "no end",
    "root ::= x": "not defined",
    'x ::= "a"': "no rule named root",
    "": "no rule named root",
    'root ::= root "a"': "left-recursive",
    'root ::= a\na ::= b "x"\nb ::= a? "y" a | a': "left-recursive",
    'root ::= ("a"?)*': "left-recursive",
    'root ::= "x" ("a"*)*': "left-recursive",
    'root ::= "x" "a"**': "left-recursive",
    'root ::= "a"{3,1}': "at least 3",
    'root ::= "a"{99999}': "repetitions",
    'root ::= ("a"{1000}){1000}{3}': "repetitions",
    "root ::= (": r"no '\)'",
    'root ::= "a" )': "end of the line",
    r'root ::= "\q"': "unknown escape",
    r'root ::= "\x4"': "hexadecimal",
    "root ::= *": "nothing stands before",
    "root = 3": "::=",
    "root ::= []": "empty character class",
    'root ::= "a"\0': "NUL",
    "root ::= " + "(" * 5000: "nested",
    "root ::= r0\n" + NUMBERED: "ambiguous",
    "root ::= " + "x" * 300_000: "longer than",
    "line\nroot ::= ": "line 1",
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_grammars_pass(name):
    check_grammar(getattr(llama_grammar, name))


@pytest.mark.parametrize("grammar", sorted(MALFORMED), ids=lambda text: text[:20])
def test_malformed_grammars_are_refused_with_words(grammar):
    with pytest.raises(InvalidArgument, match=MALFORMED[grammar]):
        check_grammar(grammar)


@pytest.mark.parametrize("grammar", sorted(MALFORMED), ids=lambda text: text[:20])
def test_a_context_refuses_them_and_goes_on(context, grammar):
    driver = context(n_predict=2)
    if grammar:
        with pytest.raises(InvalidArgument):
            driver.settings(grammar=grammar)
    driver.generate("hello")
    assert driver.metadata["output_tokens"] == 2


GRAMMAR_TEXT = st.lists(
    st.sampled_from(
        ["root", "a", "b", " ::= ", '"x"', '"', "[a-z]", "[", "]", "(", ")", "*", "+", "?", "|",
         "{2}", "{1,3}", "{", "}", "\n", " ", "#c\n", ".", "<[3]>", "!", "\\n", "^", "-", "\u20ac"]
    ),
    max_size=24,
).map("".join)  # fmt: skip


@settings(max_examples=400, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.just("root ::= ") | st.just(""), GRAMMAR_TEXT)
def test_llama_cpp_takes_whatever_passes(capfd, vocabulary, start, rest):
    try:
        check_grammar(start + rest)
    except InvalidArgument:
        return
    api = native().api
    sampler = api.llama_sampler_init_grammar(vocabulary, (start + rest).encode(), b"root")
    assert sampler
    api.llama_sampler_free(sampler)
    assert capfd.readouterr().err == ""


@pytest.fixture(scope="module")
def vocabulary(tmp_path_factory):
    from benchmarks.random_model import write_random_llama

    path = tmp_path_factory.mktemp("vocabulary") / "model.gguf"
    write_random_llama(path, n_vocab=300, n_embd=32, n_layer=1, n_head=2, n_ff=32)
    api = native().api
    model = api.llama_model_load_from_file(str(path).encode(), api.llama_model_default_params())
    yield api.llama_model_get_vocab(model)
    api.llama_model_free(model)


def test_the_text_follows_the_grammar(context):
    driver = context(temp=1.5, n_predict=40)
    for grammar, pattern in (
        ('root ::= "yes" | "no"', rb"(yes|no)</s>"),
        ("root ::= [0-9]{3,5}", rb"[0-9]{3,5}</s>"),
        ('root ::= "\\u00e9" [\\u00c0-\\u00cf]{2}', rb"\xc3\xa9(\xc3[\x80-\x8f]){2}</s>"),
    ):
        for seed in range(5):
            text = driver.generate("hello", grammar=grammar, seed=seed)
            assert re.fullmatch(pattern, text), text
            assert driver.metadata["finish_reason"] == "stop"
    free = driver.generate(grammar="", seed=3)
    assert not re.fullmatch(rb"[0-9]+</s>", free)


INT = {"type": "integer"}
POINT = {"type": "object", "properties": {"x": INT | {"minimum": -12, "maximum": 105},
                                          "y": {"exclusiveMinimum": 0, "exclusiveMaximum": 2}},
         "required": ["x", "y"]}  # fmt: skip
NODE = {
    "type": "object",
    "required": ["on", "next"],
    "properties": {
        "on": {"type": "boolean"},
        "next": {"anyOf": [{"type": "null"}, {"$ref": "#/$defs/node"}]},
    },
}
SCHEMAS = {
    "types": {"properties": {"a": INT, "b": {"type": ["null", "boolean"]}, "c": {"enum": ["é", 3]}},
              "required": ["a"], "additionalProperties": False},
    "nested": {"properties": {"p": {"$ref": "#/$defs/p"}, "q": {"items": {"$ref": "#/$defs/p"},
                              "minItems": 1, "maxItems": 2}}, "required": ["p", "q"],
               "$defs": {"p": POINT}},
    "recursive": {"$ref": "#/$defs/node", "$defs": {"node": NODE}},
    "pattern": {"type": "string", "pattern": r"^[A-C]{2}-\d+(\.\w|[^\s\"a-z])?$"},
    "alternatives": {"oneOf": [INT | {"maximum": -3, "minimum": -20}, {"const": 'say "hi"\n'}]},
    "formats": {"items": {"type": "string", "format": "date-time"}, "minItems": 2, "maxItems": 2},
    "merged": {"allOf": [POINT, {"properties": {"z": INT}, "required": ["z"]}]},
    "others": {"properties": {"id": INT, "ib": INT}, "required": ["id"],
               "additionalProperties": {"enum": [True]}, "maxProperties": 99},
    "lengths": {"type": "string", "minLength": 3, "maxLength": 6},
    "tuple": {"prefixItems": [INT, {"type": "boolean"}]},
}  # fmt: skip


@pytest.mark.parametrize("name", SCHEMAS)
def test_the_text_is_valid_by_its_schema(context, name):
    driver = context(ctx_size=2048, temp=1.0, n_predict=1500, grammar='root ::= "x"')
    driver.settings(json_schema=json.dumps(SCHEMAS[name]))
    checker = jsonschema.Draft202012Validator(
        SCHEMAS[name], format_checker=jsonschema.FormatChecker()
    )
    ended = 0
    for seed in range(6):
        text = driver.generate("hello", seed=seed)
        if driver.metadata["finish_reason"] == "stop":  # random text goes on and on at times
            ended += 1
            checker.validate(json.loads(text.removesuffix(b"</s>")))
    assert ended


@given(st.integers(-1200, 1200), st.integers(0, 1500), st.integers(-3000, 3000))
def test_integers_between_bounds(low, more, number):
    expression = gbnf_to_regex(integers(low, low + more))
    for value in (low - 1, low, low + more, low + more + 1, number):
        assert bool(re.fullmatch(expression, str(value))) == (low <= value <= low + more)


@given(st.integers(-30, 30), st.integers(1, 30), st.booleans(), st.booleans(), st.floats(-70, 70))
def test_numbers_between_bounds(low, more, open_low, open_high, number):
    high = low + more
    expression = gbnf_to_regex(numbers(low, high, open_low=open_low, open_high=open_high))
    for text in (str(low), str(high), f"{number:.3f}", f"{low}.5", f"{high}.5", f"{low + 0.25}"):
        value = float(text)
        inside = (low < value if open_low else low <= value) and (
            value < high if open_high else value <= high
        )
        if text != "-0.000":
            assert bool(re.fullmatch(expression, text)) == inside, (expression, text)


def gbnf_to_regex(expression):
    """For expressions of literals, classes, groups and repetitions."""
    return re.sub(r'"([^"]*)"', lambda m: f"(?:{re.escape(m[1])})", expression).replace(" ", "")


def test_half_a_surrogate_pair_in_a_schema_is_no_crash(context):
    driver = context(n_predict=30)
    assert driver.generate("x", json_schema='{"const": "\\ud800"}') == b'"\\ud800"</s>'


@pytest.mark.parametrize(
    "schema",
    ["{", "[]", "3", "null", '{"type": "nope"}', '{"$ref": "http://127.0.0.1/x"}',
     '{"$ref": "#/nowhere"}', '{"type": "string", "pattern": "^((("}',
     '{"type": "string", "minLength": 99999}', '{"type": "array", "minItems": 99999, "items": {}}',
     '{"allOf": ' * 3000 + "{}" + "}" * 3000, '{"type": ["x", 3]}'],
    ids=lambda text: text[:24],
)  # fmt: skip
def test_bad_schemas_are_refused(schema):
    with pytest.raises(InvalidArgument):
        schema_to_grammar(schema)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(["type", "properties", "items", "enum", "const", "$ref", "pattern",
                         "minLength", "anyOf", "required", "additionalProperties", "maxItems",
                         "allOf", "oneOf", "minimum", "exclusiveMaximum", "prefixItems", "format"]),
        inner | st.sampled_from(["object", "string", "integer", "^a+$", "#/x", "#"]),
        max_size=4,
    ),
    max_leaves=12,
)  # fmt: skip


@given(JSON)
def test_any_schema_is_converted_or_refused(document):
    try:
        grammar = schema_to_grammar(json.dumps(document))
    except InvalidArgument:
        return
    check_grammar(grammar)


def test_a_dead_end_is_an_error_and_not_an_abort(context):
    # tokens of this vocabulary cannot be drawn once all are banned
    bans = {str(token): False for token in range(512)}
    driver = context(grammar='root ::= "a"', logit_bias=json.dumps(bans))
    driver.prompt("hello")
    with pytest.raises(RuntimeFailure, match="grammar allows none"):
        driver.compute()
    driver.settings(logit_bias="")
    driver.compute()
    assert driver.text == b"a</s>"


def test_states_that_multiply_are_stopped(context, monkeypatch):
    monkeypatch.setattr(sampler, "PATIENCE", 0.1)
    driver = context(ctx_size=1024, logit_bias='{"a": 1000}')
    driver.prompt("hello")
    driver.settings(grammar='root ::= "a" root "b" | "a" root "c" | "d"')
    with pytest.raises(RuntimeFailure, match="ambiguous"):
        driver.compute()
    assert set(driver.text) == set(b"a")
    assert 5 < len(driver.text) < 200


def test_a_finished_grammar_ends_even_if_the_end_token_is_banned(context):
    driver = context(grammar='root ::= "a"', ignore_eos=True, n_predict=5)
    assert driver.generate("hello") == b"a</s>"


def test_the_abort_flag_is_libcs_strlen():
    flag = ctypes.create_string_buffer(2)
    poll = native().abort_callback
    address = ctypes.cast(flag, ctypes.c_void_p)
    assert not poll(address)
    flag[0] = b"1"
    assert poll(address)
