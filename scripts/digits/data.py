"""scikit-learn's handwritten digits, split into a training and a held-out part."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

if TYPE_CHECKING:
    from numpy.typing import NDArray

HELD_OUT = 360
SEED = 0
INK = 16


@dataclass(frozen=True)
class Digits:
    """Images, uint8 ``[n, 8, 8]`` with values 0 (paper) to 16 (ink), and labels, uint8 ``[n]``."""

    images: NDArray[np.uint8]
    labels: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.labels)

    def without_grey(self) -> Digits:
        """The images with each pixel either paper or ink, as somebody might type them."""
        return Digits(np.where(self.images < INK / 2, 0, INK).astype(np.uint8), self.labels)

    def part(self, which: NDArray[np.int64]) -> Digits:
        """The images with these indices."""
        return Digits(self.images[which], self.labels[which])


def all_digits() -> Digits:
    """The 1,797 images in scikit-learn's order, which is that of their writers."""
    bundled = load_digits()
    return Digits(bundled.images.astype(np.uint8), bundled.target.astype(np.uint8))


def split() -> tuple[Digits, Digits]:
    """The training part (1,437 images) and the held-out part (360), every digit in proportion.

    Both keep the order of the whole.
    """
    digits = all_digits()
    train, held_out = train_test_split(
        np.arange(len(digits)), test_size=HELD_OUT, stratify=digits.labels, random_state=SEED
    )
    return digits.part(np.sort(train)), digits.part(np.sort(held_out))


def scaled(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """What the network takes: float32 ``[n, 1, 8, 8]``, values 0 to 1."""
    return (images / INK).astype(np.float32)[:, None]


def save_samples(digits: Digits, path: Path) -> None:
    """Write the images and labels that ship with the model."""
    np.savez(path, images=digits.images, labels=digits.labels)
