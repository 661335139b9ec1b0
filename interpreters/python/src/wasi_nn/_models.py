"""Models by name: what they generate, embed and compute."""

from __future__ import annotations

import array
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Self, TypeVar

from componentize_py_types import Err
from interpreter import stopping
from wit_world.imports import graph as host_graph
from wit_world.imports import models
from wit_world.imports import wasinn_llm_errors as llm
from wit_world.imports.models import Description, Token, Usage

from wasi_nn import _given
from wasi_nn._errors import InvalidArgument, NNError, failure
from wasi_nn._tensors import Tensor, given, taken

T = TypeVar("T")

Message = Mapping[str, str] | tuple[str, str]

# settings that wasinn:llm has a field for; all others go by the host's names for them
_FIELDS = (
    *("n_gpu_layers", "ctx_size", "batch_size", "threads", "n_predict", "temperature", "top_k"),
    *("top_p", "min_p", "repeat_penalty", "seed"),
)
_generation = 0


def begin() -> None:
    """Another run: the host has taken back what the last one had."""
    global _generation  # noqa: PLW0603 - of the instance
    _generation += 1
    _opened.clear()


def _asked(call: Callable[..., T], *args: Any) -> T:
    """Call the host; what it refuses is raised as one of ours."""
    stopping.flush()
    try:
        return call(*args)
    except Err as error:
        value = error.value
    stopping.check()
    raise _translated(value)


def _translated(value: Any) -> NNError:
    match value:
        case llm.Error_ContextFull(limit):
            text = f"The context of {limit.limit} tokens is full."
            return failure("context-full", text, limit=limit.limit, actual=limit.actual)
        case llm.Error_PromptTooLong(limit):
            text = f"The prompt has {limit.actual} tokens; {limit.limit} fit."
            return failure("prompt-too-long", text, limit=limit.limit, actual=limit.actual)
        case llm.Error_ModelNotFound(name):
            return _unknown(name)
        case llm.Error_Busy(users):
            text = f"The model is in use by {', '.join(users)}."
            return failure("busy", text, users=users)
        case llm.Error_Cancelled():
            return failure("cancelled", "The generation was cancelled.")
        case llm.Error_Failed(what):
            return failure(_word(what.code), what.message)
        case _:
            with value:
                return failure(_word(value.code()), value.data())


def _unknown(name: str) -> NNError:
    """wasinn:llm tells the name only; what wasi:nn says of it has more."""
    try:
        with host_graph.load_by_name(name):
            pass
    except Err as error:
        return _translated(error.value)
    return failure("not-found", f"There is no model {name!r}.")


def _word(code: Any) -> str:
    return code.name.lower().replace("_", "-")


def _config(config: Mapping[str, Any] | None, settings: Mapping[str, Any]) -> models.Config:
    if config is not None and not isinstance(config, Mapping):
        raise TypeError(
            f"settings are a mapping, as in {{'ctx-size': 256}}, or keywords, not {config!r:.60}"
        )
    fields: dict[str, Any] = dict.fromkeys(_FIELDS)
    rest = {}
    for name, value in {**(config or {}), **settings}.items():
        field = _given.text(name, "the name of a setting").replace("-", "_")
        if field in fields:
            fields[field] = value
        else:
            rest[name.replace("_", "-")] = value
    numbers = _numbers(fields)
    try:
        return models.Config(**numbers, json=json.dumps(rest) if rest else None)
    except TypeError as error:
        raise InvalidArgument(f"The settings cannot be written as JSON: {error}.") from None


_FLOATS = frozenset({"temperature", "top_p", "min_p", "repeat_penalty"})
_RANGES = {"ctx_size": (0, 2**32), "batch_size": (0, 2**32), "threads": (0, 2**32)} | {
    "seed": (0, 2**32),
    **dict.fromkeys(("n_gpu_layers", "n_predict", "top_k"), (-(2**31), 2**31)),
}


def _numbers(fields: dict[str, Any]) -> dict[str, Any]:
    """The values as the types of their fields."""
    for name, value in fields.items():
        if value is None:
            continue
        try:
            if name in _FLOATS:
                fields[name] = _given.number(value, name)
                continue
            fields[name] = _given.whole(value, name)
        except (TypeError, OverflowError) as error:
            raise InvalidArgument(f"{error}.") from None
        low, high = _RANGES[name]
        if not low <= fields[name] < high:
            raise InvalidArgument(f"{name} is a whole number from {low} to {high - 1}: {value!r}.")
    return fields


def _options(max_tokens: int, stop: str | Sequence[str], *, logs: bool) -> models.Options:
    most = _given.whole(max_tokens, "max_tokens")
    if not 0 <= most < 2**32:
        raise InvalidArgument(f"max_tokens is 0, for no limit, or a number: {max_tokens!r}.")
    return models.Options(most, _given.texts(stop, "stop"), bool(logs))


