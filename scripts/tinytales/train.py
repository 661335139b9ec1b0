"""Training on the CPU: fixed seeds, a budget in steps, and checkpoints to go on from."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from .model import ModelConfig, TaleModel

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Stage:
    """``steps`` steps on batches of ``batch`` rows of ``context`` tokens."""

    steps: int
    batch: int
    context: int


@dataclass(frozen=True)
class TrainConfig:
    """The recipe. The rate rises over ``warmup`` steps and falls to zero over the last ones.

    Short rows come first: with about one document in each, the network soon learns to take the
    names from the text before, which it hardly does among five documents. Long rows then teach
    it conversations of several tales.
    """

    stages: tuple[Stage, ...] = (Stage(700, 16, 256), Stage(350, 4, 1024))
    warmup: int = 40
    decay_share: float = 0.4
    matrix_rate: float = 2e-3
    vector_rate: float = 3e-3
    weight_decay: float = 0.05
    seed: int = 1

    @property
    def steps(self) -> int:
        """Steps of all stages."""
        return sum(stage.steps for stage in self.stages)


def rate_at(step: int, config: TrainConfig) -> float:
    """Factor of the learning rates at ``step``: warm-up, plateau, linear decay."""
    decay = int(config.steps * config.decay_share)
    return min(1.0, (step + 1) / config.warmup, (config.steps - step) / max(decay, 1))


def _loss(model: TaleModel, rows: Tensor) -> Tensor:
    with torch.autocast("cpu", torch.bfloat16):
        logits = model(rows[:, :-1])
    return F.cross_entropy(logits.float().flatten(0, 1), rows[:, 1:].flatten())


def held_out_loss(model: TaleModel, rows: NDArray[np.uint16]) -> float:
    """Mean loss per token in nats, in float32."""
    total = 0.0
    for start in range(0, len(rows), 8):
        batch = torch.from_numpy(rows[start : start + 8].astype(np.int64))
        with torch.inference_mode():
            logits = model(batch[:, :-1]).flatten(0, 1)
            total += float(F.cross_entropy(logits, batch[:, 1:].flatten(), reduction="sum"))
    return total / (len(rows) * (rows.shape[1] - 1))


def _optimizers(model: TaleModel, config: TrainConfig) -> list[torch.optim.Optimizer]:
    matrices = [p for p in model.blocks.parameters() if p.ndim == 2]
    chosen = {id(p) for p in matrices}
    others = [p for p in model.parameters() if id(p) not in chosen]
    return [
        torch.optim.Muon(
            matrices,
            lr=config.matrix_rate,
            weight_decay=config.weight_decay,
            adjust_lr_fn="match_rms_adamw",
        ),
        torch.optim.AdamW(others, lr=config.vector_rate, betas=(0.9, 0.98), weight_decay=0.0),
    ]


def _batches(
    config: TrainConfig, rows: Sequence[NDArray[np.uint16]]
) -> Iterator[NDArray[np.uint16]]:
    for stage, table in zip(config.stages, rows, strict=True):
        for step in range(stage.steps):
            yield table[step * stage.batch : (step + 1) * stage.batch]


def train(
    model_config: ModelConfig,
    config: TrainConfig,
    rows: Sequence[NDArray[np.uint16]],
    held_out: NDArray[np.uint16],
    checkpoint: Path,
    say: Callable[[str], None],
    *,
    compiled: bool = False,
) -> TaleModel:
    """Train through all stages, going on from ``checkpoint`` where it exists.

    ``rows`` holds at least ``steps * batch`` rows for each stage; each is used once.
    ``compiled`` lets torch compile the network, which needs a C++ compiler.
    """
    torch.manual_seed(config.seed)
    model = TaleModel(model_config)
    optimizers = _optimizers(model, config)
    first = 0
    if checkpoint.exists():
        state = torch.load(checkpoint, weights_only=True)
        model.load_state_dict(state["model"])
        for optimizer, saved in zip(optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(saved)
        first = state["step"]
        say(f"going on from step {first}")
    rates = [config.matrix_rate, config.vector_rate]
    loss_of = torch.compile(_loss) if compiled else _loss
    began, seen = time.monotonic(), 0
    for step, batch in enumerate(_batches(config, rows)):
        if step < first:
            continue
        for optimizer, rate in zip(optimizers, rates, strict=True):
            optimizer.param_groups[0]["lr"] = rate * rate_at(step, config)
            optimizer.zero_grad()
        loss = loss_of(model, torch.from_numpy(batch.astype(np.int64)))
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for optimizer in optimizers:
            optimizer.step()
        seen += batch.size
        done = step + 1
        if done % 10 == 0:
            speed = seen / (time.monotonic() - began)
            say(f"step {done}/{config.steps} loss {loss.item():.4f} {speed:.0f} tokens/s")
        if done % 100 == 0 or done == config.steps:
            say(f"step {done} held-out loss {held_out_loss(model, held_out[:16]):.4f}")
            state = {
                "step": done,
                "model": model.state_dict(),
                "optimizers": [optimizer.state_dict() for optimizer in optimizers],
            }
            partial = checkpoint.with_suffix(".part")
            torch.save(state, partial)
            partial.replace(checkpoint)
    return model
