"""Runs in a process that forks, or that has no more threads or files to give."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import threading
import time
from contextlib import suppress

import pytest

from tests.guest.run import guests
from tests.guest.run.test_leaks import held
from wasinn_nb.guest.errors import GuestError, GuestStopped


def test_a_forked_process_does_not_hold_up_the_runs_of_its_parent(runner):
    # it inherits the writing ends of a run's pipes, and keeps them open
    guest = runner.guest(guests.FLOOD)
    with pytest.raises(GuestError):
        guest.run(timeout=0.05)
    before = held()
    run = guest.start(output_limit=1 << 30)
    while not run.stdout_bytes:
        time.sleep(0.001)
    child = os.fork()
    if child == 0:
        time.sleep(60)
        os._exit(0)
    try:
        start = time.monotonic()
        run.cancel()
        run.wait(10)
        assert isinstance(run.error, GuestStopped)
        assert time.monotonic() - start < 3
        assert held() == before
    finally:
        os.kill(child, 9)
        os.waitpid(child, 0)


FORKS = """
import os, sys, time
import wasinn_nb as wn
from tests.guest.run import guests
from tests.guest.run.test_leaks import held
run = wn.load_guest(guests.SPIN).start()
child = os.fork()
if child == 0:
    sys.exit(7)
start = time.monotonic()
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), time.monotonic() - start < 3, run.done)
"""


def test_a_forked_process_ends_when_it_wants_to(root):
    done = subprocess.run(
        # Python 3.12 warns of what is tested here
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", FORKS],
        cwd=root,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("7 True False\n", "")


@pytest.mark.parametrize("which", range(4))
def test_no_more_threads(runner, monkeypatch, which):
    """Each of a run's threads (output, callbacks, guest, compiler) is refused once."""
    original, started = threading.Thread.start, []
    runner.guest(guests.SPIN).start().cancel()
    while runner.active:
        time.sleep(0.001)
    before = held()

    def start(self):
        started.append(self)
        if len(started) == which + 1:
            raise RuntimeError("can't start new thread")
        original(self)

    guest = runner.guest(guests.HELLO)
    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", start)
        with pytest.raises(GuestError, match="can't start new thread"):
            guest.run(on_stdout=print)
    assert not runner.active
    assert held() == before
    assert guest.run().stdout == "hello\n"


def test_no_more_files(runner):
    guest = runner.guest(guests.HELLO)
    guest.run()
    before = held()
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    messages, taken = set(), []
    resource.setrlimit(resource.RLIMIT_NOFILE, (before[0] + 64, limits[1]))
    try:
        with suppress(OSError):
            while True:
                taken.append(os.open(os.devnull, os.O_RDONLY))
        for _ in range(12):
            try:
                guest.run()
            except GuestError as error:
                messages.add(error.message.split(":")[0])
            os.close(taken.pop())
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
        for descriptor in taken:
            os.close(descriptor)
    assert "The run could not be started" in messages
    assert not any("internal error" in message for message in messages)
    assert held() == before
    assert guest.run().stdout == "hello\n"
