"""The corpus: an endless row of documents, each made from its own seed.

Training and held-out documents come from disjoint ranges of seeds, see ``HELD_OUT``.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Final

from .chat import Turn, converse
from .story import tell

BEGIN: Final = "<|begin|>"
STOP: Final = "<|endoftext|>"
END: Final = "<|end|>"
SPECIAL_TOKENS: Final = (STOP, BEGIN, END, "<|system|>", "<|user|>", "<|assistant|>")

CHAT_TEMPLATE: Final = (
    "{% for message in messages %}"
    "{% if message['role'] == 'system' %}{{ '<|system|>\\n' + message['content'] + '<|end|>\\n' }}"
    "{% elif message['role'] == 'user' %}{{ '<|user|>\\n' + message['content'] + '<|end|>\\n' }}"
    "{% else %}{{ '<|assistant|>\\n' + message['content'] + '<|end|>\\n' }}{% endif %}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|assistant|>\\n' }}{% endif %}"
)

HELD_OUT: Final = 1_000_000_000  # seeds from here on are never trained on
_CHAT_SHARE: Final = 0.6


def render_chat(turns: list[Turn]) -> str:
    """The text that ``CHAT_TEMPLATE`` gives for ``turns``."""
    return "".join(f"<|{role}|>\n{text}{END}\n" for role, text in turns)


def document(seed: int) -> str:
    """Document number ``seed``: a tale or a conversation, with its special tokens."""
    rng = random.Random(f"tinytales {seed}")
    if rng.random() < _CHAT_SHARE:
        return BEGIN + render_chat(converse(rng)) + STOP
    return BEGIN + tell(rng).text + STOP


def documents(first_seed: int, count: int) -> Iterator[str]:
    """``count`` documents from ``first_seed`` on."""
    return (document(seed) for seed in range(first_seed, first_seed + count))
