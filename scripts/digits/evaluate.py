"""Measures exported files on the held-out part, through OpenVINO on the CPU.

python -m scripts.digits.evaluate wasinn_nb/models/digits.xml wasinn_nb/models/digits.onnx
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import openvino as ov

from .data import Digits, scaled, split

if TYPE_CHECKING:
    from numpy.typing import NDArray


def probabilities(
    path: Path, images: NDArray[np.uint8], precision: str = "f32"
) -> NDArray[np.float32]:
    """What the model in ``path`` gives for all images, float32 ``[n, 10]``."""
    config = {"INFERENCE_PRECISION_HINT": precision}
    compiled = ov.Core().compile_model(path, "CPU", config)
    given: NDArray[np.float32] = compiled(scaled(images))["probabilities"]
    return given


def report(path: Path, held_out: Digits) -> str:
    """The accuracy in each precision and without grey, and each mistake."""
    lines = []
    for precision in ("f32", "bf16"):
        given = probabilities(path, held_out.images, precision)
        said, right = judged(given, held_out)
        loss = -np.log(given[np.arange(len(held_out)), held_out.labels]).mean()
        lines.append(
            f"{path.name} {precision}: {right.mean():.2%} of {len(held_out)}, loss {loss:.4f}"
        )
        lines += [
            f"  number {number}: a {held_out.labels[number]} taken for {said[number]}"
            f" ({given[number, said[number]]:.0%})"
            for number in np.flatnonzero(~right)
        ]
    plain = held_out.without_grey()
    _, right = judged(probabilities(path, plain.images), plain)
    lines.append(f"  without grey: {right.mean():.2%}")
    return "\n".join(lines)


def judged(
    given: NDArray[np.float32], digits: Digits
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """The most likely digit of each image, and whether it is the right one."""
    said = given.argmax(axis=1)
    return said, said == digits.labels


def main() -> None:
    """Parse the command line, measure, print."""
    parser = argparse.ArgumentParser(description="Measure digits.xml or digits.onnx.")
    parser.add_argument("models", type=Path, nargs="+")
    _, held_out = split()
    for path in parser.parse_args().models:
        print(report(path, held_out))


if __name__ == "__main__":
    main()