class _Opened:
    """A model as one run has it, for all graphs of the same name and settings."""

    def __init__(self, name: str, config: models.Config) -> None:
        self.generation = _generation
        self.is_unloaded = False
        self.idle: list[Context] = []
        self.name = name
        self.model = _asked(models.Model.load, name, config)
        self._graph: Any = None

    @property
    def graph(self) -> Any:
        """Its tensors' side."""
        if self._graph is None:
            self._graph = _asked(host_graph.load_by_name, self.name)
        return self._graph


_opened: dict[str, _Opened] = {}


class Graph:
    """A model that the notebook knows by name. It can be kept for later cells.

    Attributes:
        name: the notebook's name for it.
    """

    def __init__(
        self, name: str, config: Mapping[str, Any] | None = None, /, **settings: Any
    ) -> None:
        self.name = _given.text(name, "the name of a model")
        self._config = _config(config, settings)
        self._key = f"{name}\0{self._config}"
        self._own: _Opened | None = None
        self._open()

    @classmethod
    def load(cls, name: str, config: Mapping[str, Any] | None = None, /, **settings: Any) -> Self:
        """A model that `%wasinn load` has registered.

        Args:
            name: by what it is registered.
            config: settings, by the notebook's names for them (``"ctx-size"``).
            settings: the same, as keywords: ``temperature=0.7, seed=1``.

        Raises:
            NotFound: there is none of this name.
            Busy: others use it with other settings of the load.
        """
        return cls(name, config, **settings)

    def _open(self) -> _Opened:
        own = self._own
        if own is not None and own.generation == _generation:
            if own.is_unloaded:
                raise InvalidArgument(f"The graph {self.name} was unloaded.")
            return own
        # of another cell: the host has it still, and gives it again at once
        found = _opened.get(self._key)
        if found is None or found.is_unloaded:
            found = _opened[self._key] = _Opened(self.name, self._config)
        self._own = found
        return found

    @property
    def info(self) -> Description:
        """What the notebook knows of it."""
        return _asked(self._open().model.describe)

    def context(self, config: Mapping[str, Any] | None = None, /, **settings: Any) -> Context:
        """A line of work with a memory of its own of what it has read and said."""
        context = Context(self._open())
        if config or settings:
            context.configure(config, **settings)
        return context

    def compute(self, inputs: Mapping[str, Any] | None = None, /, **more: Any) -> dict[str, Tensor]:
        """Tensors in, tensors out, by the model's names; numbers ("0") do as well.

        Args:
            inputs: tensors, or what they are made of; they are not used up.
            more: the same, as keywords.
        """
        own = self._open()
        context = own.idle.pop() if own.idle else Context(own)
        try:
            return context.compute(inputs, **more)
        finally:
            own.idle.append(context)

    def generate(
        self,
        prompt: str,
        *,
        max_tokens: int = 0,
        stop: str | Sequence[str] = (),
        log_probabilities: bool = False,
    ) -> TokenStream:
        """Continue a text: ``for token in graph.generate("Once"): print(token, end="")``.

        Args:
            prompt: what is continued.
            max_tokens: the most that are made; 0 for what the settings say.
            stop: texts that end it, and are not returned.
            log_probabilities: of every token.
        """
        return self._stream(
            Context.generate,
            prompt,
            max_tokens=max_tokens,
            stop=stop,
            log_probabilities=log_probabilities,
        )

    def chat(
        self,
        messages: str | Iterable[Message],
        *,
        max_tokens: int = 0,
        stop: str | Sequence[str] = (),
        log_probabilities: bool = False,
    ) -> TokenStream:
        """Answer a text, or the last of some messages, by the model's own template.

        Args:
            messages: ``{"role": "user", "content": "..."}``, or pairs of these two.
            max_tokens, stop, log_probabilities: as for :meth:`generate`.
        """
        return self._stream(
            Context.chat,
            messages,
            max_tokens=max_tokens,
            stop=stop,
            log_probabilities=log_probabilities,
        )

    def embed(self, text: str) -> array.array[float]:
        """The text's embedding, of length 1."""
        own = self._open()
        context = own.idle.pop() if own.idle else Context(own)
        try:
            return context.embed(text)
        finally:
            own.idle.append(context)

    def unload(self) -> None:
        """Free the model's memory, unless others use it."""
        own = self._open()
        own.is_unloaded = True
        own.idle.clear()
        _asked(models.Model.unload, own.model)

    def _stream(self, call: Callable[..., TokenStream], *args: Any, **options: Any) -> TokenStream:
        own = self._open()
        context = own.idle.pop() if own.idle else Context(own)
        try:
            stream = call(context, *args, **options)
        except BaseException:
            own.idle.append(context)
            raise
        stream._idle = own.idle
        return stream

    def __repr__(self) -> str:
        return f"<Graph {self.name!r}>"


