"""A real IPython in a terminal: guests run, and Ctrl-C stops one."""

from __future__ import annotations

import sys

import pexpect
import pytest

from tests.notebook.cells import HELLO, SPINS

PROMPT = r"In \[\d+\]: "


@pytest.fixture
def terminal(tmp_path, toolchain_dir):
    command = ["-m", "IPython", "--simple-prompt", "--no-banner", "--no-confirm-exit"]
    command += [f"--ipython-dir={tmp_path}", "--HistoryManager.enabled=False"]
    command += ["--WasinnMagics.warm_up=False", "--ext=wasinn_nb", "--colors=NoColor"]
    child = pexpect.spawn(sys.executable, command, encoding="utf-8", timeout=60, echo=False)
    child.expect(PROMPT)
    yield child
    child.close(force=True)


def send(child, text):
    for line in text.splitlines():
        child.sendline(line)
    child.sendline("")  # one more than enough ends the cell
    child.sendline("")
    child.sendline("")


def test_a_cell_in_a_terminal_and_ctrl_c(terminal):
    send(terminal, f"%%wasinn c -- there\n{HELLO}")
    terminal.expect("hello there\r?\n")
    terminal.expect(PROMPT)
    send(terminal, f"%%wasinn c\n{SPINS}")
    terminal.expect("spinning")
    terminal.sendintr()
    terminal.expect("The cell was interrupted")
    terminal.expect(PROMPT)
    terminal.sendline("_wasinn.state")
    terminal.expect("stopped")
    terminal.expect(PROMPT)
    terminal.sendline("exit")
    terminal.expect(pexpect.EOF)
    assert "Exception ignored" not in terminal.before
