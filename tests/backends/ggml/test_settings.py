"""The dialect's keys, and what becomes of a configuration on this machine."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wasinn_nb.backends.ggml.params import normalised, tensor_split
from wasinn_nb.backends.ggml.settings import DIALECT_KEYS, OWN, schema
from wasinn_nb.nn.errors import InvalidArgument, NNError
from wasinn_nb.nn.settings import Scope

SCHEMA = schema()


def test_the_dialect_has_180_keys():
    assert len(SCHEMA) - len(OWN) == DIALECT_KEYS


def test_every_setting_explains_itself_and_has_a_valid_default():
    for setting in SCHEMA.values():
        assert setting.help
        if setting.default is not None:
            assert setting.check(setting.default) == setting.default
        for name, number in setting.names.items():
            assert setting.parse(name) == setting.check(number) == number


@pytest.mark.parametrize(
    ("key", "default", "scope"),
    [
        ("temp", 0.8, Scope.REQUEST),
        ("top-k", 40, Scope.REQUEST),
        ("top-p", 0.95, Scope.REQUEST),
        ("min-p", 0.05, Scope.REQUEST),
        ("n-predict", -1, Scope.REQUEST),
        ("seed", 0xFFFFFFFF, Scope.REQUEST),
        ("ctx-size", 0, Scope.CONTEXT),
        ("batch-size", 2048, Scope.CONTEXT),
        ("embedding", False, Scope.CONTEXT),
        ("n-gpu-layers", -1, Scope.MODEL),
        ("use-mmap", True, Scope.MODEL),
    ],
)
def test_defaults_and_scopes(key, default, scope):
    assert SCHEMA[key].default == default
    assert SCHEMA[key].scope is scope


@pytest.mark.parametrize("key", ["temp", "top-p", "repeat-penalty", "presence-penalty"])
def test_negative_values_are_clamped(key):
    assert SCHEMA[key].check(-3) == 0


@pytest.mark.parametrize(
    "text",
    [
        '{"ctx-size":"a"}', '{"temp":"a"}', '{"ctx-size":256.5}', '{"embedding":1}',
        '{"flash-attn":true}', '{"temp":null}', '{"split-mode":"columns"}', '{"ctx-size":-1}',
    ],
)  # fmt: skip
def test_wrong_types_and_values_are_invalid_arguments(text):
    with pytest.raises(InvalidArgument):
        SCHEMA.parse_guest(text.encode())


def test_files_are_not_a_guests_to_name():
    assert SCHEMA.parse_guest(b'{"lora": "/etc/passwd"}').unknown == ("lora",)


def test_without_a_gpu_nothing_is_offloaded():
    config = SCHEMA.resolve(load={"n-gpu-layers": 99, "main-gpu": 3, "tensor-split": "3,2"})
    here = normalised(config, offloads=False)
    assert (here["n-gpu-layers"], here["main-gpu"], here["tensor-split"]) == (0, 0, "")
    there = normalised(config, offloads=True)
    assert (there["n-gpu-layers"], there["tensor-split"]) == (99, "3,2")


def test_threads_have_a_default_and_prompts_follow_generation():
    usual = normalised(SCHEMA.resolve(), offloads=False)
    assert usual["threads"] >= 1
    assert usual["threads-batch"] == usual["threads"]
    one = normalised(SCHEMA.resolve(load={"threads": 1}), offloads=False)
    assert (one["threads"], one["threads-batch"]) == (1, 1)


def test_normalising_twice_changes_nothing():
    once = normalised(SCHEMA.resolve(load={"flash-attn": "enabled"}), offloads=False)
    assert normalised(once, offloads=False) == once
    assert once["flash-attn"] == "on"


@pytest.mark.parametrize(
    "values",
    [
        {"cache-type-k": 10},
        {"cache-type-v": 42},
        {"cache-type-v": 8, "flash-attn": "off"},
        {"tensor-split": ",".join("1" * 17)},
        {"tensor-split": "one,two"},
        {"tensor-split": "-1"},
        {"tensor-split": "nan"},
    ],
)
def test_contradictions_are_refused(values):
    with pytest.raises(InvalidArgument):
        normalised(SCHEMA.resolve(load=values), offloads=True)


@given(st.text(alphabet="0123456789.,- einfa", max_size=20))
def test_any_tensor_split_is_read_or_refused(text):
    try:
        shares = tensor_split(text, limit=16)
    except InvalidArgument:
        return
    assert all(0 <= share < float("inf") for share in shares)


@given(st.dictionaries(st.sampled_from(sorted(SCHEMA)), st.none() | st.booleans() | st.integers()
                       | st.floats() | st.text(max_size=8), max_size=6))  # fmt: skip
def test_any_guest_configuration_is_taken_or_refused(document):
    try:
        parsed = SCHEMA.parse_guest(json.dumps(document).encode("utf-8", "surrogatepass"))
        config = normalised(SCHEMA.resolve(guest=parsed.values), offloads=False)
    except NNError:
        return
    assert set(config.values) == set(SCHEMA)


def test_importing_the_backend_imports_no_library():
    code = (
        "import sys; from wasinn_nb.backends import catalog; catalog()['ggml'].schema();"
        "assert not {'llama_cpp', 'numpy', 'jinja2'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
