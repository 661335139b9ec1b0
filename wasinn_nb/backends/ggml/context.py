"""An execution context: inputs, the state of single-step sessions, outputs, cancel and close."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from wasinn_nb.backends.ggml import chat
from wasinn_nb.backends.ggml.embeddings import embedding_json
from wasinn_nb.backends.ggml.generator import Generator
from wasinn_nb.backends.ggml.guard import Guard
from wasinn_nb.backends.ggml.params import (
    GPU_ONLY,
    context_key,
    refuse_unsupported,
    wants_embedding,
)
from wasinn_nb.backends.ggml.sampler import SamplerPlan
from wasinn_nb.nn.errors import InvalidArgument, PromptTooLong, UnsupportedOperation
from wasinn_nb.nn.settings import Scope, Value
from wasinn_nb.nn.stream import TokenStream

if TYPE_CHECKING:
    from wasinn_nb.backends.ggml.graph import LlamaGraph
    from wasinn_nb.nn.cancel import CancelToken
    from wasinn_nb.nn.settings import EffectiveConfig
    from wasinn_nb.nn.tensor import Buffer, Tensor

METADATA_INDEX = 1
"""Input: configuration JSON. Output: usage JSON. Every other index is the prompt or the text."""

_LONGEST_TEMPLATE = 16_000
"""A longer chat template would push the metadata past the buffers that guests use."""

_MOST_BYTES_PER_TOKEN, _SLACK = 64, 65_536
"""A prompt with more than this is refused unread: no tokenizer can be interrupted."""

_NAMED = 8
"""Unknown settings that a warning lists."""


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
        plan = SamplerPlan.from_config(config, graph.vocabulary)
        self._graph = graph
        self._stream = stream if stream is not None else TokenStream(limit=0)
        self._guard = Guard(cancel)
        self._generator = Generator(graph, self._guard, self._stream, config, plan)
        self._prompt: list[int] | None = None
        self._step: Callable[[], None] | None = None
        self._warn = warn
        self._warned: set[str] = set()
        self._closing = threading.Lock()
        self._released = False

    # -- inputs ----------------------------------------------------------------------------------

    def set_input(self, index: int, tensor: Tensor) -> None:
        """Take a prompt, or settings (index 1); the tensor's shape and type do not matter.

        Raises:
            InvalidEncoding: the settings are not JSON.
            InvalidArgument: a setting has a wrong value, or the context is closed.
            UnsupportedOperation: the settings ask for what this backend has not.
            PromptTooLong: a prompt of absurd length; others are judged when they are computed.
        """
        self._guard.enter()
        try:
            data = bytes(tensor.data)
            if index == METADATA_INDEX:
                self._configure(data)
            else:
                self._prompt = self._tokenize(data)
                self._end_session()
        finally:
            self._guard.leave()

    def _tokenize(self, data: bytes) -> list[int]:
        vocabulary = self._graph.vocabulary
        n_ctx = self._graph.context_length(self._generator.config)
        if len(data) > _MOST_BYTES_PER_TOKEN * n_ctx + _SLACK:
            raise PromptTooLong(
                f"The prompt of {len(data):,} bytes is far too long for {n_ctx:,} tokens.",
                limit=n_ctx,
                actual=len(data) // _MOST_BYTES_PER_TOKEN,
            )
        if not self._generator.config["chat"]:
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
        generator, graph = self._generator, self._graph
        parsed = generator.config.schema.parse_guest(data)
        refuse_unsupported(parsed.values)
        values = self._without_model_settings(parsed.values)
        config = graph.normalised(generator.config.overlay(values))
        plan = SamplerPlan.from_config(config, graph.vocabulary)
        if parsed.unknown:
            more = len(parsed.unknown) - _NAMED
            named = ", ".join(repr(key[:40]) for key in parsed.unknown[:_NAMED])
            self._warn_once(
                f"Unknown settings were ignored: {named}{f' and {more} more' if more > 0 else ''}."
            )
        same_slot = context_key(config) == context_key(generator.config)
        if not same_slot:
            self._end_session()
        elif self._step is not None and plan != generator.plan:
            # a session goes on with a new sampler
            self._step = self._resume
        generator.configure(config, plan, same_slot=same_slot)

    def _without_model_settings(self, values: Mapping[str, Value]) -> dict[str, Value]:
        schema, loaded = self._generator.config.schema, self._graph.config
        wanted = self._graph.normalised(self._generator.config.overlay(values))
        kept: dict[str, Value] = {}
        for key, value in values.items():
            if schema[key].scope is not Scope.MODEL:
                kept[key] = value
            elif wanted[key] != loaded[key]:
                self._warn_once(
                    f"{key} stays {loaded[key]}: it belongs to loading the model, which is done. "
                    "Give it when the model is loaded, or pin it."
                )
            elif key in GPU_ONLY and value != wanted[key] and not self._graph.native.offloads:
                self._warn_once(f"{key} has no effect: this llama.cpp computes on the CPU.")
        return kept

    def _warn_once(self, message: str) -> None:
        if self._warn is not None and message not in self._warned:
            self._warned.add(message)
            self._warn(message)

    # -- compute ---------------------------------------------------------------------------------

    def compute(self) -> None:
        """Generate from the prompt until the model ends, or n-predict, or the reverse prompt.

        Raises:
            InvalidArgument: no prompt was set, or the context is closed.
            PromptTooLong: nothing was computed.
            ContextFull, Cancelled: the text so far is there.
            RuntimeFailure: llama.cpp failed.
        """
        self._guard.enter()
        try:
            self._end_session()
            generator = self._generator
            if wants_embedding(generator.config):
                generator.embed(self._prompt)
            else:
                generator.generate(self._prompt)
        finally:
            self._generator.end()
            self._guard.leave()

    def compute_single(self) -> None:
        """Generate one token, evaluating the prompt first if no session runs.

        Raises:
            EndOfSequence: the token ended the text; it is in the output, and the session is over.
            ContextFull: the token is there, but there is no room for another.
            InvalidArgument, PromptTooLong, Cancelled, RuntimeFailure: as :meth:`compute`.
        """
        step = self._step
        if step is None:
            step = self._begin_session()
        try:
            step()
        except BaseException:
            self._step = None
            raise

    def _begin_session(self) -> Callable[[], None]:
        self._guard.enter()
        try:
            if wants_embedding(self._generator.config):
                raise UnsupportedOperation(
                    "compute_single makes text, and this context makes embeddings.",
                    hint="Call compute, or set embedding to false.",
                )
            self._generator.begin(self._prompt)
            self._step = step = self._generator.make_step()
        finally:
            self._guard.leave()
        return step

    def _resume(self) -> None:
        """A step after new settings took the sampler away."""
        self._guard.enter()
        try:
            self._step = step = self._generator.make_step()
        finally:
            self._guard.leave()
        step()

    def fini_single(self) -> None:
        """End a session and clear the output; prompt, settings and KV cache stay."""
        self._guard.enter(computing=False)
        try:
            self._end_session()
            self._generator.clear()
        finally:
            self._guard.leave()

    def _end_session(self) -> None:
        self._step = None
        self._generator.end()

    # -- outputs ---------------------------------------------------------------------------------

    def get_output(self, index: int) -> Buffer:
        """The text (or embedding JSON) so far; index 1: usage as JSON."""
        if index == METADATA_INDEX:
            return self.metadata()
        vector = self._generator.vector
        return embedding_json(vector) if vector else bytes(self._generator.output)

    def get_output_single(self, index: int) -> Buffer:
        """The last token's bytes, perhaps part of a character; index 1: usage as JSON."""
        return self.metadata() if index == METADATA_INDEX else self._generator.piece

    @property
    def token(self) -> int:
        """The number of the last step's token; -1 when there is none."""
        return self._generator.token

    def log_probability(self) -> float:
        """See :class:`~wasinn_nb.nn.backend.LanguageContext`."""
        self._guard.enter()
        try:
            found = self._generator.log_probability()
        finally:
            self._guard.leave()
        if found is None:
            raise InvalidArgument("No token was drawn.")
        return found

    def embedding(self) -> Sequence[float]:
        """The vector of the last ``compute``, of length 1.

        Raises:
            InvalidArgument: it made none.
        """
        if not self._generator.vector:
            raise InvalidArgument("No embedding was made.", hint="Set embedding to true.")
        return self._generator.vector

    def output_tensor(self, index: int) -> Tensor | None:  # noqa: ARG002 - the protocol's
        """None: outputs are text."""
        return None

    def metadata(self) -> bytes:
        """Usage, versions and what the model is, as JSON.

        The dialect's four members in its order, then ours; those of the model are called as in
        ``wasinn:llm``.
        """
        native, generator, info = self._graph.native, self._generator, self._graph.info
        figures = self._stream.figures()
        first, rate = figures.time_to_first_token, figures.tokens_per_second
        template = info.chat_template
        document = {
            "input_tokens": len(self._prompt or ()),
            "output_tokens": generator.count,
            "llama_build_number": native.build_number,
            "llama_commit": native.commit,
            "prompt_tokens_cached": generator.cached,
            "time_to_first_token_ms": None if first is None else round(first * 1000, 3),
            "tokens_per_second": None if rate is None else round(rate, 2),
            "finish_reason": generator.finish_reason,
            "architecture": info.architecture,
            "quantization": info.quantization,
            "parameters": info.parameters,
            "context_length": info.context_length,
            "layers": info.layers,
            "vocabulary": info.vocabulary,
            "embedding_length": info.embedding_length,
            "chat_template": template if len(template) <= _LONGEST_TEMPLATE else "",
        }
        return json.dumps(document, ensure_ascii=False).encode("utf-8", "replace")

    # -- cancel and close ------------------------------------------------------------------------

    def cancel(self) -> None:
        """Make the running call, if there is one, raise ``Cancelled`` within milliseconds."""
        self._guard.cancel()

    def close(self, why: str = "The execution context was closed.") -> None:
        """Free the sampler and hand the native context back; outputs stay readable.

        A call that runs in another thread is stopped first. Whoever closes a context that is being
        closed waits too: the model may be freed after that.
        """
        with self._closing:
            if not self._released:
                self._guard.close(why)
                self._step = None
                self._generator.release()
                self._graph.forget(self)
                self._released = True
