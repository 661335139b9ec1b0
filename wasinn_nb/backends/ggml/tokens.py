"""Text to tokens and back, for one model's vocabulary."""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING

from wasinn_nb.nn.errors import InvalidArgument, RuntimeFailure

if TYPE_CHECKING:
    from wasinn_nb.backends.ggml.native import Native

_INT32_MIN = -(2**31)
_PIECE_BYTES = 256

MAX_TEXT = 256 * 1024 * 1024
"""Longest text that is tokenised, in bytes; nothing that long fits a context."""


class Vocabulary:
    """A loaded model's vocabulary.

    Attributes:
        size: number of tokens.
        pieces: the bytes of each token, ``None`` until first used (see :meth:`piece`).
        endings: tokens that end a generation, of those whose piece was asked for; asking the
            library about all of a large vocabulary would take as long as the first token.
    """

    def __init__(self, native: Native, model: int) -> None:
        api = native.api
        self._native = native
        self.pointer: int = api.llama_model_get_vocab(model)
        self.size: int = api.llama_vocab_n_tokens(self.pointer)
        self.pieces: list[bytes | None] = [None] * self.size
        self.endings: set[int] = set()
        self.bos = self._special(api.llama_vocab_bos(self.pointer))
        self.eos = self._special(api.llama_vocab_eos(self.pointer))

    def piece(self, token: int) -> bytes:
        """The bytes of a token, special tokens as their text."""
        known = self.pieces[token]
        if known is None:
            if self._native.is_eog(self.pointer, token):
                self.endings.add(token)
            known = self.pieces[token] = self._piece(token)
        return known

    def all_endings(self) -> list[int]:
        """Every token that ends a generation, in ascending order."""
        is_eog = self._native.is_eog
        return [token for token in range(self.size) if is_eog(self.pointer, token)]

    def tokenize(self, text: bytes, *, special: bool = True) -> list[int]:
        """Tokens of a text; special tokens written in it are recognised.

        Bytes that are not UTF-8 become U+FFFD; the native tokenizers differ in what they do then.

        Args:
            text: UTF-8.
            special: add the tokens that the model wants around a text (BOS, EOS).

        Raises:
            InvalidArgument: the text is longer than :data:`MAX_TEXT`.
        """
        if len(text) > MAX_TEXT:
            raise InvalidArgument(
                f"The prompt has {len(text):,} bytes; at most {MAX_TEXT:,} are accepted."
            )
        clean = text.decode("utf-8", "replace").encode("utf-8")
        tokenize = self._native.api.llama_tokenize
        # most texts have fewer tokens than bytes; the call says how many it needs otherwise
        room = len(clean) + 8
        for _ in range(2):
            buffer = (ctypes.c_int32 * room)()
            count = tokenize(self.pointer, clean, len(clean), buffer, room, special, True)
            if count >= 0:
                return buffer[:count]
            if count == _INT32_MIN:
                break
            room = -count
        raise RuntimeFailure("llama.cpp could not tokenize the prompt.")

    def text(self, token: int) -> str:
        """A token as readable text."""
        return self.piece(token).decode("utf-8", "replace")

    def _special(self, token: int) -> str:
        return self.text(token) if 0 <= token < self.size else ""

    def _piece(self, token: int) -> bytes:
        room = _PIECE_BYTES
        for _ in range(2):
            buffer = ctypes.create_string_buffer(room)
            count = self._native.token_to_piece(self.pointer, token, buffer, room, 0, True)
            if count >= 0:
                return buffer.raw[:count]
            room = -count
        return b""
