"""Prompt to tokens: the part of an execution context that drives llama.cpp.

The token drawn last is evaluated when the next one is asked for, so each token is known as early as
it can be, and a text that ends costs no evaluation in vain.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, cast

from wasinn_nb.backends.ggml.embeddings import normalized, read_embedding
from wasinn_nb.backends.ggml.kv import ABORTED, Aborted, Slot, common_prefix
from wasinn_nb.backends.ggml.sampler import Sampler, SamplerPlan, make_sampler
from wasinn_nb.nn.errors import (
    Cancelled,
    ContextFull,
    EndOfSequence,
    InvalidArgument,
    PromptTooLong,
    RuntimeFailure,
    UnsupportedOperation,
    WasinnError,
)

if TYPE_CHECKING:
    from wasinn_nb.backends.ggml.graph import LlamaGraph
    from wasinn_nb.backends.ggml.guard import Guard
    from wasinn_nb.nn.settings import EffectiveConfig
    from wasinn_nb.nn.stream import TokenStream

_RESERVED = 4
"""Positions that a prompt must leave free in the context, as on other hosts."""

_NONE = -1


class Generator:
    """Makes text (or an embedding) from a prompt, on a native context of its own.

    Attributes:
        config: effective settings; change them with :meth:`configure`.
        plan: the sampling part of them.
        output: all bytes of the last generation.
        vector: the embedding, if it made one.
        piece: the bytes of its last token.
        token: its last token; -1 before the first.
        count: its number of tokens, the one that ended it included.
        cached: prompt tokens that needed no evaluation.
        finish_reason: ``stop``, ``length``, ``context_full``, ``cancelled``, ``error`` or empty.
    """

    def __init__(
        self,
        graph: LlamaGraph,
        guard: Guard,
        stream: TokenStream,
        config: EffectiveConfig,
        plan: SamplerPlan,
    ) -> None:
        self.config = config
        self.plan = plan
        self.output = bytearray()
        self.vector: list[float] = []
        self.piece = b""
        self.token = _NONE
        self.count = 0
        self.cached = 0
        self.finish_reason = ""
        self._graph = graph
        self._guard = guard
        self._stream = stream
        self._slot: Slot | None = None
        self._sampler: Sampler | None = None
        self._pending = _NONE

    # -- whole generations -----------------------------------------------------------------------

    def generate(self, prompt: list[int] | None) -> None:
        """Generate until the model ends, n-predict tokens, or the reverse prompt.

        Raises:
            ContextFull: the context is full; the text is there.
            InvalidArgument, PromptTooLong, UnsupportedOperation, Cancelled, RuntimeFailure: see
                :meth:`begin`.
        """
        limit = max(cast("int", self.config["n-predict"]), -1)
        stop = str(self.config["reverse-prompt"]).encode("utf-8", "replace")
        self.begin(prompt, limit)
        if limit == 0:
            self._finish("length")
            return
        advance, output, endings = self._make_advance(), self.output, self._graph.endings
        slot = cast("Slot", self._slot)
        held, n_ctx = slot.held, slot.n_ctx
        try:
            while not self.finish_reason:
                ended = advance() in endings
                if ended or (stop and output.find(stop, -len(stop) - len(self.piece)) >= 0):
                    self._finish("stop")
                elif self.count == limit:
                    self._finish("length")
                elif len(held) >= n_ctx:
                    raise self._full(n_ctx)
        except (Aborted, WasinnError) as error:
            raise self._failed(error) from None

    def embed(self, prompt: list[int] | None) -> None:
        """Make the embedding of the prompt.

        Raises:
            PromptTooLong: it does not fit one batch.
            InvalidArgument, Cancelled, RuntimeFailure: see :meth:`begin`.
        """
        self._restart()
        try:
            tokens = _checked(prompt)
            slot = self._ready_slot()
            _check_length(tokens, min(slot.n_batch, slot.n_ctx - _RESERVED), "batch-size")
            slot.keep(0)
            self._stream.begin_prompt(len(tokens), 0, 0)
            self._evaluate(slot, tokens)
            vector = read_embedding(self._graph.native, slot, self._graph.model)
        except (Aborted, WasinnError) as error:
            raise self._failed(error) from None
        self.vector = normalized(vector)
        self._finish("stop")

    # -- single steps ----------------------------------------------------------------------------

    def begin(self, prompt: list[int] | None, limit: int = -1) -> None:
        """Clear the outputs and evaluate the prompt, as far as the KV cache does not hold it.

        Raises:
            InvalidArgument: there is no prompt.
            PromptTooLong: it does not fit the context.
            UnsupportedOperation: the model makes embeddings only.
            Cancelled: stopped meanwhile.
            RuntimeFailure: llama.cpp failed, or its result is no number.
        """
        self._restart()
        try:
            tokens = _checked(prompt)
            slot = self._ready_slot()
            if slot.memory is None:
                raise UnsupportedOperation(
                    "This model makes embeddings, not text.", hint="Set embedding to true."
                )
            longest = slot.n_ctx - _RESERVED
            _check_length(
                tokens, longest if slot.causal else min(longest, slot.n_batch), "ctx-size"
            )
            self._ready_sampler(slot).reset()
            keep = self._reuse(slot, tokens) if self.config["cache-prompt"] else slot.keep(0)
            self.cached = keep
            self._stream.begin_prompt(len(tokens), keep, limit)
            if keep < len(tokens):
                self._evaluate(slot, tokens[keep:])
                _check_sound(slot)
                slot.remember(self._graph.vocabulary.size)
        except (Aborted, WasinnError) as error:
            raise self._failed(error) from None

    def _reuse(self, slot: Slot, tokens: list[int]) -> int:
        """How many tokens of the prompt need no evaluation; the memory holds just these."""
        if slot.recall(tokens):
            return len(tokens)
        # the last token is evaluated for its logits
        return slot.keep(min(common_prefix(slot.held, tokens), len(tokens) - 1))

    def make_step(self) -> Callable[[], None]:
        """The function that makes one token; for use after :meth:`begin`.

        It raises ``EndOfSequence`` or ``ContextFull`` with the token in place, and whatever
        :meth:`begin` raises while computing.
        """
        advance, guard, endings = self._make_advance(), self._guard, self._graph.endings
        slot = cast("Slot", self._slot)
        held, n_ctx = slot.held, slot.n_ctx

        def step() -> None:
            if guard.running:
                guard.enter()
            guard.running = True
            try:
                if guard.closed:
                    raise InvalidArgument(guard.closed)
                if advance() in endings:
                    self._finish("stop")
                    raise EndOfSequence("The model ended its text.")
                if len(held) >= n_ctx:
                    raise self._full(n_ctx)
            except (Aborted, WasinnError) as error:
                raise self._failed(error) from None
            finally:
                guard.running = False

        return step

    def _make_advance(self) -> Callable[[], int]:
        """The token loop's body: evaluate the last token, draw the next, keep its text.

        What it needs is bound once, for it runs thousands of times a second.
        """
        native, slot, guard = self._graph.native, cast("Slot", self._slot), self._guard
        sampler = self._ready_sampler(slot)
        decode, sample, chain = native.decode, sampler.sample, sampler.chain
        context, batch, cell = slot.pointer, slot.single, slot.token
        vocabulary = self._graph.vocabulary
        pieces, make_piece, endings = vocabulary.pieces, vocabulary.piece, vocabulary.endings
        hold, extend, push = slot.held.append, self.output.extend, self._stream.push

        def advance() -> int:
            pending = self._pending
            if pending >= 0:
                cell[0] = pending
                code = decode(context, batch)
                if code:
                    slot.recover()
                    raise Aborted if code == ABORTED else slot.failure(code)
                hold(pending)
                self._pending = _NONE
            if guard.stop:
                raise Aborted
            token = sample(chain, context, -1)
            piece = pieces[token]
            if piece is None:
                piece = make_piece(token)
            self._pending = self.token = token
            self.piece = piece
            self.count += 1
            extend(piece)
            # "<|im_end|>" and its like are output for the guest, but no text for people
            push(b"" if token in endings else piece)
            return token

        return advance

    def log_probability(self) -> float | None:
        """Of the token drawn last, by the logits it was drawn from; None without such a token."""
        slot = self._slot
        if slot is None or self.token < 0:
            return None
        return slot.log_probability(self.token, self._graph.vocabulary.size)

    # -- between generations ---------------------------------------------------------------------

    def configure(self, config: EffectiveConfig, plan: SamplerPlan, *, same_slot: bool) -> None:
        """Take new settings; the native context goes unless they can share it."""
        if not same_slot:
            self.release()
        elif plan != self.plan:
            self._drop_sampler()
        self.config, self.plan = config, plan
        if self._slot is not None:
            self._set_threads(self._slot)

    def clear(self) -> None:
        """Empty the output; how the last generation went stays known."""
        self.output = bytearray()
        self.vector = []
        self.piece = b""
        self.token = _NONE
        self.count = 0
        self._pending = _NONE

    def _restart(self) -> None:
        self.clear()
        self.cached = 0
        self.finish_reason = ""

    def end(self) -> None:
        """Forget the token that waits for evaluation; the outputs stay."""
        self._pending = _NONE

    def release(self) -> None:
        """Free the sampler and hand the native context back to the graph."""
        self.end()
        self._drop_sampler()
        slot, self._slot = self._slot, None
        if slot is not None:
            self._graph.give_slot(slot)

    def _evaluate(self, slot: Slot, tokens: list[int]) -> None:
        if self._guard.stop:
            raise Aborted
        slot.evaluate(tokens, self._guard.flag, self._stream.prompt_progress)

    def _ready_slot(self) -> Slot:
        if self._slot is None:
            self._slot = self._graph.take_slot(self.config)
            self._slot.poll(self._guard.flag)
            self._set_threads(self._slot)
        return self._slot

    def _set_threads(self, slot: Slot) -> None:
        config = self.config
        slot.threads(cast("int", config["threads"]), cast("int", config["threads-batch"]))

    def _ready_sampler(self, slot: Slot) -> Sampler:
        if self._sampler is None:
            graph = self._graph
            self._sampler = make_sampler(graph.native, graph.vocabulary, self.plan, slot.n_ctx)
        return self._sampler

    def _drop_sampler(self) -> None:
        sampler, self._sampler = self._sampler, None
        if sampler is not None:
            sampler.close()

    def _finish(self, reason: str, *, failed: bool = False) -> None:
        self.finish_reason = reason
        self._stream.finish(reason, failed=failed)

    def _full(self, n_ctx: int) -> ContextFull:
        self._finish("context_full")
        return ContextFull(
            f"The context of {n_ctx} tokens is full.",
            limit=n_ctx,
            actual=n_ctx + 1,
            hint="Raise ctx-size, or generate less.",
        )

    def _failed(self, error: Aborted | WasinnError) -> WasinnError:
        """The error to raise, after noting how the generation ended."""
        self._pending = _NONE
        raised = self._guard.cancelled() if isinstance(error, Aborted) else error
        if not self.finish_reason:
            stopped = isinstance(raised, Cancelled)
            self._finish("cancelled" if stopped else "error", failed=not stopped)
        return raised


def _checked(prompt: list[int] | None) -> list[int]:
    if prompt is None:
        raise InvalidArgument("Nothing to compute: no input was set.")
    if not prompt:
        raise InvalidArgument("Nothing to compute: the prompt has no tokens.")
    return prompt


def _check_sound(slot: Slot) -> None:
    if not slot.sound():
        slot.keep(0)
        raise RuntimeFailure(
            "The model's output is not a number.",
            hint="Check the rope and yarn settings, and the model file.",
        )


def _check_length(tokens: list[int], longest: int, setting: str) -> None:
    if len(tokens) > longest:
        raise PromptTooLong(
            f"The prompt has {len(tokens)} tokens, and {longest} fit.",
            limit=longest,
            actual=len(tokens),
            hint=f"Shorten it, or raise {setting}.",
        )
