"""File locks: one holder, none stale, every wait can be cancelled."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from wasinn_nb.nn.cancel import CancelToken
from wasinn_nb.nn.errors import Cancelled
from wasinn_nb.nn.locks import file_lock

HOLDER = """
import sys
from pathlib import Path
from wasinn_nb.nn.locks import file_lock
with file_lock(Path(sys.argv[1])) as held:
    print(held, flush=True)
    sys.stdin.read()
"""


def test_threads_exclude_each_other(tmp_path):
    inside = 0
    most = 0
    guard = threading.Lock()

    def work() -> None:
        nonlocal inside, most
        for _ in range(20):
            with file_lock(tmp_path / "lock") as held:
                assert held
                with guard:
                    inside += 1
                    most = max(most, inside)
                with guard:
                    inside -= 1

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 1


def test_a_killed_holder_leaves_no_lock(tmp_path):
    path = tmp_path / "lock"
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[3],
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline().strip() == b"True"
        waited: list[float] = []

        def on_wait(seconds: float) -> None:
            waited.append(seconds)
            if len(waited) == 3:
                holder.kill()

        with file_lock(path, on_wait=on_wait) as held:
            assert held
    assert len(waited) >= 3


def test_a_wait_can_be_cancelled(tmp_path):
    token = CancelToken()
    with file_lock(tmp_path / "lock"):
        timer = threading.Timer(0.05, token.cancel)
        timer.start()
        with pytest.raises(Cancelled), file_lock(tmp_path / "lock", cancel=token):
            pytest.fail("two holders")
    with file_lock(tmp_path / "lock") as held:
        assert held


def test_where_nothing_can_be_locked_the_work_goes_on(tmp_path):
    (tmp_path / "file").touch()
    with file_lock(tmp_path / "file" / "lock") as held:
        assert held is False
