"""What can follow in a magic's line."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from IPython.core.completer import provisionalcompleter

from tests.support.echo_backend import SCHEMA
from tests.support.tensor_backend import TensorBackend
from wasinn_nb.nn.types import GraphEncoding
from wasinn_nb.notebook import verbs
from wasinn_nb.notebook.completion import MagicMatcher


class Registry:
    """Names only: what completion asks a registry for."""

    def models(self):
        return [SimpleNamespace(name="chat"), SimpleNamespace(name="coder")]

    def describe(self, name):
        return SimpleNamespace(pins={"window": 32})

    def schema(self, name):
        return SCHEMA

    def config(self, name):
        return SCHEMA.resolve(pins={"window": 32})

    def backends(self):
        return {"echo": SimpleNamespace(schema=lambda: SCHEMA), "tensors": TensorBackend()}


HOST = SimpleNamespace(registry=Registry(), guests={"story": None})
NAMES = {"data": b"GGUF", "text": "x", "_hidden": 1, "In": []}
MATCHER = MagicMatcher(lambda: HOST, NAMES)


def complete(before, *, first_line=True):
    fragment, found = MATCHER.complete(before, first_line=first_line)
    assert before.endswith(fragment)
    return [text for text, _ in found]


def test_verbs():
    assert complete("%wasinn ") == list(verbs.verbs())
    assert complete("%wasinn un") == ["unload"]
    assert complete("result = %wasinn r") == ["run"]


def test_languages_and_options_of_a_cell():
    assert complete("%%wasinn ") == list(verbs.languages())
    assert complete("%%wasinn javas") == ["javascript"]
    assert complete("%%wasinn z") == ["zig"]
    assert "--no-stream" in complete("%%wasinn c --no")
    assert "--timeout" not in complete("%%wasinn c --timeout 3 --")
    assert "--env" in complete("%%wasinn c --env A=1 --")
    assert complete("%%wasinn c --compat w") == ["wasmedge", "wasmedge-0.14", "wasmtime"]
    assert complete("%%wasinn c --compat=w") == ["wasmedge", "wasmedge-0.14", "wasmtime"]
    assert complete("%%wasinn c -- --") == []


def test_a_cell_magic_is_completed_on_its_first_line_only():
    assert complete("%%wasinn ", first_line=False) == []
    assert complete("%wasinn un", first_line=False) == ["unload"]


def offered(shell, cell):
    """What IPython shows at the end of a cell."""
    shell.user_ns["printed"] = 1
    with provisionalcompleter():
        return [found.text for found in shell.Completer.completions(cell, len(cell))]


@pytest.fixture(params=[True, False], ids=["jedi", "plain"])
def completing(request, bare_shell):
    """A shell with the extension that completes in either way."""
    bare_shell.run("%load_ext wasinn_nb")
    bare_shell.Completer.use_jedi = request.param
    return bare_shell


@pytest.mark.parametrize("above", ["", "%%time\n", "\n  ", "%%capture out\n\n%%time\n"])
def test_python_s_names_are_not_offered_in_a_guest_s_source(completing, above):
    assert offered(completing, f"{above}%%wasinn z") == ["zig"]
    for body in ("prin", "x.", "\nint main() { prin", "%wasinn un", "#include <o", 'f("prin'):
        assert offered(completing, f"{above}%%wasinn c --name prin\n{body}") == []


@pytest.mark.parametrize(
    "above",
    [
        "",
        "%%time\n",
        "%wasinn models\n",
        "%%wasinn python\n",
        "x\n%%wasinn c\n",
        "%%bash\n%%wasinn c\n",
    ],
)
def test_they_are_where_the_source_is_python(completing, above):
    assert "printed" in offered(completing, f"{above}prin")


def test_model_names():
    assert complete("%wasinn unload ") == ["chat", "coder"]
    assert complete("%wasinn unload chat c") == ["coder"]
    assert complete("%wasinn config co") == ["coder"]
    assert complete("%%wasinn c --model ") == ["default", "chat", "coder"]
    assert complete("%%wasinn c --model default=ch") == ["chat"]


def test_settings_and_their_values():
    assert complete("%wasinn config chat --set sh") == ["shout="]
    assert complete("%wasinn config chat --set shout=") == ["true", "false"]
    assert complete("%wasinn config chat --set window=") == ["32", "64"]
    assert complete("%wasinn config chat --unset ") == ["window"]
    assert "window=" in complete("%wasinn load new some.gguf --set ")


def test_devices_are_those_of_this_machine():
    assert complete("%wasinn load new net.onnx --set dev") == ["device="]
    assert complete("%wasinn load new net.onnx --set device=") == ["AUTO", "CPU"]
    assert complete("%wasinn load new net.onnx --set device=C") == ["CPU"]


def test_sources(monkeypatch):
    monkeypatch.setattr("wasinn_nb.models.builtin_names", lambda: ("tinytales",))
    found = complete("%wasinn load m ")
    assert "builtin:tinytales" in found
    assert "$data" in found
    assert "$text" not in found
    assert complete("%wasinn load m x --encoding gg") == [GraphEncoding.GGML]
    assert complete("%wasinn preload default:gg") == ["GGML:"]
    assert "AUTO:" in complete("%wasinn preload default:GGML:")


def test_variables_and_guests():
    assert complete("%%wasinn c --in ") == ["data", "text"]
    assert complete("%wasinn export ") == ["story"]


def test_a_file_for_a_guest_is_named_after_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "story.wasm").touch()
    (tmp_path / "saved").mkdir()
    assert complete("%wasinn export story ") == ["story.wat", "saved/", "story.wasm"]
    assert complete("%wasinn export story story.wat") == ["story.wat"]
    assert complete("%wasinn export story saved/") == []


def test_paths(tmp_path, monkeypatch):
    (tmp_path / "guest.wasm").touch()
    (tmp_path / "guest.c").touch()
    (tmp_path / "with space").touch()
    (tmp_path / "data").mkdir()
    monkeypatch.chdir(tmp_path)
    assert complete("%wasinn run g") == ["guest.wasm"]
    assert complete("%wasinn run ./g") == ["./guest.wasm"]
    assert complete("%%wasinn c --dir ") == ["data/"]
    assert complete("%wasinn preload m:GGML:CPU:gu") == ["guest.c", "guest.wasm"]


@pytest.mark.parametrize("text", ["wasinn ", "x %wasinn", "%wasinnx l", "%%wasinn", "%timeit "])
def test_other_lines_are_not_ours(text):
    assert complete(text) == []


@given(st.text(max_size=60), st.sampled_from(["%wasinn ", "%%wasinn ", "%wasinn load "]))
def test_any_text_completes_without_an_error(text, head):
    if "\n" not in text:
        complete(head + text)
