"""Awaited cells in real kernels: results, interrupts, nesting, and where output lands."""

from __future__ import annotations

import time

import pytest

from tests.notebook.cells import (
    HELLO,
    PRINTS_AT_THE_END,
    PRINTS_TOKENS,
    SILENT,
    SPINS,
)
from tests.notebook.conftest import STORY

pytestmark = pytest.mark.timeout(240)

LOAD_STORY = "%wasinn load default story.echo --encoding ggml"
# 5,000 tokens of 20 ms: the natural end is 100 s away
LOAD_SLOW = "%wasinn load default slow.echo --encoding ggml --set window=9000 --set token-ms=20"
SOON = 20.0


def c(source, options=""):
    return f"%%wasinn c {options}\n{source}"


@pytest.fixture(autouse=True)
def clean(kernel):
    yield
    kernel.run("%wasinn unload --all --wait 5")
    kernel.run("for name in host.registry.names(): host.registry.forget(name, wait=5)")


def ok(cell):
    assert cell.reply["status"] == "ok", cell.traceback
    return cell


def test_tokens_come_as_text_with_figures_and_the_run_is_kept(kernel):
    ok(kernel.run(LOAD_STORY))
    cell = ok(kernel.run(c(PRINTS_TOKENS, "--result mine -- once upon")))
    assert cell.stream().split() == f"once {STORY}".split()
    (figures,) = cell.slots
    assert figures.startswith("default · 14 tokens")
    assert ok(kernel.run("print(mine is _wasinn, _wasinn.tokens, _wasinn.state)")).stream() == (
        "True 14 finished\n"
    )


@pytest.mark.parametrize("source", [SILENT, PRINTS_AT_THE_END])
def test_what_the_guest_does_not_print_is_streamed_and_nothing_is_shown_twice(kernel, source):
    ok(kernel.run(LOAD_STORY + " --set token-ms=30"))
    cell = ok(kernel.run(c(source)))
    assert cell.seen.count("went home") == 1
    assert "went home" in cell.slots[0], "it was silent while it generated"
    hidden = ok(kernel.run(c(source, "--no-stream")))
    assert hidden.stream().count("went home") == (1 if source is PRINTS_AT_THE_END else 0)


def test_the_value_of_a_run_is_the_run(kernel, tmp_path):
    path = tmp_path / "guest.wasm"
    ok(kernel.run(c(HELLO, "--name hi --no-run")))
    ok(kernel.run(f"%wasinn export hi {path}"))
    cell = ok(kernel.run(f"r = %wasinn run {path} -- there\nprint(r.stdout, r.exit_code)"))
    assert cell.stream() == "hello there\nhello there\n 0\n"


@pytest.mark.parametrize(
    ("phase", "source"),
    [("decoding", PRINTS_TOKENS), ("computing", SILENT), ("spinning", SPINS)],
)
def test_interrupt_ends_a_run(kernel, phase, source):
    ok(kernel.run(LOAD_SLOW))
    cell = kernel.begin(c(source))
    kernel.until(lambda: len(cell.stream() + cell.streamed) > 5)
    sent = time.monotonic()
    kernel.interrupt()
    kernel.end(cell)
    assert time.monotonic() - sent < SOON
    assert cell.error == "KeyboardInterrupt"
    assert "wasinn_nb" not in cell.traceback
    assert len(cell.stream()) > 5 or cell.slots[0].count("word") > 5, "what came stays"
    assert phase == "spinning" or "interrupted" in cell.slots[0]
    assert ok(kernel.run("print(_wasinn.state, _wasinn.cancelled_reason)")).stream() == (
        "stopped interrupt\n"
    )
    assert ok(kernel.run(c(HELLO))).stream() == "hello you\n"


