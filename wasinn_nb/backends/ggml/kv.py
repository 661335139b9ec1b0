"""A llama context with the tokens that its memory (KV cache) holds, so that prefixes are reused."""

from __future__ import annotations

import ctypes
import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from wasinn_nb.backends.ggml.logs import LOG
from wasinn_nb.nn.errors import RuntimeFailure

if TYPE_CHECKING:
    from wasinn_nb.backends.ggml.native import Native
    from wasinn_nb.nn.settings import Value

Key = tuple[tuple[str, "Value"], ...]

ABORTED = 2
"""What ``llama_decode`` returns when the abort callback stopped it."""


class Aborted(Exception):  # noqa: N818 - an event, not a failure
    """A decode was stopped through the abort flag; what it had added is taken back."""


def common_prefix(a: Sequence[int], b: Sequence[int]) -> int:
    """Number of leading items that two sequences share.

    Slices compare at C speed, so a bisection beats a loop over thousands of tokens.
    """
    low, high = 0, min(len(a), len(b))
    if a[:high] == b[:high]:
        return high
    while high - low > 1:
        middle = (low + high) // 2
        if a[low:middle] == b[low:middle]:
            low = middle
        else:
            high = middle
    return low


class Slot:
    """One native context. It belongs to one execution context at a time.

    Attributes:
        key: the settings it was made with (:func:`params.context_key`).
        pointer: address of the ``llama_context``.
        n_ctx: positions it can hold, as llama.cpp padded them.
        held: the tokens in its memory, in order.
        single, token: a batch of one token, and the array to write that token to.
    """

    def __init__(self, native: Native, model: int, params: Any, key: Key, nbytes: int) -> None:
        api = native.api
        with LOG.capture() as log:
            pointer = api.llama_init_from_model(model, params)
        if not pointer:
            raise RuntimeFailure(
                "llama.cpp could not make an execution context: "
                f"{log.complaint() or 'it gave no reason'}."
            )
        self._native = native
        self.key = key
        self.nbytes = nbytes
        self.pointer: int = pointer
        self.memory: int | None = api.llama_get_memory(pointer)
        self.n_ctx: int = api.llama_n_ctx(pointer)
        self.n_batch: int = api.llama_n_batch(pointer)
        self.n_ubatch: int = api.llama_n_ubatch(pointer)
        self.causal: bool = bool(api.llama_get_causal_attn(pointer))
        self.pooling: int = api.llama_pooling_type(pointer)
        self.held: list[int] = []
        self._prompt: list[int] = []
        self._logits = b""
        self.token = (ctypes.c_int32 * 1)()
        self.single = self._batch(self.token, 1)

    def threads(self, generation: int, prompt: int) -> None:
        """Set the numbers of threads."""
        self._native.api.llama_set_n_threads(self.pointer, generation, prompt)

    def poll(self, flag: ctypes.Array[ctypes.c_char]) -> None:
        """Let native code poll ``flag``, which the caller keeps alive; see ``Native``."""
        self._native.api.llama_set_abort_callback(
            self.pointer, self._native.abort_callback, ctypes.cast(flag, ctypes.c_void_p)
        )

    def keep(self, count: int) -> int:
        """Forget all but the first ``count`` tokens; returns how many could be kept.

        Recurrent models cannot go back, so they keep all or nothing.
        """
        if self.memory is None:
            self.held = []
            return 0
        if not self._native.memory_seq_rm(self.memory, 0, count, -1):
            self._native.api.llama_memory_clear(self.memory, True)
            count = 0
        del self.held[count:]
        return count

    def remember(self, vocabulary: int) -> None:
        """Keep the logits after the tokens held now; the same prompt then needs no evaluation.

        Args:
            vocabulary: number of logits.
        """
        logits = self._last_logits()
        self._logits = ctypes.string_at(logits, vocabulary * 4) if logits else b""
        self._prompt = self.held.copy()

    def recall(self, tokens: Sequence[int]) -> bool:
        """Go back to where the logits after exactly these tokens were remembered.

        They are copied to where the last decode left its own, so that sampling sees the very bits
        of the first time: evaluating the last token again could round a near-tie the other way.

        Returns:
            False if that place is not known (any more); tokens may have been forgotten then.
        """
        count = len(tokens)
        known = bool(self._logits) and self._prompt == tokens and self.held[:count] == tokens
        if not known or self.keep(count) != count:
            return False
        logits = self._last_logits()
        if logits:
            ctypes.memmove(logits, self._logits, len(self._logits))
        return bool(logits)

    def _last_logits(self) -> Any:
        return self._native.api.llama_get_logits_ith(self.pointer, -1)

    def evaluate(
        self,
        tokens: Sequence[int],
        flag: ctypes.Array[ctypes.c_char],
        progress: Callable[[int], None],
    ) -> None:
        """Add tokens to the memory; afterwards the logits of the last one are there.

        Physical batches are submitted one by one, so that ``progress`` (called with the number of
        tokens held) and ``flag`` come between them even where the device cannot be interrupted.

        Raises:
            Aborted: the flag was set.
            RuntimeFailure: llama.cpp could not evaluate them.
        """
        step = self.n_ubatch if self.causal else self.n_batch
        for start in range(0, len(tokens), step):
            part = tokens[start : start + step]
            array = (ctypes.c_int32 * len(part))(*part)
            with LOG.capture() as log:
                code = self._native.decode(self.pointer, self._batch(array, len(part)))
            if code:
                self.recover()
                if code == ABORTED:
                    raise Aborted
                raise self.failure(code, log.complaint())
            self.held += part
            progress(len(self.held))
            if flag[0] != b"\0":
                raise Aborted

    def recover(self) -> None:
        """Make the memory hold exactly :attr:`held` again after a decode that failed half-way."""
        known = len(self.held)
        if self.memory is not None and not self._native.memory_seq_rm(self.memory, 0, known, -1):
            self._native.api.llama_memory_clear(self.memory, True)
            self.held = []

    def failure(self, code: int, complaint: str = "") -> RuntimeFailure:
        """The error for a return code of ``llama_decode``."""
        what = {1: "no room in the KV cache", -1: "invalid batch", -2: "out of memory"}
        reason = complaint or what.get(code, "computation failed")
        return RuntimeFailure(f"llama.cpp could not evaluate tokens (code {code}): {reason}.")

    def sound(self) -> bool:
        """False if the last logits are not numbers: settings such as RoPE's made them overflow."""
        logits = self._last_logits()
        return bool(logits) and math.isfinite(logits[0])

    def log_probability(self, token: int, vocabulary: int) -> float:
        """The natural logarithm of a token's probability by the last logits.

        Args:
            vocabulary: number of logits.
        """
        import numpy as np

        logits = np.ctypeslib.as_array(self._last_logits(), (vocabulary,))
        highest = logits.max()
        spread = np.exp(logits - highest, dtype=np.float32).sum(dtype=np.float64)
        return float(logits[token] - highest) - math.log(spread)

    def close(self) -> None:
        """Free the native context."""
        pointer, self.pointer = self.pointer, 0
        if pointer:
            self._native.api.llama_free(pointer)

    def _batch(self, array: Any, count: int) -> Any:
        # positions, sequence and outputs stay null: continue sequence 0, output the last token
        return self._native.api.llama_batch(
            count, ctypes.cast(array, ctypes.POINTER(ctypes.c_int32)), None, None, None, None, None
        )
