"""Models by name: what they generate, embed and compute."""

from __future__ import annotations

import array
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Self

from wit_world.imports import graph as host_graph
from wit_world.imports import models

from wasi_nn import _calls, _given, _settings, _streams
from wasi_nn._errors import InvalidArgument
from wasi_nn._settings import Message
from wasi_nn._streams import TokenStream
from wasi_nn._tensors import Tensor, given, taken


def begin() -> None:
    """Another run: the host has taken back what the last one had."""
    _calls.begin()
    _streams.forget()
    _opened.clear()


class _Opened:
    """A model as one run has it, for all graphs of the same name and settings."""

    def __init__(self, name: str, config: models.Config) -> None:
        self.run = _calls.run
        self.is_unloaded = False
        self.idle: list[Context] = []
        self.name = name
        self.model = _calls.asked(models.Model.load, name, config)
        self._graph: Any = None

    @property
    def graph(self) -> Any:
        """Its tensors' side."""
        if self._graph is None:
            self._graph = _calls.asked(host_graph.load_by_name, self.name)
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
        self._config = _settings.config(config, settings)
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
        if own is not None and own.run == _calls.run:
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
    def info(self) -> models.Description:
        """What the notebook knows of it."""
        return _calls.asked(self._open().model.describe)

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
        _calls.asked(models.Model.unload, own.model)

    def _stream(self, call: Callable[..., TokenStream], *args: Any, **options: Any) -> TokenStream:
        own = self._open()
        context = own.idle.pop() if own.idle else Context(own)
        try:
            stream = call(context, *args, **options)
        except BaseException:
            own.idle.append(context)
            raise
        stream.lend(own.idle)
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
            self._text = _calls.asked(self._own.model.open)
        return self._text

    def _check(self) -> None:
        if self._own.run != _calls.run:
            raise InvalidArgument(
                "The context ended with the cell that made it. Its model is still loaded: make "
                "another."
            )
        if self._own.is_unloaded:
            raise InvalidArgument(f"The graph {self._own.name} was unloaded.")

    def configure(self, config: Mapping[str, Any] | None = None, /, **settings: Any) -> None:
        """Change settings from the next generation on; it ends the one that goes on."""
        _calls.asked(self._working.configure, _settings.config(config, settings))

    def compute(self, inputs: Mapping[str, Any] | None = None, /, **more: Any) -> dict[str, Tensor]:
        """As :meth:`Graph.compute`."""
        self._check()
        if self._tensors is None:
            self._tensors = _calls.asked(self._own.graph.init_execution_context)
        if inputs is not None and not isinstance(inputs, Mapping):
            raise TypeError(
                "compute takes tensors by the model's names for them, as in "
                f"compute({{'image': pixels}}), not {type(inputs).__name__}"
            )
        named = [
            (_given.text(name, "the name of an input"), given(value))
            for name, value in {**(inputs or {}), **more}.items()
        ]
        outputs = _calls.asked(self._tensors.compute, named)
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
        options = _settings.options(max_tokens, stop, logs=log_probabilities)
        text = _given.text(prompt, "a prompt")
        return TokenStream(self, _calls.asked(working.generate, text, options))

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
        said = _settings.dialogue(messages)
        options = _settings.options(max_tokens, stop, logs=log_probabilities)
        return TokenStream(self, _calls.asked(working.chat, said, options))

    def embed(self, text: str) -> array.array[float]:
        """The text's embedding, of length 1."""
        working = self._working
        return array.array("f", _calls.asked(working.embed, _given.text(text, "embed")))
