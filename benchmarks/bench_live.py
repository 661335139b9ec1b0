"""The live notebook in a real JupyterLab and a real Chromium, from the kernel to the screen.

What a view costs the guest that it shows, how late its text is painted, how fast Stop acts, what
goes over the wire, how fast panel and form open, and what long outputs and many runs do to a page.
Everything shares one machine, so other load on it shows in all figures. About five minutes.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from benchmarks.harness import Result
from benchmarks.live import cost, endurance, flow, opening, stopping
from benchmarks.live.notebook import Notebook, chromium, opened
from benchmarks.random_model import write_named

OTHER_KERNEL = Path(sys.prefix) / "ipykernel-7.3.0"
"""Where the tests install the ipykernel to which clicks come another way."""

_SOURCE = Path(__file__).parent / "live" / "tokens.c"
_CLICKS = 30


def run(rounds: int) -> list[Result]:
    """All of it; nothing where there is no Chromium."""
    if chromium() is None:
        print("live: no Chromium on PATH (or set WASINN_NB_CHROMIUM), not run", file=sys.stderr)
        return []
    with tempfile.TemporaryDirectory() as folder, opened() as notebook:
        large = Path(folder) / "random-115m.gguf"
        write_named(large, "115m", dtype="q8_0")
        _prepare(notebook)
        _load(notebook, "large", str(large))
        results = [
            *cost.measure(notebook, "story", 5000, rounds, baselines=(cost.PLAIN, cost.TEXT)),
            *cost.measure(notebook, "story", 5000, max(2, rounds // 2), printing=True),
            *cost.measure(notebook, "large", 60, max(2, rounds // 2), target=0.99),
            *flow.measure(notebook),
            *stopping.measure(notebook, _CLICKS),
            *opening.measure(notebook, rounds),
            *endurance.long_output(notebook, 100_000, printing=False),
            *endurance.long_output(notebook, 100_000, printing=True),
            endurance.many_runs(notebook, 100),
        ]
    if OTHER_KERNEL.is_dir():
        with opened(OTHER_KERNEL) as notebook:
            _prepare(notebook)
            results += stopping.measure(notebook, _CLICKS // 2)
    return results


def _prepare(notebook: Notebook) -> None:
    """Build the guest, load the model, and show one run, so that everything was loaded once."""
    source = _SOURCE.read_text(encoding="utf-8")
    notebook.tell(f"tokens = host.build({source!r}, 'c', name='tokens')")
    _load(notebook, "story", "builtin:tinytales")
    notebook.run("%wasinn run tokens -- story 2000 1000 0")


def _load(notebook: Notebook, name: str, source: str) -> None:
    config = {"ctx-size": 512, "threads": 1, "seed": 7, "ignore-eos": True}
    notebook.tell(f"host.load({name!r}, {source!r}, config={config})")
