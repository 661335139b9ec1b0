"""``wasinn:llm`` for components: language models token by token (``wit/wasinn-llm.wit``).

What calls mean is said by the registry and the backends, as for the core ABI: a context here is a
context there, and a token is a single step.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from wasinn_nb.abi.core.contexts import LANGUAGE_MODELS, METADATA
from wasinn_nb.abi.core.errno import ERRNO
from wasinn_nb.abi.core.host import GraphLease, NNHost
from wasinn_nb.abi.wit.codec import (
    Case,
    Codec,
    Err,
    Floats,
    List,
    Result,
    String,
)
from wasinn_nb.abi.wit.generation import Generation, Options
from wasinn_nb.abi.wit.linker import Function, Interface
from wasinn_nb.abi.wit.llm_types import (
    CONFIG,
    DESCRIPTION,
    ERROR,
    MESSAGE,
    OPTIONS,
    TOKEN,
    U32_MAX,
    USAGE,
    case_of,
    settings_of,
)
from wasinn_nb.abi.wit.resources import Crossing, Handle, Shared, Table
from wasinn_nb.nn.backend import LanguageContext
from wasinn_nb.nn.errors import (
    InvalidArgument,
    ModelNotFound,
    NotFound,
    UnsupportedOperation,
    WasinnError,
)
from wasinn_nb.nn.settings import Scope, Value
from wasinn_nb.nn.tensor import Tensor
from wasinn_nb.nn.types import TensorType

PACKAGE, VERSION = "wasinn:llm", "0.1.0"
MODELS = f"{PACKAGE}/models@{VERSION}"

_MOST_MODELS, _MOST_CONTEXTS, _MOST_STREAMS = 1024, 1024, 1024
_LONGEST_NAME = 4096


@dataclass(slots=True)
class Model:
    """What a model resource stands for: the name it was asked for by, and the hold on it."""

    name: str
    lease: Shared[GraphLease]


@dataclass(slots=True)
class Working:
    """What a context resource stands for.

    Attributes:
        texts: generates.
        embeds: makes embeddings, which takes a native context of another kind; made on first use.
        given: settings that the guest has changed.
        applied: what generations were last told of their input.
        generation: the one that goes on.
    """

    lease: Shared[GraphLease]
    texts: LanguageContext
    embeds: LanguageContext | None = None
    given: dict[str, Value] = field(default_factory=dict)
    applied: dict[str, Value] = field(default_factory=dict)
    generation: Generation | None = None

    def interrupt(self) -> None:
        """End the generation that goes on, if one does."""
        if self.generation is not None:
            self.generation.close()
            self.generation = None


@dataclass(slots=True)
class Stream:
    """What a token stream stands for: it needs its context, which may be dropped before it."""

    context: Shared[Working]
    generation: Generation


class LLM:
    """The functions of one run over its resources; each returns its value or raises."""

    def __init__(self, host: NNHost, crossing: Crossing) -> None:
        self._host = host
        self._crossing = crossing
        self.models = Table(5, "model", limit=_MOST_MODELS, closed=_end_model)
        self.contexts = Table(6, "context", limit=_MOST_CONTEXTS, closed=_end_context)
        self.streams = Table(7, "token stream", limit=_MOST_STREAMS, closed=_end_stream)

    @property
    def tables(self) -> tuple[Table, ...]:
        """Everything that the guest holds, in the order in which it is to end."""
        return self.streams, self.contexts, self.models

    def failure(self, error: WasinnError) -> Err:
        """The variant for what a call raised."""
        return Err(case_of(error))

    # -- models --------------------------------------------------------------------------------

    def load(self, name: str, config: dict[str, Any]) -> Model | Err:
        """``[static]model.load``."""
        if len(name) > _LONGEST_NAME:
            raise InvalidArgument(
                f"The name of a model has {len(name):,} characters; the most is {_LONGEST_NAME:,}."
            )
        self.models.room()
        settings = settings_of(config)
        data = json.dumps(settings).encode() if settings else None
        try:
            lease = self._host.acquire(name, data)
        except (NotFound, ModelNotFound) as error:
            self._host.failed("model.load", ERRNO[error.code], error)
            return Err(Case("model-not-found", name))
        return Model(name, Shared(lease, _release))

    def describe(self, model: Model) -> dict[str, Any]:
        """``[method]model.describe``."""
        lease = model.lease.value
        info = lease.info
        return {
            "name": model.name,
            "encoding": info.encoding.value,
            "architecture": info.architecture,
            "quantization": info.quantization,
            "device": lease.device,
            "parameters": info.parameters,
            "size": info.nbytes,
            "context-length": min(info.context_length, U32_MAX),
            "layers": min(info.layers, U32_MAX),
            "vocabulary": min(info.vocabulary, U32_MAX),
            "embedding-length": min(info.embedding_length, U32_MAX),
            "has-chat-template": bool(info.chat_template),
        }

    def open(self, model: Model) -> Shared[Working]:
        """``[method]model.open``."""
        self.contexts.room()
        lease = model.lease
        texts = self._new_context(lease.value)
        return Shared(Working(lease.share(), texts), _close)

    def unload(self, model: Model) -> None:
        """``[static]model.unload``."""
        try:
            model.lease.value.unload()
        finally:
            model.lease.drop()

    # -- contexts ------------------------------------------------------------------------------

    def configure(self, context: Shared[Working], config: dict[str, Any]) -> None:
        """``[method]context.configure``."""
        working = context.value
        settings = settings_of(config)
        if not settings:
            return
        data = json.dumps(settings).encode()
        schema = working.lease.value.config.schema
        values = schema.parse_guest(data).values
        late = [key for key in values if schema[key].scope is Scope.MODEL]
        if late:
            raise InvalidArgument(
                f"{late[0]} belongs to loading the model, which is done.",
                hint="Give it to model.load.",
            )
        _set(working.texts, settings)
        working.interrupt()
        working.given |= values
        for key in values:
            working.applied.pop(key, None)
        self._drop_embeds(working)

    def generate(self, context: Shared[Working], prompt: str, options: dict[str, Any]) -> Stream:
        """``[method]context.generate``."""
        return self._begin(context, prompt, options, chat=False)

    def chat(
        self, context: Shared[Working], messages: list[dict[str, str]], options: dict[str, Any]
    ) -> Stream:
        """``[method]context.chat``."""
        if "chat" not in context.value.lease.value.config.schema:
            raise UnsupportedOperation("This backend knows no chat templates.")
        return self._begin(context, json.dumps(messages), options, chat=True)

    def embed(self, context: Shared[Working], text: str) -> Any:
        """``[method]context.embed``: beside the generation, whose memory stays as it is."""
        working = context.value
        if working.embeds is None:
            working.embeds = self._new_embeds(working)
        data = text.encode("utf-8", "replace")
        self._crossing.nbytes = len(data)
        working.embeds.set_input(0, Tensor((len(data),), TensorType.U8, data))
        working.embeds.compute()
        self._host.output_read(working.embeds, METADATA, working.embeds.get_output(METADATA))
        return working.embeds.embedding()

    def _begin(
        self, context: Shared[Working], text: str, given: dict[str, Any], *, chat: bool
    ) -> Stream:
        self.streams.room()
        working = context.value
        settings = working.lease.value.config.overlay(working.given)
        limit = settings.values.get("n-predict", -1)
        options = Options.checked(given, limit if isinstance(limit, int) else -1)
        working.interrupt()
        wanted: dict[str, Value] = {"chat": chat, "embedding": False}
        change = {
            key: value
            for key, value in wanted.items()
            if key in settings.schema and working.applied.get(key, settings.values[key]) != value
        }
        texts = working.texts
        if change:
            _set(texts, change)
            working.applied |= change
        data = text.encode("utf-8", "replace")
        self._crossing.nbytes = len(data)
        texts.set_input(0, Tensor((len(data),), TensorType.U8, data))
        host = self._host
        generation = Generation(
            texts,
            options,
            lambda reason: host.generation_ended(texts, reason),
            lambda figures: host.output_read(texts, METADATA, figures),
        )
        generation.begin()
        working.generation = generation
        return Stream(context.share(), generation)

    def _new_embeds(self, working: Working) -> LanguageContext:
        lease = working.lease.value
        if "embedding" not in lease.config.schema:
            raise UnsupportedOperation("This backend makes no embeddings.")
        embeds = self._new_context(lease)
        wanted = {"embedding": True, "chat": False}  # a template is for dialogues
        try:
            _set(
                embeds,
                working.given | {k: v for k, v in wanted.items() if k in lease.config.schema},
            )
        except BaseException:
            lease.drop_context(embeds)
            raise
        return embeds

    def _drop_embeds(self, working: Working) -> None:
        """Settings have changed: the next embedding is made by them."""
        embeds, working.embeds = working.embeds, None
        if embeds is not None:
            working.lease.value.drop_context(embeds)

    def _new_context(self, lease: GraphLease) -> LanguageContext:
        if lease.info.encoding in LANGUAGE_MODELS:
            context = self._host.create_context(lease)
            if isinstance(context, LanguageContext):
                return context
            lease.drop_context(context)
        raise UnsupportedOperation(
            f"The model {lease.name!r} does not make text token by token.",
            hint="Models of tensors are computed through wasi:nn.",
        )

    # -- streams -------------------------------------------------------------------------------

    def finish(self, stream: Stream) -> dict[str, Any]:
        """``[static]token-stream.finish``."""
        try:
            stream.generation.close()
            return stream.generation.usage()
        finally:
            stream.context.drop()

    # -- the door ------------------------------------------------------------------------------

    def interfaces(self) -> dict[str, Interface]:
        """What a component imports, by full names."""
        models = {"model": self.models, "context": self.contexts, "token-stream": self.streams}
        functions = {
            **self._model_functions(),
            **self._context_functions(),
            **self._stream_functions(),
        }
        return {
            f"{PACKAGE}/errors@{VERSION}": Interface({}, {}, self.failure),
            MODELS: Interface(models, functions, self.failure),
        }

    def _model_functions(self) -> Mapping[str, Function]:
        this, own = self._borrow(self.models), self._own(self.models)
        return {
            "[static]model.load": Function((String(), CONFIG), Result(own, ERROR), self.load),
            "[method]model.describe": Function((this,), DESCRIPTION, self.describe),
            "[method]model.open": Function(
                (this,), Result(self._own(self.contexts), ERROR), self.open
            ),
            "[static]model.unload": Function((own,), Result(None, ERROR), self.unload),
        }

    def _context_functions(self) -> Mapping[str, Function]:
        this, begun = self._borrow(self.contexts), Result(self._own(self.streams), ERROR)
        return {
            "[method]context.configure": Function(
                (this, CONFIG), Result(None, ERROR), self.configure
            ),
            "[method]context.generate": Function((this, String(), OPTIONS), begun, self.generate),
            "[method]context.chat": Function((this, List(MESSAGE), OPTIONS), begun, self.chat),
            "[method]context.embed": Function(
                (this, String()), Result(Floats(), ERROR), self.embed
            ),
        }

    def _stream_functions(self) -> Mapping[str, Function]:
        this = self._borrow(self.streams)
        return {
            "[method]token-stream.next": Function(
                (this,), Result(TOKEN, ERROR), lambda stream: stream.generation.next()
            ),
            "[method]token-stream.cancel": Function(
                (this,), None, lambda stream: stream.generation.cancel()
            ),
            "[method]token-stream.usage": Function(
                (this,), USAGE, lambda stream: stream.generation.usage()
            ),
            "[static]token-stream.finish": Function((self._own(self.streams),), USAGE, self.finish),
        }

    def _own(self, table: Table) -> Codec:
        return Handle(table, self._crossing, own=True)

    def _borrow(self, table: Table) -> Codec:
        return Handle(table, self._crossing, own=False)


def _set(context: LanguageContext, settings: Mapping[str, Any]) -> None:
    data = json.dumps(settings).encode()
    context.set_input(METADATA, Tensor((len(data),), TensorType.U8, data))


def _release(lease: GraphLease) -> None:
    lease.release()


def _end_model(model: Model) -> None:
    model.lease.drop()


def _end_context(context: Shared[Working]) -> None:
    context.drop()


def _end_stream(stream: Stream) -> None:
    try:
        stream.generation.close()
    finally:
        stream.context.drop()


def _close(working: Working) -> None:
    lease = working.lease
    try:
        for context in (working.texts, working.embeds):
            if context is not None:
                lease.value.drop_context(context)
    finally:
        lease.drop()
