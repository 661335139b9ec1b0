"""Load, infer and unload ``builtin:digits`` again and again; print resident bytes at given counts.

``python -m benchmarks.load_cycles 10 1000``
"""

from __future__ import annotations

import sys

import numpy as np

import wasinn_nb as wn
from wasinn_nb.nn import memory


def main() -> None:
    """Command line: the numbers of cycles after which to print."""
    marks = [int(word) for word in sys.argv[1:]]
    host = wn.host()
    image = np.zeros((1, 1, 8, 8), np.float32)
    for cycle in range(1, max(marks) + 1):
        host.load("digits", "builtin:digits")
        host.infer("digits", image)
        host.unload("digits")
        if cycle in marks:
            memory.trim()
            print(memory.rss(), flush=True)


if __name__ == "__main__":
    main()
