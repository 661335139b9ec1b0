"""The network as it is trained, and its weights as they are exported."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from .architecture import CHANNELS, FEATURES, LABELS, POOLED, Weights

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_DROPOUT = 0.3


def make_network() -> nn.Sequential:
    """Takes float32 ``[n, 1, 8, 8]`` with values 0 to 1, gives logits ``[n, 10]``."""
    layers: list[nn.Module] = []
    for number in range(1, len(CHANNELS)):
        before, after = CHANNELS[number - 1 : number + 1]
        convolution = nn.Conv2d(before, after, 3, padding=1, bias=False)
        layers += [convolution, nn.BatchNorm2d(after), nn.ReLU()]
        if number in POOLED:
            layers.append(nn.MaxPool2d(2))
    layers += [nn.Flatten(), nn.Dropout(_DROPOUT), nn.Linear(FEATURES, len(LABELS))]
    return nn.Sequential(*layers)


def exported_weights(network: nn.Sequential) -> Weights:
    """The weights with each batch normalisation folded into the convolution before it."""
    layers = list(network)
    found: dict[str, Tensor] = {}
    number = 0
    for layer, following in zip(layers, [*layers[1:], None], strict=True):
        if isinstance(layer, nn.Conv2d) and isinstance(following, nn.BatchNorm2d):
            number += 1
            weight, bias = _folded(layer, following)
            found |= {f"conv{number}.weight": weight, f"conv{number}.bias": bias}
        elif isinstance(layer, nn.Linear):
            found |= {"linear.weight": layer.weight, "linear.bias": layer.bias}
    return {name: _array(tensor) for name, tensor in found.items()}


def _folded(convolution: nn.Conv2d, norm: nn.BatchNorm2d) -> tuple[Tensor, Tensor]:
    state = {name: tensor.double() for name, tensor in norm.state_dict().items()}
    factor = state["weight"] / torch.sqrt(state["running_var"] + norm.eps)
    weight = convolution.weight.double() * factor[:, None, None, None]
    return weight, state["bias"] - state["running_mean"] * factor


def _array(tensor: Tensor) -> NDArray[np.float32]:
    array: NDArray[np.float32] = tensor.detach().float().numpy()
    return array
