"""Makes ``digits.xml``, ``.bin``, ``.onnx`` and ``.npz``: training, export, measurement.

    python -m scripts.digits.make --out wasinn_nb/models

Needs the packages ``numpy``, ``scikit-learn``, ``openvino``, ``onnx`` and, for training, ``torch``
(made with 2.13.0). With ``--weights digits.onnx`` the weights in that file are exported again
instead of trained.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from .architecture import NAME, Weights
from .data import Digits, save_samples, split
from .evaluate import report
from .export_ir import export_ir
from .export_onnx import export_onnx, onnx_weights

_BEGAN = time.monotonic()


def say(text: str) -> None:
    """Print a line with the seconds since the start."""
    print(f"{time.monotonic() - _BEGAN:6.1f} s  {text}", flush=True)


def trained_weights(digits: Digits) -> Weights:
    """The weights of a network trained on ``digits``; on one thread, so that they are the same."""
    import torch

    from .network import exported_weights
    from .train import Recipe, train

    torch.set_num_threads(1)
    return exported_weights(train(digits, Recipe(), say))


def main() -> None:
    """Parse the command line and make the files."""
    parser = argparse.ArgumentParser(description="Make the model builtin:digits.")
    parser.add_argument("--out", type=Path, required=True, help="directory to write to")
    parser.add_argument("--weights", type=Path, help="ONNX file to take the weights from")
    args = parser.parse_args()
    training, held_out = split()
    weights = onnx_weights(args.weights) if args.weights else trained_weights(training)
    say(f"{sum(array.size for array in weights.values())} parameters")
    ir, onnx = args.out / f"{NAME}.xml", args.out / f"{NAME}.onnx"
    export_ir(weights, ir)
    export_onnx(weights, onnx)
    save_samples(held_out, args.out / f"{NAME}.npz")
    for path in sorted(args.out.glob(f"{NAME}.*")):
        say(f"{path}: {path.stat().st_size} bytes")
    for path in (ir, onnx):
        print(report(path, held_out))


if __name__ == "__main__":
    main()
