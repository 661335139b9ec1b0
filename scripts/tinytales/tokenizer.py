"""The vocabulary: byte-level BPE with the splitting rule of GPT-2.

Emoji and scripts other than Latin are kept out of the training text, so no merge ever joins
their bytes: each such character is two to four tokens, as it is for rare characters in the
vocabularies of large models.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from tokenizers import Tokenizer
from tokenizers.decoders import ByteLevel as ByteLevelDecoder
from tokenizers.models import BPE
from tokenizers.pre_tokenizers import ByteLevel
from tokenizers.trainers import BpeTrainer

from .corpus import SPECIAL_TOKENS, documents

_NOT_LATIN: Final = re.compile("[\u0250-\U0010ffff]")
_SAMPLE: Final = 30_000


def train_tokenizer(vocab: int, path: Path) -> Tokenizer:
    """Train on the first documents of the corpus and save to ``path``, or load what is there."""
    if path.exists():
        return Tokenizer.from_file(str(path))
    tokenizer = Tokenizer(BPE())
    tokenizer.pre_tokenizer = ByteLevel(add_prefix_space=False, use_regex=True)
    tokenizer.decoder = ByteLevelDecoder()
    trainer = BpeTrainer(
        vocab_size=vocab,
        special_tokens=list(SPECIAL_TOKENS),
        initial_alphabet=ByteLevel.alphabet(),
        show_progress=False,
    )
    sample = (_NOT_LATIN.sub("", text) for text in documents(0, _SAMPLE))
    pattern = re.compile("|".join(map(re.escape, SPECIAL_TOKENS)))
    tokenizer.train_from_iterator((pattern.sub(" ", text) for text in sample), trainer)
    tokenizer.save(str(path))
    return tokenizer
