"""Running a long command: plain words on the terminal, everything in a log, help on failure."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

HEARTBEAT_S = 15.0
"""How long the terminal may stay silent when it is not a terminal (CI logs)."""

_STEP = re.compile(r"^\s*\[(\d+)/(\d+)\]")  # ninja's progress
_TELLING = re.compile(r"error|fatal|failed|not found|no such|cannot|denied|no space", re.IGNORECASE)
_NOISE = re.compile(r"^\s*(-- )?(warning|note|hint):", re.IGNORECASE)
_EXPLAINED = re.compile(r"CMake Error")  # says what is wrong in the lines below
_PACKAGE = re.compile(r"^Collecting (\S+)")


class SetupError(Exception):
    """Set-up cannot go on. The message is for the person at the terminal."""


def say(text: str) -> None:
    """Print one line of progress at once."""
    print(f"setup: {text}", flush=True)


class _Ticker:
    """Tells every few seconds that work goes on, and how far it is."""

    def __init__(self, title: str) -> None:
        self.state = ""
        self._title = title
        self._start = time.monotonic()
        self._stop = threading.Event()
        self._on_terminal = sys.stdout.isatty()
        self._thread = threading.Thread(target=self._tick, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._stop.set()
        self._thread.join()
        if self._on_terminal:
            print("\r\x1b[K", end="", flush=True)

    @property
    def elapsed_s(self) -> float:
        return time.monotonic() - self._start

    def _tick(self) -> None:
        while not self._stop.wait(1.0 if self._on_terminal else HEARTBEAT_S):
            parts = [self._title, self.state, f"{self.elapsed_s:.0f} s"]
            line = ", ".join(part for part in parts if part)
            if self._on_terminal:
                print(f"\r\x1b[Ksetup: {line}", end="", flush=True)
            else:
                say(line)


def run(
    argv: Sequence[str | Path],
    *,
    title: str,
    log: Path,
    advice: str,
    env: Mapping[str, str] | None = None,
) -> float:
    """Run a command to its end, its output in `log`.

    Args:
        argv: The command.
        title: What it does, as the user should read it.
        log: Appended to.
        advice: What to do if it fails.
        env: Its whole environment; by default ours.

    Returns:
        Seconds it took.

    Raises:
        SetupError: It could not be started or exited non-zero.
    """
    command = [str(part) for part in argv]
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("a", encoding="utf-8") as sink, _Ticker(title) as ticker:
        sink.write(f"\n$ {' '.join(command)}\n")
        sink.flush()
        lines: list[str] = []
        try:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                env=None if env is None else dict(env),
            )
        except OSError as error:
            raise SetupError(f"{title}: cannot start {command[0]}: {error.strerror}") from error
        packages = 0
        with process:
            for line in process.stdout or ():
                sink.write(line)
                lines.append(line.rstrip())
                if step := _STEP.match(line):
                    done, total = int(step[1]), int(step[2])
                    ticker.state = f"{100 * done // total} %"
                elif _PACKAGE.match(line):
                    packages += 1
                    ticker.state = f"{packages} packages" if packages > 1 else ""
        if process.returncode:
            raise SetupError(
                f"{title} failed (exit status {process.returncode}). The last useful lines:\n\n"
                f"{telling_lines(lines)}\n\n{advice}\nThe whole log is in {log}."
            )
        return ticker.elapsed_s


def telling_lines(lines: Sequence[str], limit: int = 15) -> str:
    """The lines of a failed command that most likely say why, indented.

    Args:
        lines: Its whole output.
        limit: How many lines to keep.
    """
    lines = [line for line in lines if line.strip() and not _NOISE.match(line)]
    chosen = set(range(len(lines))[-3:])
    for i, line in enumerate(lines):
        if _TELLING.search(line):
            chosen.update(range(len(lines))[i : i + (4 if _EXPLAINED.search(line) else 1)])
    return "\n".join(f"    {lines[i][:300]}" for i in sorted(chosen)[-limit:])
