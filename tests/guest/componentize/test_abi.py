"""``--abi component``: how it is asked for, and that such a guest runs as any does."""

from __future__ import annotations

import time

import pytest

import wasinn_nb as wn
from wasinn_nb.guest.build.errors import BuildError
from wasinn_nb.guest.errors import GuestTimeout, GuestTrap

TALES = "abi-tales"


@pytest.fixture(scope="module")
def host(toolchain_dir):
    host = wn.host()
    host.load(TALES, "builtin:tinytales")
    yield host
    host.forget(TALES)


def built(host, source, language="c", **options):
    return host.build(source, language, **({"abi": "component"} | options))


HELLO = """#include <stdio.h>
int main(int argc, char **argv) { printf("%d %s\\n", argc, argv[1]); return argc == 2 ? 0 : 3; }
"""


def test_a_guest_says_which_abi_it_is_of_and_both_are_kept(host):
    core, made = built(host, HELLO, abi="core"), built(host, HELLO)
    assert (core.abi, made.abi) == ("core", "component")
    assert "c component" in repr(made)
    assert core.key != made.key
    assert made.run(args=["é"]).stdout == core.run(args=["é"]).stdout == "2 é\n"
    assert built(host, HELLO).built.from_cache
    assert made.run(check=False).exit_code == 1
    assert "wasi:cli/run@0.2.0" in made.module.exports


GENERATE = """
#include <string.h>
#include <wasi_nn_llm.h>
int main(void) {
    wasi_nn_graph graph;
    wasi_nn_context context;
    const char *settings = "{\\"temp\\": 0}";
    if (wasi_nn_load_by_name_with_config("m", 1, settings, strlen(settings), &graph)) return 4;
    if (wasi_nn_init_execution_context(graph, &context)) return 5;
    if (wasi_nn_set_input_text(context, 0, "Once upon a time", 16)) return 6;
    for (int i = 0; i < 20; i++) if (wasi_nn_compute_single(context)) return 7;
    return 256 + 3;
}
"""


def test_tokens_are_seen_one_by_one_and_the_exit_code_is_kept(host):
    runs = []
    for abi in ("core", "component"):
        tokens = []
        guest = built(host, GENERATE, abi=abi)
        run = guest.run(models={"m": TALES}, on_token=tokens.append, check=False)
        assert run.tokens == 20
        assert "".join(tokens) == run.text
        runs.append((run.text, run.exit_code))
    assert runs[0] == runs[1]
    assert runs[0][1] == 3
    calls = [call.call for call in run.timeline]
    assert calls.count("compute-single") == 20


TRAP = """#include <wasi_nn.h>
static int divide(int a, int b) {
    return a / b;
}
int main(int argc, char **argv) {
    wasi_nn_unload(0);
    return divide(argc + 6, argc - 1);
}
"""


def test_a_trap_is_at_the_line_of_the_cell(host):
    with pytest.raises(GuestTrap) as raised:
        built(host, TRAP, label="In[7]", first_line=2).run()
    assert raised.value.line == 4
    assert raised.value.trap.kind == "division by zero"


@pytest.mark.parametrize("waiting", ["for (;;) count++;", "sleep(100);", "getchar();"])
def test_a_guest_that_waits_or_computes_can_be_stopped(host, waiting):
    source = f"""#include <stdio.h>
#include <unistd.h>
volatile int count;
int main(void) {{ puts("on"); fflush(stdout); {waiting} return 0; }}
"""
    guest = built(host, source)
    if waiting == "getchar();":
        assert guest.run().exit_code == 0  # there is no input: at its end at once
        return
    with pytest.raises(GuestTimeout) as raised:
        guest.run(timeout=0.3)
    assert not raised.value.run.warnings, "it ended by itself and was not left behind"
    run = guest.start()
    while not run.stdout:
        time.sleep(0.01)
    run.cancel()
    assert run.wait().state == "stopped"
    assert not run.warnings


def test_what_nobody_provides_is_named_when_it_is_built(host):
    source = """__attribute__((import_module("elsewhere"), import_name("f"))) int f(void);
int main(void) { return f(); }
"""
    with pytest.raises(BuildError, match="elsewhere"):
        built(host, source)


def test_a_component_of_wat_and_a_script_stay_what_they_are(host):
    text = '(component (import "wasi:cli/exit@0.2.0" (instance)))'
    assert built(host, text, "wat").wasm == built(host, text, "wat", abi="core").wasm
    assert built(host, "1", "js").run().exit_code == 0


@pytest.mark.parametrize(
    ("wit", "said"),
    [
        ("world x { export f: func(a: nothing); }", "nothing"),
        ("interface x {}", "0 worlds"),
        ("world x { export f: func(); }", "f"),
    ],
)
def test_a_world_that_is_wrong_or_is_not_exported_is_refused(host, wit, said):
    with pytest.raises(BuildError, match=said):
        built(host, HELLO, wit=wit)
