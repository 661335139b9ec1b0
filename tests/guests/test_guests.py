"""The guests of this directory on the real host, with the model that ships."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import wasinn_nb as wn

if TYPE_CHECKING:
    from wasinn_nb import Host, Run

HERE = Path(__file__).parent
MODEL = "guests-tales"


@pytest.fixture(scope="module")
def host() -> Iterator[Host]:
    host = wn.host()
    host.load(MODEL, "builtin:tinytales")
    yield host
    host.unload(MODEL)
    host.forget(MODEL)


def run(name: str, *args: str, **options: Any) -> Run:
    source = HERE / name
    guest = wn.build(source.read_text(encoding="utf-8"), language=source.suffix[1:])
    models = {"default": MODEL}
    return guest.run(args=list(args), **({"models": models, "check": False} | options))


def test_hello() -> None:
    done = run(
        "hello.c", "a b", "c", env={"GREETING": "hi", "EXIT_CODE": "3"}, stdin="x\ny\n", models={}
    )
    assert done.stdout == "GREETING=hi\nargv[1]=a b\nargv[2]=c\nstdin: x\nstdin: y\n"
    assert (done.stderr, done.exit_code) == ("bye\n", 3)


@pytest.mark.usefixtures("host")
def test_streamed_and_whole_text_are_the_same() -> None:
    env = {"n_predict": "24"}
    greedy = wn.build(
        "#include <wasi_nn_llm.h>\n"
        "int main(void) {\n"
        "    wnn_options options = {.max_tokens = 24};\n"
        "    wnn_model model;\n"
        "    wnn_context context;\n"
        "    const char *text;\n"
        '    if (wnn_load(&model, "default") || wnn_open(&context, &model) ||\n'
        '        wnn_configure(&context, "{\\"temp\\": 0}") ||\n'
        '        wnn_generate(&context, "Once upon a time", &options, NULL, NULL) ||\n'
        "        puts(context.text.data) < 0 ||\n"
        '        wnn_complete(&context, "Once upon a time", &options, &text))\n'
        "        return puts(wnn_last_error()), 1;\n"
        "    return puts(text) < 0;\n"
        "}\n",
        language="c",
    ).run(models={"default": MODEL})
    once = greedy.stdout[: len(greedy.stdout) // 2]
    assert len(once) > 20
    assert greedy.stdout == once * 2
    for name in ("generate.c", "generate_blocking.c", "stream.cpp", "generate.zig"):
        done = run(name, "default", "Once upon a time", env=env)
        assert done.exit_code == 0, done.stderr
        assert len(done.stdout) > 20


@pytest.mark.usefixtures("host")
def test_the_second_turn_of_a_chat_evaluates_only_what_is_new() -> None:
    done = run("chat.c", "default", "Tell me a story.", "More.", env={"n_predict": "24"})
    assert done.exit_code == 0, done.stderr
    first, second = (
        dict(pair.split("=") for pair in line.split(": ")[1].split())
        for line in done.stderr.splitlines()
    )
    assert first["host_renders"] == second["host_renders"] == "1"
    assert int(second["cached"]) >= int(first["input"]) + 20


@pytest.mark.usefixtures("host")
def test_embeddings_of_equal_texts_are_equal() -> None:
    done = run("embed.c", "default", "a cat", "a cat", "the sea")
    same, again, other = (line.split() for line in done.stdout.splitlines())
    assert same == again == ["256", "1.000000"]
    assert float(other[1]) < 0.9


@pytest.mark.usefixtures("host")
def test_the_edges_are_those_of_the_reference() -> None:
    expected = (HERE / "errors.wasmedge.txt").read_text(encoding="utf-8").splitlines()
    done = run("errors.c", "default", compat="wasmedge")
    assert done.stdout.splitlines() == expected
    lenient = run("errors.c", "default").stdout.splitlines()
    # Two numberings of tensor types are taken, and a text is cut to the buffer.
    assert set(lenient) ^ set(expected) == {
        "input_f64=0",
        "input_f64=1",
        "output_small_buffer=0",
        "output_small_buffer=7",
    }


@pytest.mark.parametrize(("how", "line"), [("unreachable", 12), ("oob", 16), ("abort", 20)])
def test_traps_name_their_line(how: str, line: int) -> None:
    done = run("trap.c", how, models={})
    assert done.trap is not None
    assert (done.trap.line, done.stdout) == (line, "before\n")


def test_an_exit_code() -> None:
    assert run("trap.c", "exit", models={}).exit_code == 42


def test_much_output_and_files() -> None:
    assert len(run("bigout.c", "2", models={}).stdout) == 2 << 20
    done = run("inout.c", models={}, inputs={"x": bytes(range(256))}, outputs=["y"])
    assert done.stdout == "256 bytes\n"
    assert done.outputs["y"] == bytes(range(255, -1, -1))


def test_exceptions() -> None:
    done = run("exceptions.cpp", "uncaught", models={})
    assert [line.split(":")[0] for line in done.stdout.splitlines()] == ["caught"] * 3
    assert done.trap is not None
    assert (done.trap.line, done.trap.kind) == (8, "uncaught exception")


def test_a_guest_that_never_ends_is_stopped() -> None:
    done = run("spin.c", models={}, timeout=2)
    assert done.stdout == "spinning\n"
    assert done.exit_code is None
