"""Interrupts at many moments of many kinds of cells: each ends the cell, and the next one works.

``python -m benchmarks.interrupts`` does this a hundred times a phase, with real models, and
measures how long it takes.
"""

from __future__ import annotations

import time

import pytest

from tests.notebook.cells import HELLO, PRINTS_TOKENS, SPINS

pytestmark = pytest.mark.timeout(240)

MOMENTS = (0.0, 0.01, 0.03, 0.06, 0.1, 0.15)
"""Seconds after a cell has begun."""

SETTINGS = "--encoding ggml --set window=9000 --set token-ms=20"
USED = f"""
%wasinn load used slow.echo {SETTINGS}
get_ipython().run_cell_magic(
    "wasinn", "c --background --no-stream --model default=used --result beside", {PRINTS_TOKENS!r})
while not beside.tokens: time.sleep(0.01)
"""
WRITES = """#include <stdio.h>
static char block[1 << 20];
int main(void) {
    FILE *out = fopen("/out/y", "wb");
    puts("writing");
    fflush(stdout);
    for (int n = 0; n < 60; n++) fwrite(block, 1, sizeof block, out);
    fclose(out);
    for (;;) {}
}"""


def c(source, options=""):
    return f"%%wasinn c {options}\n{source}"


AFTER = """
held = [user for model in host.models() for user in model.users]
running = [run.name for run in host.runner.active]
print("only that" if held == running == [beside.name] and not beside.done else (held, running))
"""

CELLS = {
    "spinning": c(SPINS),
    "in another magic": f"%%time\n{c(SPINS)}",
    "generating": c(PRINTS_TOKENS, "--model default=used"),
    "loading": f"%wasinn load other story.echo {SETTINGS} --set load-ms=90000",
    "unloading": "%wasinn unload used --wait 90",
    "giving and taking": c(WRITES, "--in x --out y"),
}


@pytest.fixture
def beside(kernel):
    """The kernel, in which a run goes on in the background."""
    ready = kernel.run(f"import time\n{USED}\nx = bytes(60 << 20)")
    assert ready.error == "", ready.traceback
    assert kernel.run(c(SPINS, "--no-run")).error == ""
    assert kernel.run(c(WRITES, "--no-run")).error == ""
    yield kernel
    kernel.run("beside.cancel(); beside.wait()")
    kernel.run("for name in host.registry.names(): host.registry.forget(name, wait=5)")


@pytest.mark.parametrize("what", CELLS)
def test_interrupts_at_many_moments(beside, what):
    for moment in MOMENTS:
        cell = beside.begin(CELLS[what])
        beside.until(lambda cell=cell: cell.of_type("execute_input"))
        # what the kernel does before it awaits the cell is not ours
        time.sleep(0.05 + moment)
        beside.interrupt()
        beside.end(cell)
        assert cell.error == "KeyboardInterrupt", (moment, cell.reply)
        assert "wasinn_nb" not in cell.traceback
        assert beside.run(AFTER).stream() == "only that\n"
        assert beside.run(c(HELLO)).stream() == "hello you\n"
