"""Checks of the tokenizer that a GGUF carries.

``src/llama-vocab.cpp`` asserts that all tokens differ and that special tokens exist when they are
to be added, and indexes arrays by token id. Ids out of range it leaves out, with a warning in its
log; many published files have such a padding token, so only BOS and EOS are refused for it.
"""

from __future__ import annotations

import difflib
import re
from typing import NoReturn

from wasinn_nb.backends.ggml.gguf_charsmap import charsmap_is_sound
from wasinn_nb.backends.ggml.gguf_header import GGUFArray, GGUFHeader
from wasinn_nb.backends.ggml.gguf_reader import AGAIN
from wasinn_nb.backends.ggml.gguf_tables import TOKENIZERS, ValueType
from wasinn_nb.nn.errors import InvalidArgument

MAX_VOCABULARY = 1 << 23
MAX_TOKEN = 2048
PREFIX = "tokenizer.ggml."
TYPE_BYTE = 6

_FLAGS = (
    "add_bos_token",
    "add_eos_token",
    "add_sep_token",
    "add_space_prefix",
    "remove_extra_whitespaces",
)


def check_vocabulary(header: GGUFHeader) -> int:
    """Check everything under ``tokenizer.ggml``.

    Returns:
        The number of tokens.

    Raises:
        InvalidArgument: with what is wrong and what to do.
    """
    vocabulary = _Vocabulary(header)
    vocabulary.check()
    return vocabulary.count


