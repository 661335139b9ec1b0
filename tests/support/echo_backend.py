"""A small but honest backend for tests of the floors above: a model file holds text, and a context
says it.

``model`` files begin with ``ECHO``; the rest is text whose words are the tokens. Setting ``shout``
is of scope MODEL, ``window`` (tokens that fit a context) of scope CONTEXT, ``limit`` of scope
REQUEST. A prompt is echoed word by word, then the model's own text, then the end of the sequence.
Index 2 takes any tensor and gives it back. A token's number is the length of its word, its
probability one half; with ``chat`` a prompt is JSON of messages, whose contents are said; with
``embedding`` a computation makes the numbers of words and of bytes, of length 1.
"""

from __future__ import annotations

import json
import math
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path

from wasinn_nb.nn.backend import (
    BackendStatus,
    Device,
    GraphMemory,
    MemoryEstimate,
    ModelFiles,
    ModelInfo,
    Progress,
)
from wasinn_nb.nn.cancel import CancelToken
from wasinn_nb.nn.errors import (
    Cancelled,
    ContextFull,
    EndOfSequence,
    InvalidArgument,
    InvalidEncoding,
    ModelNotFound,
    PromptTooLong,
)
from wasinn_nb.nn.registry import ModelRegistry
from wasinn_nb.nn.settings import EffectiveConfig, Schema, Scope, Setting
from wasinn_nb.nn.sources import SourceResolver
from wasinn_nb.nn.stream import TokenStream
from wasinn_nb.nn.tensor import Buffer, Tensor
from wasinn_nb.nn.types import ExecutionTarget, GraphEncoding

SCHEMA = Schema(
    [
        Setting("shout", "bool", Scope.MODEL, False, "answer in capitals"),
        Setting("size", "int", Scope.MODEL, 0, "extra bytes the weights take", minimum=0),
        Setting("load-ms", "int", Scope.MODEL, 0, "how long loading takes", minimum=0),
        Setting("window", "int", Scope.CONTEXT, 64, "tokens in a context", minimum=1),
        Setting("limit", "int", Scope.REQUEST, -1, "tokens to generate", minimum=-1),
        Setting("token-ms", "int", Scope.REQUEST, 0, "how long a token takes", minimum=0),
        Setting("temp", "float", Scope.REQUEST, 0.8, "not used", minimum=0, clamp=True),
        Setting("chat", "bool", Scope.REQUEST, False, "the prompt is messages"),
        Setting("embedding", "bool", Scope.CONTEXT, False, "make a vector"),
        Setting("n-predict", "int", Scope.REQUEST, -1, "for guests that count themselves"),
        Setting("secret", "str", Scope.MODEL, "", "a user's own", guest=False),
    ]
)


class EchoContext:
    def __init__(
        self,
        graph: EchoGraph,
        config: EffectiveConfig,
        stream: TokenStream | None,
        cancel: CancelToken | None,
    ) -> None:
        self.graph, self.config = graph, config
        self.stream = stream or TokenStream()
        self.flag = threading.Event()
        self.closed = False
        self.prompt: list[bytes] | None = None
        self.tensor: Tensor | None = None
        self.output: list[bytes] = []
        self.vector: list[float] = []
        self.pending: list[bytes] | None = None
        self._forget = cancel.on_cancel(self.cancel) if cancel else (lambda: None)

    def set_input(self, index: int, tensor: Tensor) -> None:
        self._check()
        data = bytes(tensor.data)
        if index == 1:
            self.config = self.config.overlay(SCHEMA.parse_guest(data).values)
        elif index == 2:
            self.tensor = replace(tensor, data=data)
        else:
            if self.config["chat"]:
                messages = json.loads(data)
                data = " ".join(f"{m['role']}: {m['content']}" for m in messages).encode()
            self.prompt, self.pending = data.split(), None

    @property
    def token(self) -> int:
        return len(self.output[-1].strip()) if self.output else -1

    def log_probability(self) -> float:
        self._check()
        return math.log(0.5)

    def embedding(self) -> Sequence[float]:
        if not self.vector:
            raise InvalidArgument("there is none")
        return self.vector

    def compute(self) -> None:
        self._check()
        if self.tensor is not None and self.prompt is None:
            return
        if self.config["embedding"]:
            words = self.prompt or []
            vector = (float(len(words)), float(sum(map(len, words))))
            self.vector = [x / math.hypot(*vector) for x in vector]
            return
        limit = self.config["limit"]
        assert isinstance(limit, int)
        self.pending = None
        while limit < 0 or len(self.output) < limit:
            try:
                self.compute_single()
            except EndOfSequence:
                break
            finally:
                pending = self.pending
        self.pending = None
        del pending

    def compute_single(self) -> None:
        self._check()
        if self.prompt is None:
            raise InvalidArgument("compute was called before set_input.")
        window = self.config["window"]
        assert isinstance(window, int)
        if self.pending is None:
            if len(self.prompt) > window - 4:
                raise PromptTooLong("too long", limit=window - 4, actual=len(self.prompt))
            self.stream.begin_prompt(len(self.prompt))
            self.pending, self.output = [*self.prompt, *self.graph.words], []
        pause = self.config["token-ms"]
        assert isinstance(pause, int)
        if self.flag.wait(pause / 1000):
            self.stream.finish("cancelled")
            raise Cancelled
        if not self.pending:
            self.pending = None
            self.output.append(b"</s>")
            self.stream.push(b"</s>")
            self.stream.finish("stop")
            raise EndOfSequence("the text ended")
        word = self.pending.pop(0) + b" "
        self.output.append(word.upper() if self.graph.shout else word)
        self.stream.push(self.output[-1])
        if len(self.prompt) + len(self.output) >= window:
            self.pending = None
            self.stream.finish("context_full")
            raise ContextFull("full", limit=window, actual=window)

    def get_output(self, index: int) -> Buffer:
        if index == 1:
            return b'{"input_tokens": %d, "output_tokens": %d}' % (
                len(self.prompt or ()),
                len(self.output),
            )
        if index == 2 and self.tensor is not None:
            return self.tensor.data
        return b"".join(self.output)

    def get_output_single(self, index: int) -> Buffer:
        return self.get_output(1) if index == 1 else (self.output[-1] if self.output else b"")

    def fini_single(self) -> None:
        self.output, self.pending = [], None

    def output_tensor(self, index: int) -> Tensor | None:
        return self.tensor if index == 2 else None

    def cancel(self) -> None:
        self.flag.set()

    def close(self) -> None:
        if not self.closed:
            self.closed = True
            self._forget()
            self._forget = lambda: None  # it refers to this
            self.graph.open_contexts.discard(self)
            self.graph.changed()

    def _check(self) -> None:
        if self.closed:
            raise InvalidArgument("the context was closed")


