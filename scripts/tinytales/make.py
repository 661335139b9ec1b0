"""Makes ``tinytales.gguf`` from nothing: corpus, vocabulary, training, export.

    python scripts/tinytales/make.py --out wasinn_nb/models/tinytales.gguf

Needs the packages ``torch`` (2.9 or newer; made with 2.13.0), ``numpy``, ``tokenizers`` and
``gguf``. The shipped file was made with ``--compile --threads 1``. An interrupted run goes on
from its last checkpoint in ``--work``.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import torch

from scripts.tinytales.corpus import HELD_OUT
from scripts.tinytales.data import token_rows
from scripts.tinytales.export import export
from scripts.tinytales.model import ModelConfig
from scripts.tinytales.tokenizer import train_tokenizer
from scripts.tinytales.train import TrainConfig, held_out_loss, train

STAGE_SEEDS = HELD_OUT // 10  # the stages draw their documents from seeds so far apart


def main() -> None:
    """Parse the command line and make the model."""
    parser = argparse.ArgumentParser(description="Make the model builtin:tinytales.")
    parser.add_argument("--out", type=Path, required=True, help="GGUF file to write")
    parser.add_argument("--work", type=Path, default=Path("build/tinytales"), help="checkpoints")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--compile", action="store_true", help="faster; needs a C++ compiler")
    args = parser.parse_args()
    args.work.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(args.threads)
    began = time.monotonic()

    def say(text: str) -> None:
        print(f"{time.monotonic() - began:7.1f} s  {text}", flush=True)

    model_config = ModelConfig()
    config = TrainConfig()
    tokenizer = train_tokenizer(model_config.vocab, args.work / "tokenizer.json")
    say(f"vocabulary of {tokenizer.get_vocab_size()} tokens")
    context = model_config.context
    rows = [
        token_rows(tokenizer, number * STAGE_SEEDS, stage.steps * stage.batch, stage.context)
        for number, stage in enumerate(config.stages)
    ]
    held_out = token_rows(tokenizer, HELD_OUT, 64, context)
    say(f"{sum(table.size for table in rows)} training tokens")
    checkpoint = args.work / "checkpoint.pt"
    model = train(model_config, config, rows, held_out, checkpoint, say, compiled=args.compile)
    say(f"held-out loss {held_out_loss(model, held_out):.4f}")
    export(model, tokenizer, args.out)
    say(f"wrote {args.out}, {args.out.stat().st_size} bytes")


if __name__ == "__main__":
    main()