class _Vocabulary:
    def __init__(self, header: GGUFHeader) -> None:
        self.header = header
        self.model = header.metadata.get(PREFIX + "model")
        self.count = 0

    def check(self) -> None:
        if not isinstance(self.model, str):
            self.refuse("it has no tokenizer (tokenizer.ggml.model)")
        if self.model in {"none", "no_vocab"}:
            self.refuse("it has no tokenizer, so it cannot read or write text")
        if self.model not in TOKENIZERS:
            near = difflib.get_close_matches(self.model[:40], TOKENIZERS, n=2)
            hint = f"Near names: {', '.join(near)}." if near else AGAIN
            self.refuse(f"its tokenizer {self.model[:40]!r} is unknown to llama.cpp", hint)
        tokens = self.array("tokens", {ValueType.STRING}, required=True)
        self.count = tokens.count if tokens else 0
        if not 1 <= self.count <= MAX_VOCABULARY:
            self.refuse(f"its vocabulary has {self.count:,} tokens")
        if tokens:
            self.tokens(tokens.strings())
        self.array("scores", {ValueType.FLOAT32, ValueType.INT32}, count=self.count)
        types = self.array("token_type", {ValueType.INT32}, count=self.count)
        if types and self.model == "bert" and TYPE_BYTE in types.numbers():
            self.refuse("a WordPiece vocabulary cannot have tokens of type byte")
        self.merges()
        self.charsmap()
        self.special()

    def refuse(self, what: str, hint: str = AGAIN) -> NoReturn:
        raise InvalidArgument(f"{self.header.label} cannot be loaded: {what}.", hint=hint)

    def array(
        self,
        name: str,
        kinds: set[ValueType],
        *,
        required: bool = False,
        count: int | None = None,
    ) -> GGUFArray | None:
        """An array of one of the types, or None; with at least ``count`` elements if given."""
        key = PREFIX + name
        value = self.header.metadata.get(key)
        if value is None and not required:
            return None
        if not isinstance(value, GGUFArray) or value.type not in kinds:
            names = " or ".join(sorted(kind.name.lower() for kind in kinds))
            self.refuse(f"{key} is missing or not an array of {names}")
        if count is not None and value.count < count:
            self.refuse(f"{key} has {value.count:,} elements for {count:,} tokens")
        return value

    def tokens(self, tokens: list[bytes]) -> None:
        """All different and short; llama.cpp gives an empty one the name ``[EMPTY_n]``."""
        names = [token or b"[EMPTY_%d]" % index for index, token in enumerate(tokens)]
        if max(map(len, names)) > MAX_TOKEN:  # recursion and quadratic tables per token
            self.refuse(f"it has a token of more than {MAX_TOKEN} bytes")
        known = set(names)
        if len(known) != len(names):
            seen: set[bytes] = set()
            for index, name in enumerate(names):
                if name in seen:
                    self.refuse(f"token {index} ({name[:40]!r}) occurs twice in the vocabulary")
                seen.add(name)
        if self.model == "llama":
            for byte in range(256):
                if b"<0x%02X>" % byte not in known and bytes((byte,)) not in known:
                    self.refuse(f"its vocabulary has no token for the byte {byte:#04x}")
        elif self.model == "rwkv":
            self.prefixes(tokens)

    def prefixes(self, tokens: list[bytes]) -> None:
        """Every byte that begins a token is a token: else the tokenizer never moves on."""
        plain = [_unescape(token) for token in tokens]
        single = {token for token in plain if len(token) == 1}
        for token in plain:
            if token and token[:1] not in single:
                self.refuse(f"its vocabulary has no token for the byte {token[0]:#04x}")

    def merges(self) -> None:
        required = self.model in {"gpt2", "hybriddna", "whitespace", "gemma4"}
        kimi = self.header.metadata.get(PREFIX + "pre") == "kimi-k2"
        merges = self.array("merges", {ValueType.STRING}, required=required and not kimi)
        if merges is None:
            return
        # a quarter of a million of them: one count in C finds nearly all damage, and the rest of it
        # makes only a merge that never applies
        raw = merges.raw()
        if raw.count(b" ") < merges.count:
            for index, merge in enumerate(merges.strings()):
                if merge.find(b" ", 1) < 0:
                    text = f"merge {index} ({merge[:40]!r}) is not two parts with a space between"
                    self.refuse(text)

    def charsmap(self) -> None:
        value = self.array("precompiled_charsmap", {ValueType.INT8, ValueType.UINT8})
        if value is not None and self.model == "t5" and not charsmap_is_sound(value.raw()):
            self.refuse(f"{PREFIX}precompiled_charsmap is damaged")

    def special(self) -> None:
        ids: dict[str, int] = {}
        for key, value in self.header.metadata.items():
            if not key.startswith(PREFIX):
                continue
            name = key.removeprefix(PREFIX)
            if name.endswith("_token_id"):
                kind = self.header.types[key]
                if kind is not ValueType.UINT32 or not isinstance(value, int):
                    self.refuse(f"{key} is stored as {kind.name.lower()}; it must be uint32")
                if value < self.count:
                    ids[name] = value
                elif name in {"bos_token_id", "eos_token_id"}:
                    text = f"{key} is {value}, outside the vocabulary of {self.count:,} tokens"
                    self.refuse(text)
            elif name in _FLAGS and not isinstance(value, bool):
                self.refuse(f"{key} is not a boolean")
        self.array("suppress_tokens", {ValueType.INT32})
        self.added(ids)

    def added(self, ids: dict[str, int]) -> None:
        """A token that is to be added to every text must exist: its absence is an assertion."""
        bos, eos = TOKENIZERS[str(self.model)]
        model = self.model
        added = {
            "bos": self.flag("add_bos_token", model in {"llama", "bert", "plamo2", "gemma4"}),
            "eos": self.flag("add_eos_token", model == "t5"),
            "seperator": self.flag("add_sep_token", model == "bert"),
        }
        usual = {"bos": bos, "eos": eos, "seperator": 102 if model == "bert" else None}
        for name, wanted in added.items():
            usual_id = usual[name]
            default = usual_id is not None and usual_id < self.count
            if wanted and f"{name}_token_id" not in ids and not default:
                self.refuse(
                    f"it adds a {name.upper()} token to every text but does not say which "
                    f"({PREFIX}{name}_token_id)"
                )

    def flag(self, name: str, default: bool) -> bool:  # noqa: FBT001 - a default, not a mode
        return bool(self.header.metadata.get(PREFIX + name, default))


_ESCAPE = re.compile(rb"\\(x[0-9a-f]{2}|.)", re.DOTALL)
_ESCAPES = {b"t": b"\t", b"n": b"\n", b"r": b"\r"}


def _unescape(token: bytes) -> bytes:
    """A token of an RWKV vocabulary, where bytes that are not text are escaped in hexadecimal."""
    if b"\\" not in token:
        return token

    def byte(match: re.Match[bytes]) -> bytes:
        code = match[1]
        return bytes.fromhex(code[1:].decode()) if len(code) == 3 else _ESCAPES.get(code, code)

    return _ESCAPE.sub(byte, token)
