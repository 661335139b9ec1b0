"""The network's shape, which the training and both exports follow, and what it says of itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SIDE = 8  # of the image, in pixels
CHANNELS = (1, 16, 24, 32)  # before the first convolution and after each; all are 3x3
POOLED = (2, 3)  # the convolutions, counted from 1, that a 2x2 maximum follows
FEATURES = CHANNELS[-1] * (SIDE // 2 ** len(POOLED)) ** 2
LABELS = tuple("0123456789")

INPUT = "image"
OUTPUT = "probabilities"

NAME = "digits"
AUTHOR = "The wasinn-nb contributors"
LICENSE = "Apache-2.0"
DESCRIPTION = (
    "Handwritten digits, 8x8 grey: image float32 [N,1,8,8] from 0 (paper) to 1 (ink), "
    "probabilities float32 [N,10]."
)

Weights = Mapping[str, "NDArray[np.float32]"]
"""``convK.weight`` ``[out, in, 3, 3]`` and ``convK.bias`` ``[out]`` for K from 1,
``linear.weight`` ``[10, features]`` and ``linear.bias`` ``[10]``."""


def weight_shapes() -> dict[str, tuple[int, ...]]:
    """The shape of each of the weights, in the order of computation."""
    shapes: dict[str, tuple[int, ...]] = {}
    for number in range(1, len(CHANNELS)):
        before, after = CHANNELS[number - 1 : number + 1]
        shapes[f"conv{number}.weight"] = (after, before, 3, 3)
        shapes[f"conv{number}.bias"] = (after,)
    shapes["linear.weight"] = (len(LABELS), FEATURES)
    shapes["linear.bias"] = (len(LABELS),)
    return shapes
