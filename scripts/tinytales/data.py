"""Token rows for training: documents one after the other, each row beginning with one."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from .corpus import document

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from tokenizers import Tokenizer

_WITHOUT_BEGIN = 0.1  # share of rows whose first document lacks its begin token


def encoded(tokenizer: Tokenizer, first_seed: int) -> Iterator[list[int]]:
    """Token ids of the documents from ``first_seed`` on, without end."""
    seed = first_seed
    while True:
        batch = [document(number) for number in range(seed, seed + 512)]
        for encoding in tokenizer.encode_batch(batch):
            yield encoding.ids
        seed += len(batch)


def token_rows(
    tokenizer: Tokenizer, first_seed: int, rows: int, context: int
) -> NDArray[np.uint16]:
    """``rows`` rows of ``context + 1`` ids; the last document of a row is cut to fit."""
    rng = random.Random(f"rows {first_seed}")
    table = np.empty((rows, context + 1), dtype=np.uint16)
    texts = encoded(tokenizer, first_seed)
    for row in table:
        ids: list[int] = []
        while len(ids) <= context:
            text = next(texts)
            if not ids and rng.random() < _WITHOUT_BEGIN:
                text = text[1:]
            ids.extend(text)
        row[:] = ids[: context + 1]
    return table
