"""``python -m benchmarks [NAME ...]``: run the benchmarks, print a table, write JSON beside it."""

from __future__ import annotations

import argparse
import importlib
import json
import platform
import sys
import time
from pathlib import Path

from benchmarks.harness import Result, table

HERE = Path(__file__).parent


def main() -> int:
    """Run what is named (default: all); a missed target shows in the table, not in the status."""
    names = sorted(path.stem.removeprefix("bench_") for path in HERE.glob("bench_*.py"))
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of: {', '.join(names)}")
    parser.add_argument("--rounds", type=int, default=7, help="rounds per measurement (default 7)")
    parser.add_argument("--json", type=Path, default=HERE / "results.json", help="where to write")
    options = parser.parse_args()
    if unknown := set(options.names) - set(names):
        parser.error(f"no benchmark is called {', '.join(sorted(unknown))}")
    results: list[Result] = []
    for name in options.names or names:
        print(f"running {name} ...", file=sys.stderr, flush=True)
        results += importlib.import_module(f"benchmarks.bench_{name}").run(options.rounds)
    print(table(results))
    document = {
        "date": time.strftime("%Y-%m-%d"),
        "machine": f"{platform.machine()}, {platform.system()}",
        "python": platform.python_version(),
        "rounds": options.rounds,
        "results": [result.as_dict() for result in results],
    }
    options.json.write_text(json.dumps(document, indent=2) + "\n")
    print(
        f"\n{sum(r.met for r in results)} of {len(results)} targets met; JSON: {options.json.name}"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
