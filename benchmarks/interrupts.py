"""``python -m benchmarks.interrupts``: what an interrupt of the kernel does, in every phase.

A real kernel runs a cell and is interrupted at a random moment of it, as Jupyter does it (SIGINT to
the process group). Measured is the time from the signal to the cell's idle status. A shot is clean
if the cell ended as interrupted or well, no model is in use and no run goes on afterwards (but for
what runs in the background), and the next guest runs.

Two phases are plain cells, to compare with: how soon this machine can notice a signal at all, and
how often ipykernel answers nothing to a cell that is interrupted in its first or last milliseconds,
while it is in code of its own. Such cells are counted apart.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty
from typing import Any

from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import KernelManager

from benchmarks.random_model import write_named

ROOT = Path(__file__).parents[1]
ROAD = ROOT.parent / "shared/data/road-segmentation/road-segmentation-adas-0001.xml"
LIMIT_MS = 200
PATIENCE = 120.0
NO_REPLY = "no reply"

_HELLO = '#include <stdio.h>\nint main(void) { puts("hello"); return 0; }'
_SPIN = "int main(void) { for (volatile unsigned long n = 0;; n++) {} }"
_FLOOD = """#include <stdio.h>
int main(void) { for (long n = 0;; n++) printf("%ld a line of output, and many follow\\n", n); }"""
_GENERATE = """#include <stdio.h>
#include <wasi_nn_llm.h>
int main(int argc, char **argv) {
    static char prompt[1 << 16];
    wnn_model model;
    wnn_context context;
    for (int n = 0; n < 900; n++) sprintf(prompt + n * 6, "word %c", n % 64 ? ' ' : '\\n');
    if (wnn_load(&model, argv[1]) || wnn_open(&context, &model)) return 1;
    for (;;)
        if (wnn_generate(&context, argc > 2 ? prompt : "Once", NULL, NULL, NULL)) return 2;
}"""
_INFER = (ROOT / "benchmarks" / "tensor_loop.c").read_text(encoding="utf-8")
_READ = """#include <stdio.h>
static char block[1 << 20];
int main(void) {
    FILE *out = fopen("/out/y", "wb");
    for (int n = 0; n < 400; n++) fwrite(block, 1, sizeof block, out);
    return fclose(out);
}"""
# 100,000 statements, and another program each time
_LONG_BUILD = "#define T0 x += {shot};\n" + "".join(
    f"#define T{n + 1} {f'T{n} ' * 10}\n" for n in range(5)
)
_LONG_BUILD += "int main(void) {{ volatile int x = 0; T5 return 0; }}"


@dataclass(frozen=True, slots=True)
class Phase:
    """One thing that a cell may be at.

    Attributes:
        cell: its source; ``{shot}`` is a number of its own.
        within: seconds from its start in which the signal comes.
        setup: run once before.
        each: run before each shot.
        background: how many runs go on beside, and have to go on.
    """

    cell: str
    within: float
    setup: str = ""
    each: str = ""
    background: int = 0
    needs: tuple[Path, ...] = ()


def _c(source: str, options: str = "") -> str:
    return f"%%wasinn c {options}\n{source}"


_BACKGROUND = (
    "%wasinn load bg builtin:tinytales\n"
    "get_ipython().run_cell_magic('wasinn', 'c --background --no-stream --result bg -- bg', "
    f"{_GENERATE!r})\n"
    "while not bg.tokens: time.sleep(0.01)"
)
_LOAD = "%wasinn load big big.gguf --set use-mmap=false --set ctx-size=8192"

PHASES = {
    "(plain) time.sleep": Phase("import time; time.sleep(30)", 0.3),
    "(plain) start and end of a cell": Phase("print(1)", 0.004),
    "start and end of a run": Phase(_c(_HELLO), 0.08),
    "compiling a guest": Phase(_c(_LONG_BUILD), 1.0),
    "building the C library": Phase(
        _c(_HELLO),
        4.0,
        each="import tempfile; from pathlib import Path\n"
        "from wasinn_nb.guest.build.builder import Builder\n"
        "kept = host.__dict__['builder']; fresh = tempfile.TemporaryDirectory()\n"
        "host.__dict__['builder'] = Builder(Path(fresh.name))",
    ),
    "reading a ggml model": Phase(_LOAD, 0.25, each="forget('big')"),
    "compiling an OpenVINO model": Phase(
        f"%wasinn load road {ROAD}", 0.6, each="forget('road')", needs=(ROAD,)
    ),
    "a guest's load": Phase(
        _c(_GENERATE, "-- big"), 0.4, setup=_LOAD, each="host.unload('big', wait=5)"
    ),
    "reading a prompt": Phase(_c(_GENERATE, "-- big long"), 2.0, setup=_LOAD),
    "decoding": Phase(_c(_GENERATE, "-- big"), 1.0, setup=_LOAD),
    "decoding, thousands a second": Phase(
        _c(_GENERATE, "-- tales"), 1.0, setup="%wasinn load tales builtin:tinytales"
    ),
    "tensor inference": Phase(
        _c(_INFER, "--in x -- 100000 40"),
        0.5,
        setup="%wasinn load m builtin:digits\n"
        "import numpy as np; x = np.zeros((1, 1, 8, 8), np.float32)",
    ),
    "inference of a large tensor model": Phase(
        _c(_INFER, "--in x -- 100000 7340032"),
        1.0,
        setup=f"%wasinn load m {ROAD}\n"
        "import numpy as np; x = np.zeros((1, 3, 512, 896), np.float32)",
        needs=(ROAD,),
    ),
    "spinning": Phase(_c(_SPIN), 0.5),
    "spinning, in %%time": Phase("%%time\n" + _c(_SPIN), 0.5),
    "much output": Phase(_c(_FLOOD), 1.0),
    "giving large inputs": Phase(
        _c(_HELLO, "--in x --in z"),
        0.6,
        setup="import numpy as np; x = np.zeros(50_000_000); z = np.zeros((4000, 4000, 3), 'u1')",
    ),
    "taking large outputs": Phase(_c(_READ, "--out y"), 0.8),
    "beside a background run": Phase(_c(_SPIN), 0.5, setup=_BACKGROUND, background=1),
    "waiting for an unload": Phase(
        "%wasinn unload bg --wait 10", 0.5, setup=_BACKGROUND, background=1
    ),
    "doctor's calibration": Phase("%wasinn doctor", 0.4),
}

_SETUP = """
import sys, time
sys.path.insert(0, {root!r})
%load_ext wasinn_nb
%config WasinnMagics.warm_up = False
import wasinn_nb, os
host = wasinn_nb.host()
host.builder.warm(("c",)).wait(600)
kept, bg = host.builder, None
def forget(name):
    if name in host.registry.names(): host.forget(name, wait=5)
