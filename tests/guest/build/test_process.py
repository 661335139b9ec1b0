"""Compilers as processes."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from wasinn_nb.guest.build.process import run
from wasinn_nb.nn.cancel import CancelToken
from wasinn_nb.nn.errors import Cancelled


def python(code: str, tmp_path: Path, **options: object):
    return run([sys.executable, "-c", code], cwd=tmp_path, env={"A": "1"}, **options)


def test_output_status_and_environment(tmp_path):
    code = "import os, sys; print(os.environ['A'], os.getcwd()); sys.stderr.write('é'); sys.exit(3)"
    done = python(code, tmp_path)
    assert done.returncode == 3
    assert done.output.replace("é", "").strip() == f"1 {tmp_path.resolve()}"
    assert "é" in done.output


def test_nothing_of_our_environment_is_passed_on(tmp_path, monkeypatch):
    monkeypatch.setenv("WASINN_SECRET", "s")
    assert "WASINN_SECRET" not in python("import os; print(dict(os.environ))", tmp_path).output


def test_output_is_bounded_and_the_process_ends(tmp_path):
    done = python("import sys; [sys.stdout.write('x' * 65536) for _ in range(64)]", tmp_path)
    assert done.returncode == 0
    assert len(done.output) == 1 << 20


def test_stdin_is_empty(tmp_path):
    assert python("import sys; print(repr(sys.stdin.read()))", tmp_path).output.strip() == "''"


@pytest.mark.parametrize("background", [False, True])
def test_cancel_kills_the_children_too(tmp_path, background):
    code = (
        "import subprocess, sys\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        f"open({str(tmp_path / 'pid')!r} + '~', 'w').write(str(child.pid))\n"
        f"import os; os.replace({str(tmp_path / 'pid')!r} + '~', {str(tmp_path / 'pid')!r})\n"
        "child.wait()\n"
    )
    token = CancelToken()
    ended: list[float] = []

    def on_tick(_: float) -> None:
        if (tmp_path / "pid").exists() and not ended:
            ended.append(time.monotonic())
            token.cancel("interrupt")

    with pytest.raises(Cancelled) as caught:
        python(code, tmp_path, cancel=token, on_tick=on_tick, background=background)
    assert caught.value.reason == "interrupt"
    pid = int((tmp_path / "pid").read_text())
    for _ in range(200):
        if not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
            break
        time.sleep(0.01)
    else:
        pytest.fail("the compiler's child is still running")


def test_cancelled_before_it_began(tmp_path):
    token = CancelToken()
    token.cancel()
    with pytest.raises(Cancelled):
        python(f"open({str(tmp_path / 'made')!r}, 'w')", tmp_path, cancel=token)
    assert not (tmp_path / "made").exists()


def test_an_error_in_a_callback_ends_the_process(tmp_path):
    def broken(_: float) -> None:
        raise ZeroDivisionError

    before = threading.active_count()
    with pytest.raises(ZeroDivisionError):
        python("import time; time.sleep(60)", tmp_path, on_tick=broken)
    assert threading.active_count() <= before
    assert not [child for child in psutil.Process().children() if "sleep(60)" in str(child)]


@pytest.mark.skipif(sys.platform == "win32", reason="nice is POSIX")
def test_background_work_is_nice(tmp_path):
    done = python("import os; print(os.nice(0))", tmp_path, background=True)
    assert int(done.output) >= 10


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no guard")
def test_a_long_build_does_not_outlive_a_kernel_that_is_killed(tmp_path):
    child = f"""
from contextlib import suppress
from pathlib import Path
from wasinn_nb.guest.build.process import run
def report(elapsed):
    if elapsed > 1:
        Path("long").touch()
run(["/bin/sh", "-c", "sleep 100 & echo $! > pid; wait"], cwd=Path({str(tmp_path)!r}),
    env={{"PATH": "/usr/bin:/bin"}}, on_tick=report)
"""
    path = os.pathsep.join(sys.path)
    kernel = subprocess.Popen(
        [sys.executable, "-c", child], cwd=tmp_path, env={**os.environ, "PYTHONPATH": path}
    )
    while not (tmp_path / "long").exists():
        assert kernel.poll() is None
        time.sleep(0.05)
    kernel.kill()
    kernel.wait()
    pid = int((tmp_path / "pid").read_text())
    with suppress(psutil.NoSuchProcess):
        sleeping = psutil.Process(pid)
        with suppress(psutil.TimeoutExpired):
            sleeping.wait(20)
        assert not sleeping.is_running() or sleeping.status() == psutil.STATUS_ZOMBIE
