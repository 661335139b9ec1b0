"""Checks the normalization table of a Unigram tokenizer (``tokenizer.ggml.precompiled_charsmap``).

llama.cpp walks it with the bytes of the text and throws where no one catches when an index leads
out of it (``llm_tokenizer_ugm_session::normalize_prefix``), so the walk is done here with all
texts.
"""

from __future__ import annotations

import sys
from array import array
from collections import defaultdict

_LEAF = 1 << 8
_SHIFT = 1 << 9
_CHECK = (1 << 31) | 0xFF
_VALUE = (1 << 31) - 1


def charsmap_is_sound(raw: bytes) -> bool:
    """Whether no text can lead out of the table.

    Args:
        raw: four bytes with the size of the trie, the trie (an XOR-compressed double array of
        32-bit
            words), and the replacements as strings that end in zero bytes.
    """
    size = int.from_bytes(raw[:4], "little")
    if len(raw) < 4 or size % 4 or size + 4 >= len(raw) or raw[-1] != 0:
        return False
    trie = array("I")
    trie.frombytes(raw[4 : 4 + size])
    if sys.byteorder == "big":
        trie.byteswap()
    replacements = len(raw) - 4 - size
    return not trie or _walk(trie, replacements)


def _walk(trie: array[int], replacements: int) -> bool:
    """Visit every node that some text reaches; a node is known by its base."""
    children = defaultdict(list)
    for index, word in enumerate(trie):
        label = word & _CHECK
        if 0 < label <= 0xFF:
            children[index ^ label].append(index)
    start = _base(trie[0])
    waiting, seen = [start], {start}
    while waiting:
        base = waiting.pop()
        if base | 0xFF >= len(trie):  # any byte may come next, and its place is read
            return False
        for index in children.get(base, ()):
            word = trie[index]
            below = index ^ _base(word)
            if word & _LEAF and (below >= len(trie) or trie[below] & _VALUE >= replacements):
                return False
            if below not in seen:
                seen.add(below)
                waiting.append(below)
    return True


def _base(word: int) -> int:
    return (word >> 10) << ((word & _SHIFT) >> 6)