def left():
    users = [f"{{m.name}} used by {{m.users}}" for m in host.models() if m.users]
    return users + [repr(run) for run in host.runner.active]
"""
_AFTER = "host.__dict__['builder'] = kept\nprint(*left(), sep='; ')"


@dataclass(slots=True)
class Shots:
    """What came of a phase."""

    milliseconds: list[float] = field(default_factory=list)
    interrupted: int = 0
    unanswered: int = 0
    unclean: list[str] = field(default_factory=list)

    def row(self, name: str) -> str:
        """One line of the table."""
        ordered = sorted(self.milliseconds)
        p50, p95 = statistics.median(ordered), ordered[int(0.95 * (len(ordered) - 1))]
        late = sum(ms > LIMIT_MS for ms in ordered)
        figures = f"{p50:7.0f} {p95:7.0f} {ordered[-1]:7.0f} {late:5}"
        ended = f"{self.interrupted:9}/{len(ordered)} {self.unanswered:11}"
        return f"{name:36} {figures} {ended} {len(self.unclean):8}"


class Kernel:
    """A kernel process with one client.

    Args:
        folder: where it runs.
        path: what comes before the environment's own packages: another ipykernel.
    """

    def __init__(self, folder: Path, path: str) -> None:
        argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        self._manager: Any = KernelManager()
        self._manager._kernel_spec = KernelSpec(argv=argv, display_name="", language="python")
        before = os.pathsep.join(filter(None, (path, os.environ.get("PYTHONPATH", ""))))
        env = {**os.environ, "PYTHONPATH": before, "IPYTHONDIR": str(folder / "ipython")}
        log = (folder / "kernel.log").open("wb")
        self._manager.start_kernel(env=env, cwd=str(folder), stdout=log, stderr=log)
        self._client: Any = self._manager.client()
        self._client.start_channels()
        self._client.wait_for_ready(timeout=PATIENCE)

    def close(self) -> None:
        """End it."""
        self._client.stop_channels()
        self._manager.shutdown_kernel(now=True)

    def begin(self, code: str) -> str:
        """Send a cell; returns when it runs, with its id."""
        cell: str = self._client.execute(code)
        while self._next(cell)["msg_type"] != "execute_input":
            pass
        return cell

    def interrupt(self) -> None:
        """As the toolbar does it."""
        self._manager.interrupt_kernel()

    def end(self, cell: str) -> tuple[str, str]:
        """The name of the error it ended with, and what it printed; returns when it is idle."""
        text = ""
        while True:
            message = self._next(cell)
            content = message["content"]
            if message["msg_type"] == "stream":
                text += content["text"] if len(text) < 10_000 else ""
            elif message["msg_type"] == "status" and content["execution_state"] == "idle":
                break
        while True:
            try:
                reply = self._client.get_shell_msg(timeout=2)
            except Empty:
                return NO_REPLY, text
            if reply["parent_header"].get("msg_id") == cell:
                error: str = reply["content"].get("ename", "")
                return error, text

    def run(self, code: str) -> str:
        """What a cell prints.

        Raises:
            RuntimeError: it failed.
        """
        error, text = self.end(self.begin(code))
        if error:
            raise RuntimeError(f"{error} of {code!r}: {text}")
        return text

    def _next(self, cell: str) -> Any:
        while True:
            try:
                message = self._client.get_iopub_msg(timeout=PATIENCE)
            except Empty:
                raise RuntimeError("the kernel hangs") from None
            if message["parent_header"].get("msg_id") == cell:
                return message


def shoot(kernel: Kernel, phase: Phase, count: int, chance: random.Random) -> Shots:
    """Interrupt the phase ``count`` times."""
    shots = Shots()
    if phase.setup:
        kernel.run(phase.setup)
    for number in range(count):
        if phase.each:
            kernel.run(phase.each)
        cell = kernel.begin(
            phase.cell.format(shot=number) if "{shot}" in phase.cell else phase.cell
        )
        time.sleep(chance.uniform(0, phase.within))
        sent = time.perf_counter()
        kernel.interrupt()
        error, text = kernel.end(cell)
        shots.milliseconds.append((time.perf_counter() - sent) * 1e3)
        shots.interrupted += error == "KeyboardInterrupt"
        shots.unanswered += error == NO_REPLY
        if error not in ("", "KeyboardInterrupt", NO_REPLY):
            shots.unclean.append(f"{number}: {error}: {text[-300:]}")
        left = [found for found in kernel.run(_AFTER).strip().split("; ") if found]
        if len(left) != 2 * phase.background:
            shots.unclean.append(f"{number}: left {left}")
        if "hello" not in kernel.run(_c(_HELLO)):
            shots.unclean.append(f"{number}: the next cell failed")
    if phase.background:
        kernel.run("bg.cancel(); bg.wait()")
    kernel.run("host.close()")
    return shots


@contextmanager
def kernel_of(version: str) -> Iterator[Kernel]:
    """A kernel with that ipykernel (``PATH`` of another, or empty for the environment's own)."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_named(folder / "big.gguf", "115m", dtype="f16")
        kernel = Kernel(folder, version)
        try:
            kernel.run(_SETUP.format(root=str(ROOT)))
            yield kernel
        finally:
            kernel.close()


def main() -> int:
    """Print a table for each kernel; the status is 1 if a shot was unclean."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.interrupts", description=__doc__)
    parser.add_argument("phases", nargs="*", metavar="PHASE", help="a part of its name")
    parser.add_argument("--shots", type=int, default=100, help="per phase (default 100)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--ipykernel", action="append", default=[], metavar="PATH", help="another, beside our own"
    )
    options = parser.parse_args()
    chosen = {
        name: phase
        for name, phase in PHASES.items()
        if any(part in name for part in options.phases or [""])
    }
    clean = True
    for version in options.ipykernel or [""]:
        with kernel_of(version) as kernel:
            print("ipykernel", kernel.run("import ipykernel; print(ipykernel.__version__)").strip())
            print(
                f"{'phase':36} {'p50 ms':>7} {'p95 ms':>7} {'max ms':>7}  late  interrupted unclean"
            )
            for name, phase in chosen.items():
                if not all(path.is_file() for path in phase.needs):
                    print(f"{name:36} not run: its model is not here")
                    continue
                shots = shoot(kernel, phase, options.shots, random.Random(options.seed))
                print(shots.row(name), flush=True)
                for line in shots.unclean:
                    print("   ", line)
                clean = clean and not shots.unclean
    return 0 if clean else 1


if __name__ == "__main__":
    sys.exit(main())