class Context:
    """A line of work on a model, with its own memory of what it has read and said.

    It ends with its cell; the graph can be kept.
    """

    def __init__(self, opened: _Opened) -> None:
        self._own = opened
        self._text: Any = None
        self._tensors: Any = None

    @property
    def _working(self) -> Any:
        self._check()
        if self._text is None:
            self._text = _asked(self._own.model.open)
        return self._text

    def _check(self) -> None:
        if self._own.generation != _generation:
            raise InvalidArgument(
                "The context ended with the cell that made it. Its model is still loaded: make "
                "another."
            )
        if self._own.is_unloaded:
            raise InvalidArgument(f"The graph {self._own.name} was unloaded.")

    def configure(self, config: Mapping[str, Any] | None = None, /, **settings: Any) -> None:
        """Change settings from the next generation on; it ends the one that goes on."""
        _asked(self._working.configure, _config(config, settings))

    def compute(self, inputs: Mapping[str, Any] | None = None, /, **more: Any) -> dict[str, Tensor]:
        """As :meth:`Graph.compute`."""
        self._check()
        if self._tensors is None:
            self._tensors = _asked(self._own.graph.init_execution_context)
        if inputs is not None and not isinstance(inputs, Mapping):
            raise TypeError(
                "compute takes tensors by the model's names for them, as in "
                f"compute({{'image': pixels}}), not {type(inputs).__name__}"
            )
        named = [
            (_given.text(name, "the name of an input"), given(value))
            for name, value in {**(inputs or {}), **more}.items()
        ]
        outputs = _asked(self._tensors.compute, named)
        return {name: taken(handle) for name, handle in outputs}

    def generate(
        self,
        prompt: str,
        *,
        max_tokens: int = 0,
        stop: str | Sequence[str] = (),
        log_probabilities: bool = False,
    ) -> TokenStream:
        """As :meth:`Graph.generate`; one that goes on in this context is ended."""
        working = self._working
        options = _options(max_tokens, stop, logs=log_probabilities)
        return TokenStream(self, _asked(working.generate, _given.text(prompt, "a prompt"), options))

    def chat(
        self,
        messages: str | Iterable[Message],
        *,
        max_tokens: int = 0,
        stop: str | Sequence[str] = (),
        log_probabilities: bool = False,
    ) -> TokenStream:
        """As :meth:`Graph.chat`; a generation that goes on in this context is ended."""
        working = self._working
        dialogue = [("user", messages)] if isinstance(messages, str) else messages
        if not isinstance(dialogue, Iterable) or isinstance(dialogue, Mapping):
            raise InvalidArgument(
                "chat takes a text, or a list of messages, each with a role and a content, not "
                f"{messages!r:.60}."
            )
        said = [_message(one) for one in dialogue]
        options = _options(max_tokens, stop, logs=log_probabilities)
        return TokenStream(self, _asked(working.chat, said, options))

    def embed(self, text: str) -> array.array[float]:
        """The text's embedding, of length 1."""
        working = self._working
        return array.array("f", _asked(working.embed, _given.text(text, "embed")))


class TokenStream(Iterator[Token]):
    """A generation, which goes on as far as it is read. Leaving the loop leaves it where it is."""

    def __init__(self, context: Context, stream: models.TokenStream) -> None:
        self._context: Context | None = context
        self._stream: Any = stream
        self._next = stream.next
        self._generation = _generation
        self._usage: Usage | None = None
        self._idle: list[Context] | None = None

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Token:
        if self._usage is not None:
            raise StopIteration
        self._check()
        stopping.flush()
        try:
            return self._next()
        except Err as error:
            value = error.value
        stopping.check()
        if isinstance(value, llm.Error_EndOfSequence):
            self.close()
            raise StopIteration
        raise _translated(value)

    def text(self) -> str:
        """Everything that is left, as one text."""
        return "".join([token.text for token in self])

    @property
    def usage(self) -> Usage:
        """How it goes, or went: tokens, rates, and why it ended."""
        if self._usage is not None:
            return self._usage
        self._check()
        return self._stream.usage()

    def _check(self) -> None:
        if self._generation != _generation:
            raise InvalidArgument("The generation ended with the cell that began it.")

    def close(self) -> None:
        """End it; its context keeps what it has read and said."""
        if self._usage is not None or self._generation != _generation:
            return
        self._usage = models.TokenStream.finish(self._stream)
        self._stream = self._next = None
        if self._idle is not None and self._context is not None:
            self._idle.append(self._context)
        self._context = self._idle = None

    def __repr__(self) -> str:
        return "<TokenStream: its tokens come in a loop over it, or all with .text()>"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:
        if self._idle is not None and self._generation == _generation:
            self.close()


def _message(one: Message) -> models.Message:
    try:
        role, content = (one["role"], one["content"]) if isinstance(one, Mapping) else one
    except (KeyError, TypeError, ValueError):
        raise InvalidArgument(f"A message has a role and a content, and this is {one!r}.") from None
    said = _given.text(content, "the content of a message")
    return models.Message(_given.text(role, "a role"), said)


def _shown(token: Token) -> str:
    return token.text


Token.__str__ = _shown  # type: ignore[method-assign] - so that print(token) is what one expects
