"""Running a compiler: no shell, bounded output, cancelled at once together with its children."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from wasinn_nb.nn.cancel import CancelToken

_TICK_SECONDS = 0.02
_OUTPUT_LIMIT = 1 << 20
# A build that takes longer than this outlives a kernel that is killed, unless it is guarded.
_GUARDED_AFTER = 0.5


@dataclass(frozen=True, slots=True)
class Finished:
    """How a process ended, and what it wrote to stdout and stderr (its first MiB)."""

    returncode: int
    output: str


def check(cancel: CancelToken | None) -> None:
    """Raise Cancelled when ``cancel`` was cancelled."""
    if cancel is not None:
        cancel.raise_if_cancelled()


def run(
    command: Sequence[str],
    *,
    cwd: Path,
    env: Mapping[str, str],
    cancel: CancelToken | None = None,
    on_tick: Callable[[float], None] | None = None,
    background: bool = False,
) -> Finished:
    """Run ``command`` to its end.

    Args:
        command: the program and its arguments.
        cwd: its working directory.
        env: its whole environment.
        cancel: when cancelled, the process and its children are killed.
        on_tick: called about every 20 ms with the seconds since the start.
        background: run at low priority.

    Raises:
        Cancelled: through ``cancel``.
        OSError: the program cannot be started.
    """
    check(cancel)
    started = time.monotonic()
    process = _start(command, cwd, env, background=background)
    chunks: list[bytes] = []
    stream = process.stdout
    assert stream is not None  # noqa: S101 - it was asked for
    reader = threading.Thread(
        target=_drain, args=(stream, chunks), name="wasinn-compiler-output", daemon=True
    )
    reader.start()
    guard: subprocess.Popen[bytes] | None = None
    try:
        while True:
            reader.join(_TICK_SECONDS)
            if not reader.is_alive():
                break
            check(cancel)
            elapsed = time.monotonic() - started
            if guard is None and elapsed > _GUARDED_AFTER and sys.platform != "win32":
                guard = _guard(process)
            if on_tick is not None:
                on_tick(elapsed)
        returncode = process.wait()
    except BaseException:
        kill(process)
        reader.join(1)
        raise
    finally:
        if guard is not None:
            kill(guard)
        if not reader.is_alive():
            stream.close()
    return Finished(returncode, b"".join(chunks).decode("utf-8", "replace"))


def _start(
    command: Sequence[str], cwd: Path, env: Mapping[str, str], *, background: bool
) -> subprocess.Popen[bytes]:
    flags = 0
    if sys.platform == "win32":
        flags = subprocess.CREATE_NO_WINDOW
        if background:
            flags |= subprocess.BELOW_NORMAL_PRIORITY_CLASS
    elif background and (nice := shutil.which("nice")):
        # A priority set after the start would miss the threads that already run.
        command = [nice, "-n", "10", *command]
    return subprocess.Popen(
        list(command),
        cwd=cwd,
        env=dict(env),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        creationflags=flags,
    )


def _guard(process: subprocess.Popen[bytes]) -> subprocess.Popen[bytes]:
    """A process that ends ``process`` and its children if ours dies: only then its input ends."""
    return subprocess.Popen(
        ["/bin/sh", "-c", 'read -r _; kill -s KILL -- "-$0"', str(process.pid)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def _drain(stream: IO[bytes], chunks: list[bytes]) -> None:
    kept = 0
    while chunk := os.read(stream.fileno(), 1 << 16):
        if kept < _OUTPUT_LIMIT:
            chunks.append(chunk[: _OUTPUT_LIMIT - kept])
            kept += len(chunks[-1])


def kill(process: subprocess.Popen[bytes]) -> None:
    """End the process, which leads a session of its own, and everything it started."""
    if sys.platform == "win32":
        subprocess.run(
            ["taskkill", "/F", "/T", "/PID", str(process.pid)],  # noqa: S607 - part of Windows
            capture_output=True,
            check=False,
        )
    else:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    process.kill()
    process.wait()
    if process.stdin is not None:
        process.stdin.close()
