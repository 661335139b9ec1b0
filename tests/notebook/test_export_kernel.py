"""Calls of exports in a real kernel: what they generate, and how they are stopped."""

from __future__ import annotations

import pytest

from tests.notebook.conftest import STORY

pytestmark = [
    pytest.mark.timeout(240),
    pytest.mark.parametrize("kernel", ["newest"], indirect=True),
]

DEFINE = """
from tests.guest.run import guests
def teller(name, model):
    text = guests.STREAM.replace("_start", "tell").format(
        prompt="x", prompt_len=1, config="{}", config_len=2)
    text += '(func (export "spin") (loop $again (br $again)))'
    wasm = guests.module(text, "load_by_name_with_config", "init_execution_context",
        "set_input", "compute_single", "get_output_single")
    guest = wasinn_nb.load_guest(wasm, name=name)
    guest.exports.configure(models={"m": model})
    return guest
"""


@pytest.fixture
def teller(kernel):
    assert kernel.run(DEFINE).reply["status"] == "ok"
    kernel.run("%wasinn load told story.echo --encoding ggml --set window=9000")
    kernel.run("%wasinn load slow slow.echo --encoding ggml --set window=9000 --set token-ms=20")
    return kernel


def test_what_a_call_generates_is_seen(teller):
    cell = teller.run("f = teller('f', 'told'); f.exports.tell(); f.exports.last_call.tokens")
    assert cell.reply["status"] == "ok", cell.traceback
    assert STORY in cell.seen
    assert any("tokens" in text for text in cell.slots)
    again = teller.run("f.exports.tell()")
    assert STORY in again.seen


def test_an_interrupt_ends_a_call(teller):
    cell = teller.begin("g = teller('g', 'slow'); g.exports.tell()")
    teller.until(lambda: "word word" in cell.seen or "word word" in cell.streamed)
    teller.interrupt()
    teller.end(cell)
    assert cell.error == "KeyboardInterrupt"
    after = teller.run("print(g.exports.last_call.cancelled_reason, host.runs)")
    assert after.stream() == "interrupt []\n"
    warned = teller.run("g.exports.configure(timeout=0.1); g.exports.spin()")
    assert warned.error == "GuestTimeout"
    assert "starts afresh: its last call was interrupted" in warned.stream("stderr")
