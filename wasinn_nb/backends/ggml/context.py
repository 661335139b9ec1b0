"""An execution context: the state machine of compute, compute_single and fini_single.

A session is a sequence of single steps. Its first step evaluates the prompt; every step draws one
token. The token drawn last is evaluated at the start of the next step, so a step returns as soon as
its token is known and a sequence that ends costs no evaluation in vain.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, cast

from wasinn_nb.backends.ggml import chat, embeddings
from wasinn_nb.backends.ggml.kv import Aborted, Slot, common_prefix
from wasinn_nb.backends.ggml.params import context_key, refuse_unsupported, wants_embedding
from wasinn_nb.backends.ggml.sampler import Sampler, SamplerPlan, make_sampler
from wasinn_nb.nn.errors import (
    Busy,
    Cancelled,
    ContextFull,
    EndOfSequence,
    InvalidArgument,
    PromptTooLong,
    RuntimeFailure,
    UnsupportedOperation,
    WasinnError,
)
from wasinn_nb.nn.settings import Scope, Value
from wasinn_nb.nn.stream import TokenStream

if TYPE_CHECKING:
    from wasinn_nb.backends.ggml.graph import LlamaGraph
    from wasinn_nb.nn.cancel import CancelToken
    from wasinn_nb.nn.settings import EffectiveConfig
    from wasinn_nb.nn.tensor import Buffer, Tensor

METADATA_INDEX = 1
"""Input: configuration JSON. Output: usage JSON. Every other index is the prompt or the text."""

_RESERVED = 4
"""Positions that a prompt must leave free in the context, as on other hosts."""

_LONGEST_TEMPLATE = 16_000
"""A longer chat template would push the metadata past the buffers that guests use."""

_POLL = 0.001


class LlamaContext:
    """One computation over a loaded model; see :class:`wasinn_nb.nn.backend.ExecutionContext`."""

    def __init__(
        self,
        graph: LlamaGraph,
        config: EffectiveConfig,
        *,
        stream: TokenStream | None = None,
        cancel: CancelToken | None = None,
        warn: Callable[[str], None] | None = None,
    ) -> None:
        refuse_unsupported(config.values)
        self._graph = graph
        self._vocabulary = graph.vocabulary
        self._config = config
        self._plan = SamplerPlan.from_config(config, graph.vocabulary)
        self._stream = stream if stream is not None else TokenStream(limit=0)
        self._warn = warn
        self._warned: set[str] = set()

        self._prompt: list[int] | None = None
        self._output = bytearray()
        self._piece = b""
        self._count = 0
        self._cached = 0
        self._finish_reason = ""

        self._slot: Slot | None = None
        self._sampler: Sampler | None = None
        self._pending = -1
        self._step = self._first_step

        self._running = False
        self._closed = ""
        self._stop = ""
        self._stopped_for_good = False
        self._unsubscribe = (
            cancel.on_cancel(lambda: self._cancel_for_good(cancel.reason))
            if (cancel is not None)
            else (lambda: None)
        )

    # -- inputs ----------------------------------------------------------------------------------

    def set_input(self, index: int, tensor: Tensor) -> None:
        """Take a prompt, or settings (index 1); the tensor's shape and type do not matter.

        Raises:
            InvalidEncoding: the settings are not JSON.
            InvalidArgument: a setting has a wrong value, or the context is closed.
            UnsupportedOperation: the settings ask for what this backend has not.
        """
        self._enter()
        try:
            data = bytes(tensor.data)
            if index == METADATA_INDEX:
                self._configure(data)
            else:
                self._prompt = self._tokenize(data)
                self._end_session()
        finally:
            self._running = False

    def _tokenize(self, data: bytes) -> list[int]:
        vocabulary = self._vocabulary
        if not self._config["chat"]:
            return vocabulary.tokenize(data)
        text = chat.render(
            self._graph.info.chat_template,
            chat.parse_messages(data),
            {"bos_token": vocabulary.bos, "eos_token": vocabulary.eos},
        )
        # most templates write the BOS token themselves, and it must not come twice
        special = not (vocabulary.bos and text.startswith(vocabulary.bos))
        return vocabulary.tokenize(text.encode("utf-8", "replace"), special=special)

    def _configure(self, data: bytes) -> None:
        """Apply a guest's settings: all of them, or none if any is wrong."""
        parsed = self._config.schema.parse_guest(data)
        for key in parsed.unknown:
            self._warn_once(f"Unknown setting {key!r} was ignored.")
        values = self._without_model_settings(parsed.values)
        refuse_unsupported(values)
        config = self._graph.normalised(self._config.overlay(values))
        plan = SamplerPlan.from_config(config, self._vocabulary)
        if context_key(config) != context_key(self._config):
            self._end_session()
            self._release()
        elif plan != self._plan:
            self._drop_sampler()
        if self._slot is not None:
            self._set_threads(self._slot, config)
        self._config, self._plan = config, plan

    def _without_model_settings(self, values: object) -> dict[str, Value]:
        kept: dict[str, Value] = {}
        loaded = self._graph.config
        for key, value in cast("dict[str, Value]", values).items():
            if self._config.schema[key].scope is not Scope.MODEL:
                kept[key] = value
            elif value and key in ("mmproj", "model-vocoder"):
                kept[key] = value
            elif value != loaded[key]:
                self._warn_once(
                    f"{key} stays {loaded[key]}: it belongs to loading the model, and the model "
                    "is loaded. Give it when the model is loaded, or pin it."
                )
        return kept

    def _warn_once(self, message: str) -> None:
        if self._warn is not None and message not in self._warned:
            self._warned.add(message)
            self._warn(message)

    # -- compute ---------------------------------------------------------------------------------

    def compute(self) -> None:
        """Generate from the prompt until the model ends, or n-predict, or the reverse prompt.

        Raises:
            InvalidArgument: no prompt was set.
            PromptTooLong, ContextFull: see the classes; after the latter the text is there.
            Cancelled: stopped; the text so far is there.
            RuntimeFailure: llama.cpp failed.
        """
        self._enter()
        try:
            self._end_session()
            if wants_embedding(self._config):
                self._compute_embedding()
            else:
                self._compute_text()
        except WasinnError as error:
            self._failed(error)
            raise
        finally:
            self._running = False

    def _compute_text(self) -> None:
        limit = cast("int", self._config["n-predict"])
        if limit < 0:
            limit = -1
        stop = str(self._config["reverse-prompt"]).encode("utf-8", "replace")
        self._begin(limit)
        if limit == 0:
            self._finish("length")
            return
        advance, output, endings = self._make_advance(), self._output, self._vocabulary.endings
        slot = cast("Slot", self._slot)
        held, n_ctx = slot.held, slot.n_ctx
        while True:
            token = advance()
            if token in endings:
                return self._finish("stop")
            if stop and output.find(stop, -(len(stop) + len(self._piece))) >= 0:
                return self._finish("stop")
            if self._count == limit:
                return self._finish("length")
            if len(held) >= n_ctx:
                self._finish("context_full")
                raise self._full(n_ctx)

    def compute_single(self) -> None:
        """Generate one token, evaluating the prompt first if no session runs.

        Raises:
            EndOfSequence: the token ended the text; it is in the output, and the session is over.
            ContextFull: the token is there, but there is no room for another.
            InvalidArgument, PromptTooLong, Cancelled, RuntimeFailure: as :meth:`compute`.
        """
        self._step()

    def _first_step(self) -> None:
        self._enter()
        try:
            if wants_embedding(self._config):
                raise UnsupportedOperation(
                    "compute_single makes text, and this context makes embeddings.",
                    hint="Call compute, or set embedding to false.",
                )
            self._begin(-1)
        except WasinnError as error:
            self._failed(error)
            raise
        finally:
            self._running = False
        self._step = self._make_step()
        self._step()

    def _next_step(self) -> None:
        """A step whose sampler was dropped by new settings."""
        self._enter()
        self._running = False
        self._step = self._make_step()
        self._step()

    def fini_single(self) -> None:
        """End a session and clear the output; prompt, settings and KV cache stay."""
        self._enter(computing=False)
        try:
            self._end_session()
            self._clear()
        finally:
            self._running = False

    def _make_step(self) -> Callable[[], None]:
        """The function that compute_single is while a session runs."""
        advance = self._make_advance()
        endings = self._vocabulary.endings
        slot = cast("Slot", self._slot)
        held, n_ctx = slot.held, slot.n_ctx

        def step() -> None:
            if self._running or self._closed:
                self._enter()
            self._running = True
            try:
                token = advance()
                if token in endings:
                    self._finish("stop")
                    raise EndOfSequence("The model ended its text.")
                if len(held) >= n_ctx:
                    self._finish("context_full")
                    raise self._full(n_ctx)
            except WasinnError as error:
                self._failed(error)
                raise
            finally:
                self._running = False

        return step

    def _make_advance(self) -> Callable[[], int]:
        """The token loop's body: evaluate the last token, draw the next, keep its text.

        Everything it needs is bound once; it is called thousands of times a second.
        """
        native, slot = self._graph.native, cast("Slot", self._slot)
        sampler = self._ready_sampler(slot)
        decode, sample, chain = native.decode, sampler.sample, sampler.chain
        pointer, batch, cell = slot.pointer, slot.single, slot.token
        pieces, make_piece = self._vocabulary.pieces, self._vocabulary.piece
        hold, extend, push = slot.held.append, self._output.extend, self._stream.push

        def advance() -> int:
            pending = self._pending
            if pending >= 0:
                cell[0] = pending
                code = decode(pointer, batch)
                if code:
                    slot.recover()
                    raise Aborted if code == 2 else slot.failure(code)
                hold(pending)
                self._pending = -1
            if self._stop:
                raise Aborted
            token = sample(chain, pointer, -1)
            piece = pieces[token]
            if piece is None:
                piece = make_piece(token)
            self._pending = token
            self._piece = piece
            self._count += 1
            extend(piece)
            push(piece)
            return token

        return self._stoppable(advance)

    # -- begin and end ---------------------------------------------------------------------------

    def _begin(self, limit: int) -> None:
        """Clear the outputs and evaluate the prompt, as far as the KV cache does not hold it."""
        self._clear()
        prompt = self._checked_prompt()
        slot = self._ready_slot()
        if slot.memory is None:
            raise UnsupportedOperation(
                "This model makes embeddings, not text.", hint="Set embedding to true."
            )
        longest = slot.n_ctx - _RESERVED
        if not slot.causal:
            longest = min(longest, slot.n_batch)
        if len(prompt) > longest:
            raise self._too_long(longest)
        self._ready_sampler(slot).reset()
        keep = 0
        if self._config["cache-prompt"]:
            # the last token is always evaluated, for its logits
            keep = min(common_prefix(slot.held, prompt), len(prompt) - 1)
        self._cached = keep = slot.keep(keep)
        self._stream.begin_prompt(len(prompt), keep, limit)
        self._evaluate(slot, prompt[keep:])
        if not slot.sound():
            slot.keep(0)
            raise RuntimeFailure(
                "The model's output is not a number.",
                hint="Check the rope and yarn settings, and the model file.",
            )

    def _compute_embedding(self) -> None:
        self._clear()
        prompt = self._checked_prompt()
        slot = self._ready_slot()
        longest = min(slot.n_batch, slot.n_ctx - _RESERVED)
        if len(prompt) > longest:
            raise self._too_long(longest)
        slot.keep(0)
        self._stream.begin_prompt(len(prompt), 0, 0)
        self._evaluate(slot, prompt)
        native = self._graph.native
        vector = embeddings.read_embedding(native, slot, self._graph.model)
        self._output += embeddings.embedding_json(embeddings.normalized(vector))
        self._finish("stop")

    def _evaluate(self, slot: Slot, tokens: list[int]) -> None:
        try:
            if self._stop:
                raise Aborted
            slot.evaluate(tokens, self._stream.prompt_progress)
        except Aborted:
            raise self._cancelled() from None

    def _stoppable(self, advance: Callable[[], int]) -> Callable[[], int]:
        def stoppable() -> int:
            try:
                return advance()
            except Aborted:
                raise self._cancelled() from None

        return stoppable

    def _checked_prompt(self) -> list[int]:
        if self._prompt is None:
            raise InvalidArgument("Nothing to compute: no input was set.")
        if not self._prompt:
            raise InvalidArgument("Nothing to compute: the prompt has no tokens.")
        return self._prompt

    def _ready_slot(self) -> Slot:
        if self._slot is None:
            self._slot = self._graph.take_slot(self._config)
            self._set_threads(self._slot, self._config)
            if self._stop:
                self._slot.flag[0] = b"1"
        return self._slot

    def _set_threads(self, slot: Slot, config: EffectiveConfig) -> None:
        slot.threads(cast("int", config["threads"]), cast("int", config["threads-batch"]))

    def _ready_sampler(self, slot: Slot) -> Sampler:
        if self._sampler is None:
            self._sampler = make_sampler(
                self._graph.native, self._vocabulary, self._plan, slot.n_ctx
            )
        return self._sampler

    def _clear(self) -> None:
        self._output = bytearray()
        self._piece = b""
        self._count = 0
        self._cached = 0
        self._finish_reason = ""

    def _finish(self, reason: str) -> None:
        self._finish_reason = reason
        self._stream.finish(reason)
        self._end_session()

    def _failed(self, error: WasinnError) -> None:
        """End the session after an error that :meth:`_finish` has not announced already."""
        if not isinstance(error, (EndOfSequence, ContextFull)):
            reason = "cancelled" if isinstance(error, Cancelled) else "error"
            self._finish_reason = reason
            self._stream.finish(reason, failed=reason == "error")
        self._end_session()

    def _end_session(self) -> None:
        self._pending = -1
        self._step = self._first_step

    def _full(self, n_ctx: int) -> ContextFull:
        return ContextFull(
            f"The context of {n_ctx} tokens is full.",
            limit=n_ctx,
            actual=n_ctx + 1,
            hint="Raise ctx-size, or generate less.",
        )

    def _too_long(self, longest: int) -> PromptTooLong:
        actual = len(self._prompt or ())
        return PromptTooLong(
            f"The prompt has {actual} tokens, and {longest} fit.",
            limit=longest,
            actual=actual,
            hint="Shorten it, or raise ctx-size (embeddings: batch-size).",
        )

    # -- outputs ---------------------------------------------------------------------------------

    def get_output(self, index: int) -> Buffer:
        """The text (or embedding JSON) so far; index 1: usage as JSON."""
        return self.metadata() if index == METADATA_INDEX else bytes(self._output)

    def get_output_single(self, index: int) -> Buffer:
        """The last token's bytes, perhaps part of a character; index 1: usage as JSON."""
        return self.metadata() if index == METADATA_INDEX else self._piece

    def output_tensor(self, index: int) -> Tensor | None:  # noqa: ARG002 - the protocol's
        """None: outputs are text."""
        return None

    def metadata(self) -> bytes:
        """Usage and versions as JSON: the dialect's four members in its order, then ours."""
        native, figures = self._graph.native, self._stream.figures()
        first, rate = figures.time_to_first_token, figures.tokens_per_second
        if not self._count:
            first = rate = None
        template = self._graph.info.chat_template
        document = {
            "input_tokens": len(self._prompt or ()),
            "output_tokens": self._count,
            "llama_build_number": native.build_number,
            "llama_commit": native.commit,
            "prompt_tokens_cached": self._cached,
            "time_to_first_token_ms": None if first is None else round(first * 1000, 3),
            "tokens_per_second": None if rate is None else round(rate, 2),
            "finish_reason": self._finish_reason,
            "chat_template": template if len(template) <= _LONGEST_TEMPLATE else "",
        }
        return json.dumps(document, ensure_ascii=False).encode("utf-8", "replace")

    # -- cancel and close ------------------------------------------------------------------------

    def cancel(self) -> None:
        """Make the running call, if there is one, raise ``Cancelled`` within milliseconds."""
        if self._running:
            self._stop = self._stop or "stop"
            self._raise_flag()

    def close(self) -> None:
        """Free the sampler and hand the native context back; outputs stay readable."""
        self._close("The execution context was closed.")

    def unloaded(self) -> None:
        """Close because the model goes."""
        self._close("The model was unloaded.")

    def _close(self, why: str) -> None:
        if self._closed:
            return
        self._closed = why
        self._unsubscribe()
        self._cancel_for_good("closed")
        while self._running:
            time.sleep(_POLL)
        self._end_session()
        self._drop_sampler()
        self._release()
        self._graph.forget(self)

    def _enter(self, *, computing: bool = True) -> None:
        """Begin a call: nobody else may be inside, and the context must be open."""
        if self._running:
            raise Busy("The execution context is computing in another thread.")
        self._running = True
        if self._closed and computing:
            self._running = False
            raise InvalidArgument(self._closed)

    def _cancel_for_good(self, reason: str) -> None:
        self._stop = reason or "stop"
        self._stopped_for_good = True
        self._raise_flag()

    def _raise_flag(self) -> None:
        slot = self._slot
        if slot is not None:
            slot.flag[0] = b"1"

    def _cancelled(self) -> Cancelled:
        reason = self._stop or "stop"
        if not self._stopped_for_good:
            self._stop = ""
            if self._slot is not None:
                self._slot.flag[0] = b"\0"
        return Cancelled(reason)

    def _drop_sampler(self) -> None:
        sampler, self._sampler = self._sampler, None
        if sampler is not None:
            sampler.close()
        if self._step not in (self._first_step, self._next_step):
            self._step = self._next_step

    def _release(self) -> None:
        slot, self._slot = self._slot, None
        if slot is not None:
            slot.flag[0] = b"\0"
            self._graph.give_slot(slot)
