"""Training on the CPU: fixed seeds, a fixed number of epochs, distorted copies of the images."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from .data import Digits, scaled
from .network import make_network

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Recipe:
    """The training, and the largest distortion of an image in each direction.

    Attributes:
        rate: the highest learning rate of AdamW; it rises over the first tenth of the steps and
            falls along a cosine.
        rotation: in degrees.
        scale: of width and height, as a share.
        shear: as a share of the width.
        shift: to the right and down, in pixels.
        contrast: the factor by which grey is spread; the larger, the nearer to ink or paper only.
        contrasted: the share of images whose contrast is raised.
    """

    epochs: int = 180
    batch: int = 64
    rate: float = 4e-3
    weight_decay: float = 0.05
    rotation: float = 7.0
    scale: float = 0.06
    shear: float = 0.05
    shift: float = 0.7
    contrast: float = 20.0
    contrasted: float = 0.3
    seed: int = 1


def distorted(images: Tensor, recipe: Recipe, generator: torch.Generator) -> Tensor:
    """The images, ``[n, 1, 8, 8]``, each under an affine map and with a contrast of its own."""
    count, side = len(images), images.shape[-1]

    def up_to(limit: float) -> Tensor:
        return (torch.rand(count, generator=generator) * 2 - 1) * limit

    angle = up_to(math.radians(recipe.rotation))
    width, height = 1 + up_to(recipe.scale), 1 + up_to(recipe.scale)
    shear = up_to(recipe.shear)
    pixel = 2 / side  # the grid goes from -1 to 1
    right, down = up_to(recipe.shift * pixel), up_to(recipe.shift * pixel)
    rows = [
        torch.stack([width * angle.cos(), shear - angle.sin(), right], dim=1),
        torch.stack([angle.sin(), height * angle.cos(), down], dim=1),
    ]
    grid = functional.affine_grid(torch.stack(rows, dim=1), list(images.shape), align_corners=False)
    moved = functional.grid_sample(images, grid, align_corners=False)
    factor = torch.exp(torch.rand(count, generator=generator) * math.log(recipe.contrast))
    factor[torch.rand(count, generator=generator) >= recipe.contrasted] = 1
    return ((moved - 0.5) * factor[:, None, None, None] + 0.5).clamp(0, 1)


def train(digits: Digits, recipe: Recipe, say: Callable[[str], None]) -> nn.Sequential:
    """A network trained on all of ``digits``, ready for inference."""
    torch.manual_seed(recipe.seed)
    torch.use_deterministic_algorithms(mode=True)
    generator = torch.Generator().manual_seed(recipe.seed)
    images = torch.from_numpy(scaled(digits.images))
    labels = torch.from_numpy(digits.labels.astype(np.int64))
    network = make_network()
    optimizer = torch.optim.AdamW(network.parameters(), weight_decay=recipe.weight_decay)
    batches = math.ceil(len(digits) / recipe.batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, recipe.rate, epochs=recipe.epochs, steps_per_epoch=batches, pct_start=0.1
    )
    for epoch in range(1, recipe.epochs + 1):
        total = 0.0
        for rows in torch.randperm(len(digits), generator=generator).split(recipe.batch):
            logits = network(distorted(images[rows], recipe, generator))
            loss = functional.cross_entropy(logits, labels[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            total += loss.item() * len(rows)
        if epoch % 20 == 0:
            say(f"epoch {epoch}/{recipe.epochs} loss {total / len(digits):.4f}")
    return network.eval()


def taken_for(network: nn.Sequential, digits: Digits) -> NDArray[np.int64]:
    """The most likely digit of each image, ``[n]``."""
    with torch.inference_mode():
        said = network(torch.from_numpy(scaled(digits.images))).argmax(dim=1)
    array: NDArray[np.int64] = said.numpy()
    return array
