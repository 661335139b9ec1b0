"""Clicks while a cell runs, in real kernels: whether, in which thread, and in which order."""

from __future__ import annotations

import pytest

from tests.notebook.cells import SPINS
from tests.notebook.kernels import PATIENCE

pytestmark = pytest.mark.timeout(240)

OPEN = """
import time
from comm import create_comm
from wasinn_nb.notebook.widgets import clicks
handled = []
def handle(message):
    number = message["content"]["data"]["content"]["n"]
    noted = clicks.measured()
    handled.append((number, "subshell" if noted.subshell else "main", noted.during_cell))
    _wasinn.cancel()
class Nothing:
    def cancel(self): pass
_wasinn = Nothing()
opened = create_comm(target_name="jupyter.widget", comm_id="clicks")
clicks.route(opened)
opened.on_msg(handle)
"""

SLEEPS = """
end = time.monotonic() + {seconds}
print("began", flush=True)
while not handled and time.monotonic() < end: time.sleep(0.2)
"""
COMPUTES = """
end = time.monotonic() + {seconds}
print("began", flush=True)
while not handled and time.monotonic() < end: pass
"""
FEEDS = """
end = time.monotonic() + {seconds}
print("began", flush=True)
while not handled and time.monotonic() < end:
    opened.send({{"figures": 1}})
    time.sleep(0.2)
"""
GUEST = f"%%wasinn c --timeout {{seconds}}\n{SPINS.replace('{', '{{').replace('}', '}}')}"
BLOCKING = {"sleeps": SLEEPS, "computes": COMPUTES, "feeds": FEEDS, "nested": f"%%time\n{GUEST}"}
CELLS = {**BLOCKING, "awaited": GUEST}


@pytest.fixture
def clicking(kernel):
    """The kernel with a comm called ``clicks``, opened by a cell and routed."""
    assert kernel.run(OPEN).error == ""
    yield kernel
    kernel.run("opened.close()")


@pytest.fixture(scope="module")
def subshell(kernel):
    return kernel.subshell()


def click_during(kernel, source, subshell, *, arrives):
    """What was handled while the cell ran; the cell waits for it as long as it makes sense."""
    cell = kernel.begin(source.format(seconds=PATIENCE if arrives else 1))
    kernel.until(cell.stream)
    kernel.say("clicks", {"n": 1}, subshell)
    kernel.end(cell)
    kernel.until(lambda: kernel.run("print(len(handled))").stream() == "1\n")
    return kernel.run("print(*handled[0])").stream().split()


@pytest.mark.parametrize("what", CELLS)
def test_through_a_subshell(clicking, subshell, what):
    if subshell is None:
        pytest.skip("this ipykernel has no subshells")
    assert click_during(clicking, CELLS[what], subshell, arrives=True) == ["1", "subshell", "True"]


@pytest.mark.parametrize("what", CELLS)
def test_without_a_subshell(clicking, what):
    """As VS Code sends them, and JupyterLab what a page says first."""
    arrives = not clicking.version.startswith(("6.", "7.3"))
    found = click_during(clicking, CELLS[what], None, arrives=arrives)
    assert found == (["1", "subshell", "True"] if arrives else ["1", "main", "False"])


def test_a_message_for_a_subshell_that_is_gone_is_not_lost(clicking):
    if clicking.version.startswith(("6.", "7.3")):
        pytest.skip("ipykernel 7.3 drops it")
    gone = clicking.subshell()
    request = clicking.client.session.msg("delete_subshell_request", {"subshell_id": gone})
    clicking.client.control_channel.send(request)
    clicking.client.get_control_msg(timeout=PATIENCE)
    clicking.say("clicks", {"n": 1}, gone)
    clicking.until(lambda: "subshell" in clicking.run("print(*handled)").stream())


def test_messages_of_a_view_are_handled_in_order_whoever_publishes(clicking, subshell):
    cell = clicking.begin(
        FEEDS.replace("not handled", "len(handled) < 100").format(seconds=PATIENCE)
    )
    clicking.until(cell.stream)
    for n in range(100):
        clicking.say("clicks", {"n": n}, subshell)
    if subshell is None:
        clicking.interrupt()
    clicking.end(cell)
    clicking.until(lambda: clicking.run("print(len(handled))").stream() == "100\n")
    assert clicking.run("print([n for n, *_ in handled] == [*range(100)])").stream() == "True\n"