def test_interrupt_ends_a_build(kernel):
    repeated = "".join(f"#define T{n + 1} {f'T{n} ' * 10}\n" for n in range(6))
    source = f"#define T0 x++;\n{repeated}int main(void) {{ volatile int x = 0; T6 return 0; }}\n"
    cell = kernel.begin(c(source))
    kernel.until(lambda: cell.shown)  # the line that says what is being compiled
    kernel.interrupt()
    kernel.end(cell)
    assert cell.error == "KeyboardInterrupt", cell.reply
    assert ok(kernel.run(c(HELLO))).stream() == "hello you\n"


def test_interrupt_ends_a_load(kernel):
    cell = kernel.begin(LOAD_STORY + " --set load-ms=90000")
    kernel.until(lambda: any("reading" in text for text in cell.shown))
    sent = time.monotonic()
    kernel.interrupt()
    kernel.end(cell)
    assert time.monotonic() - sent < SOON
    assert cell.error == "KeyboardInterrupt"
    assert ok(kernel.run("print(host.registry.models())")).stream() == "[]\n"
    ok(kernel.run(LOAD_STORY))
    assert "went home" in ok(kernel.run(c(PRINTS_TOKENS))).stream()


def test_interrupt_ends_a_load_that_a_guest_asked_for(kernel):
    ok(kernel.run(LOAD_STORY))
    ok(kernel.run("%wasinn config default --set load-ms=90000"))
    cell = kernel.begin(
        c(
            SILENT.replace("wasi_nn_graph graph;", 'puts("begun"); fflush(stdout);').replace(
                "wasi_nn_context context;", "wasi_nn_graph graph; wasi_nn_context context;"
            )
        )
    )
    kernel.until(lambda: "begun" in cell.stream())
    kernel.interrupt()
    kernel.end(cell)
    assert cell.error == "KeyboardInterrupt", cell.traceback


def test_an_interrupted_cell_stops_the_cells_after_it(kernel):
    ok(kernel.run(LOAD_SLOW))
    first = kernel.begin(c(PRINTS_TOKENS))
    second = kernel.begin("print('second')")
    kernel.until(lambda: len(first.stream()) > 5)
    kernel.interrupt()
    kernel.end(first)
    kernel.end(second)
    assert first.error == "KeyboardInterrupt"
    assert second.reply["status"] in ("aborted", "error")


def test_stopping_a_run_lets_the_cell_end_well(kernel):
    ok(kernel.run(LOAD_SLOW))
    ok(
        kernel.run(
            "import threading, time\n"
            "_wasinn = None\n"
            "def stop():\n"
            "    while _wasinn is None or _wasinn.tokens < 5: time.sleep(0.01)\n"
            "    _wasinn.cancel()\n"
            "threading.Thread(target=stop, daemon=True).start()"
        )
    )
    cell = ok(kernel.run(c(PRINTS_TOKENS)))
    assert len(cell.stream()) > 5
    assert ok(kernel.run("print(_wasinn.state)")).stream() == "stopped\n"


@pytest.mark.parametrize("magic", ["%%time", "%%capture captured"])
def test_inside_other_magics(kernel, magic):
    ok(kernel.run(LOAD_STORY))
    cell = ok(kernel.run(f"{magic}\n{c(PRINTS_TOKENS)}"))
    if magic == "%%time":
        assert "went home" in cell.stream()
        assert "Wall time" in cell.stream()
    else:
        assert "went home" not in cell.stream()
        assert "went home" in ok(kernel.run("print(captured.stdout)")).stream()


def test_nested_calls(kernel):
    ok(kernel.run(LOAD_STORY))
    nested = f"get_ipython().run_cell({c(HELLO)!r}); print('after')"
    assert ok(kernel.run(nested)).stream() == "hello you\nafter\n"
    function = f"def f():\n    get_ipython().run_cell_magic('wasinn', 'c', {HELLO!r})\nf()"
    assert ok(kernel.run(function)).stream() == "hello you\n"


def test_interrupt_of_a_nested_run(kernel):
    ok(kernel.run(LOAD_SLOW))
    cell = kernel.begin(f"%%time\n{c(PRINTS_TOKENS)}")
    kernel.until(lambda: len(cell.stream()) > 5)
    kernel.interrupt()
    kernel.end(cell)
    assert cell.error == "KeyboardInterrupt"
    assert ok(kernel.run(c(HELLO))).stream() == "hello you\n"