class EchoGraph:
    def __init__(self, info: ModelInfo, words: list[bytes], config: EffectiveConfig) -> None:
        self.info, self.words, self.device = info, words, "CPU"
        self.shout = bool(config["shout"])
        self.ballast = bytearray(int(config["size"] or 0))
        self.open_contexts: set[EchoContext] = set()
        self.closed = False
        self.changed: Callable[[], None] = lambda: None

    def describe(self) -> ModelInfo:
        return self.info

    def watch(self, changed: Callable[[], None]) -> None:
        self.changed = changed

    def create_context(
        self,
        config: EffectiveConfig,
        *,
        stream: TokenStream | None = None,
        cancel: CancelToken | None = None,
        warn: Callable[[str], None] | None = None,
    ) -> EchoContext:
        del warn
        context = EchoContext(self, config, stream, cancel)
        self.open_contexts.add(context)
        self.changed()
        return context

    def memory(self) -> GraphMemory:
        return GraphMemory(weights=len(self.ballast), contexts=len(self.open_contexts))

    def close(self) -> None:
        for context in list(self.open_contexts):
            context.close()
        self.closed = True
        self.ballast = bytearray()


class EchoLog:
    def text(self) -> str:
        return ""


class EchoBackend:
    """See the module's docstring. ``loads`` counts loads; ``graphs`` keeps every graph made."""

    name = "echo"
    encodings = (GraphEncoding.GGML,)
    needs_files = True

    def __init__(self) -> None:
        self.graphs: list[EchoGraph] = []
        self.fail_next = False
        self.context_bytes = 0  # of a context, for each token of its window

    @property
    def loads(self) -> int:
        return len(self.graphs)

    def status(self) -> BackendStatus:
        return BackendStatus(True, "echo", "1.0", (Device("CPU", ExecutionTarget.CPU),))

    def log(self) -> str:
        return f"{self.loads} loads"

    def capture_log(self) -> AbstractContextManager[EchoLog]:
        return nullcontext(EchoLog())

    def schema(self) -> Schema:
        return SCHEMA

    def normalise(self, config: EffectiveConfig) -> EffectiveConfig:
        return config

    def tailored(self, info: ModelInfo | None) -> Schema:
        return self.schema()

    def settle(
        self,
        info: ModelInfo,
        config: EffectiveConfig,
        target: ExecutionTarget,
        free: Mapping[str, int],
    ) -> EffectiveConfig:
        return config

    def inspect(self, files: ModelFiles) -> ModelInfo:
        part = files.parts[0]
        if isinstance(part, Path) and not part.exists():
            raise ModelNotFound(f"{files.origin} is not there.")
        data = part if isinstance(part, bytes) else part.read_bytes()
        if not data.startswith(b"ECHO"):
            raise InvalidEncoding(f"{files.origin} is not an echo model.")
        return ModelInfo(GraphEncoding.GGML, architecture="echo", nbytes=len(data))

    def estimate(self, info: ModelInfo, config: EffectiveConfig) -> MemoryEstimate:
        window = int(config["window"] or 0)
        return MemoryEstimate(
            int(config["size"] or 0) + info.nbytes, self.context_bytes * window, 0
        )

    def load(
        self,
        files: ModelFiles,
        info: ModelInfo,
        config: EffectiveConfig,
        *,
        target: ExecutionTarget,
        progress: Progress | None = None,
        cancel: CancelToken | None = None,
    ) -> EchoGraph:
        del target
        pause = config["load-ms"]
        assert isinstance(pause, int)
        until = time.monotonic() + pause / 1000
        while time.monotonic() < until:
            if progress:
                progress("reading", 0.5)
            if cancel:
                cancel.wait(0.01)
                cancel.raise_if_cancelled()
            else:
                time.sleep(0.01)
        if self.fail_next:
            self.fail_next = False
            raise InvalidArgument("the library refused the model")
        part = files.parts[0]
        assert isinstance(part, Path)
        graph = EchoGraph(info, part.read_bytes()[4:].split(), config)
        self.graphs.append(graph)
        return graph


def echo_registry(backend: EchoBackend, folder: Path) -> ModelRegistry:
    """A registry with this backend alone, no built-in models, and its cache in ``folder``."""
    resolver = SourceResolver(cache_dir=folder / "cache", builtin=_no_builtin)
    return ModelRegistry({"echo": backend}, resolver)


def _no_builtin(name: str) -> Path:
    raise KeyError(name)