def test_errors_are_short_and_point_at_the_cell(kernel):
    broken = kernel.run(c("#include <stdio.h>\nint main(void) { return bug; }\n"))
    assert broken.error == "BuildError"
    assert ":3:25: error" in broken.traceback
    assert "int main(void) { return bug; }" in broken.traceback
    assert "^" in broken.traceback
    trapped = kernel.run(
        c('#include <stdio.h>\nint main(void) {\n  puts("x");\n  __builtin_trap();\n}\n')
    )
    assert trapped.error == "GuestTrap"
    assert trapped.stream() == "x\n"
    assert "__builtin_trap();" in trapped.traceback
    exited = kernel.run(c(HELLO, "-- you 3"))
    assert exited.error == "GuestExit"
    for cell in (broken, trapped, exited):
        assert "Traceback" not in cell.traceback
        assert "site-packages" not in cell.traceback
        assert "wasinn_nb/" not in cell.traceback
    # asyncio reports an error that it believes unseen when the future is collected, in any cell
    assert kernel.run("import gc; print(gc.collect() >= 0)").stream("stderr") == ""
    assert not any(cell.stream("stderr") for cell in (trapped, exited))
    assert kernel.run("%wasinn lod").error == "UsageError"
    assert kernel.run("%%wasinn c --nonsense\nint main;").error == "UsageError"


def test_background_runs_print_into_their_own_cells(kernel):
    ok(kernel.run(LOAD_STORY + " --set token-ms=250"))
    begun = [
        ok(kernel.run(c(PRINTS_TOKENS, f"--background --result {name} -- {name}")))
        for name in ("anna", "bert")
    ]
    assert not any("went home" in cell.seen for cell in begun)
    others = [ok(kernel.run(f"import time; time.sleep(0.2); print({n})")) for n in range(3)]
    ended = ok(kernel.run("for run in anna, bert: print(run.wait().state)"))
    for cell, name, other in zip(begun, ("anna", "bert"), ("bert", "anna"), strict=True):
        kernel.until(lambda cell=cell: any("the text ended" in text for text in cell.slots))
        assert "went home" in cell.stream()
        assert name in cell.seen
        assert other not in cell.seen
    assert [cell.seen.split() for cell in others] == [["0"], ["1"], ["2"]]
    assert ended.seen.split() == ["finished"] * 2


def test_a_background_run_that_fails_says_so_in_its_cell(kernel):
    cell = ok(kernel.run(c(HELLO, "--background -- you 3")))
    kernel.until(lambda: "GuestExit" in cell.stream("stderr"))


def test_completion_over_the_protocol(kernel):
    ok(kernel.run(LOAD_STORY))
    for line, wanted in (("%wasinn unload ", ["default"]), ("%%wasinn c --no-s", ["--no-stream"])):
        content = kernel.client.complete(line, reply=True, timeout=SOON)["content"]
        assert content["matches"] == wanted
        assert line[content["cursor_start"] :] in wanted[0]


def test_reloading_the_extension(kernel):
    ok(kernel.run("%reload_ext wasinn_nb"))
    ok(kernel.run(LOAD_STORY))
    assert "went home" in ok(kernel.run(c(PRINTS_TOKENS))).stream()
    ok(kernel.run("%unload_ext wasinn_nb"))
    assert kernel.run("%wasinn models").error == "UsageError"
    ok(kernel.run("%load_ext wasinn_nb"))
    ok(kernel.run("%config WasinnMagics.warm_up = False"))
    assert ok(kernel.run("print(host.models())")).stream() == "[]\n"


def test_other_code_beside_a_line_magic_can_be_interrupted(kernel):
    cell = kernel.begin(f"{LOAD_STORY}\nprint('loaded')\nwhile True: pass")
    kernel.until(lambda: "loaded" in cell.stream())
    kernel.interrupt()
    kernel.end(cell)
    assert cell.error == "KeyboardInterrupt"
