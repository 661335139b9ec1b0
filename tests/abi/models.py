"""Models for tests of the ABI: a language model that echoes and a tensor model that negates.

They keep the protocols of ``nn.backend`` and refuse what a backend refuses, so a host that calls
them wrongly is found out. :class:`Shelf` is the run's side: what it may load, and what was told to
it.
"""

from __future__ import annotations

import traceback
from dataclasses import dataclass, field

from wasinn_nb.nn.backend import ModelInfo
from wasinn_nb.nn.errors import (
    ContextFull,
    EndOfSequence,
    InvalidArgument,
    InvalidEncoding,
    ModelNotFound,
    NotFound,
    PromptTooLong,
    UnsupportedOperation,
)
from wasinn_nb.nn.settings import Schema, Scope, Setting
from wasinn_nb.nn.tensor import Tensor, TensorSpec
from wasinn_nb.nn.types import GraphEncoding, TensorType

SCHEMA = Schema(
    [
        Setting("ctx-size", "int", Scope.CONTEXT, 16, minimum=1),
        Setting("stream-stdout", "bool", Scope.REQUEST, False),
        Setting("temp", "float", Scope.REQUEST, 0.8, minimum=0, clamp=True),
    ]
)
METADATA = b'{"input_tokens": %d, "output_tokens": %d}'


NAMES = {"llm": GraphEncoding.GGML, "net": GraphEncoding.OPENVINO, "née": GraphEncoding.GGML}


class Context:
    """What both kinds share: a context that is closed says so."""

    def __init__(self, lease):
        self.lease = lease
        self.closed = False
        self.echoes = False
        lease.shelf.open_contexts.add(self)

    def close(self):
        self.closed = True
        self.lease.shelf.open_contexts.discard(self)

    def cancel(self):
        pass

    def check(self):
        if self.closed:
            raise InvalidArgument("the context is closed")


class TextContext(Context):
    """Says its prompt again, a byte a token, and ends."""

    def __init__(self, lease):
        super().__init__(lease)
        self.config = lease.config
        self.prompt = None
        self.output = b""
        self.at = None

    def set_input(self, index, tensor):
        self.check()
        data = bytes(tensor.data)
        if index == 1:
            self.config = self.config.overlay(SCHEMA.parse_guest(data).values)
        else:
            self.prompt, self.at = data, None

    def compute(self):
        self._begin()
        self.output = self.prompt
        self.at = None

    def compute_single(self):
        self.check()
        if self.at is None:
            self._begin()
            self.at, self.output = 0, b""
        if self.at >= len(self.prompt):
            self.at = None
            self.output += b"</s>"
            raise EndOfSequence("the text ended")
        self.output += self.prompt[self.at : self.at + 1]
        self.at += 1
        if self.at == self.config["ctx-size"] - 4:
            self.at = None
            raise ContextFull("full", limit=self.config["ctx-size"], actual=len(self.prompt))

    def _begin(self):
        self.check()
        if self.prompt is None:
            raise InvalidArgument("there is no input")
        room = self.config["ctx-size"] - 4
        if len(self.prompt) > max(room, 0):
            raise PromptTooLong("too long", limit=room, actual=len(self.prompt))

    def get_output(self, index):
        if index == 1:
            return METADATA % (len(self.prompt or b""), len(self.output))
        return self.output

    def get_output_single(self, index):
        return self.get_output(1) if index == 1 else self.output[-1:]

    def fini_single(self):
        self.output, self.at = b"", None

    def output_tensor(self, index):
        return None


class TensorContext(Context):
    """Gives every input back as the output of the same index."""

    def __init__(self, lease):
        super().__init__(lease)
        self.inputs = {}
        self.outputs = {}

    def set_input(self, index, tensor):
        self.check()
        if index > 3:
            raise InvalidArgument(f"the model has no input {index}")
        expected = tensor.type.itemsize
        for size in tensor.dims:
            expected *= size
        if expected != len(tensor.data):
            raise InvalidArgument(
                f"{tensor.dims} of {tensor.type.name} is not {len(tensor.data)} bytes"
            )
        self.inputs[index] = Tensor(tensor.dims, tensor.type, bytes(tensor.data))

    def compute(self):
        self.check()
        if not self.inputs:
            raise InvalidArgument("there is no input")
        self.outputs = dict(self.inputs)

    def get_output(self, index):
        if index not in self.outputs:
            raise InvalidArgument(f"there is no output {index}")
        # as libraries give it: a view of their own memory
        return memoryview(self.outputs[index].data)

    def compute_single(self):
        raise UnsupportedOperation("not a language model")

    def get_output_single(self, index):
        raise UnsupportedOperation("not a language model")

    def fini_single(self):
        raise UnsupportedOperation("not a language model")

    def output_tensor(self, index):
        return self.outputs.get(index)


class Lease:
    def __init__(self, shelf, name, encoding, config):
        self.shelf = shelf
        self.name = name
        self.device = "CPU"
        self.info = ModelInfo(encoding, outputs=(TensorSpec("out", None, TensorType.U8),))
        self.config = SCHEMA.resolve(guest=SCHEMA.parse_guest(config).values if config else {})
        self.contexts = []
        self.ended = self.unloaded = False
        shelf.open_leases.add(self)

    def create_context(self):
        assert not self.ended
        kind = TextContext if self.info.encoding is GraphEncoding.GGML else TensorContext
        self.contexts.append(kind(self))
        return self.contexts[-1]

    def drop_context(self, context):
        self.contexts.remove(context) if context in self.contexts else None
        context.close()

    def unload(self):
        assert not self.ended
        self.unloaded = True
        self.release()

    def release(self):
        self.ended = True
        self.shelf.open_leases.discard(self)
        for context in self.contexts:
            context.close()


@dataclass
class Shelf:
    """The host of the ABI: models by name, and a record of what it was told."""

    open_leases: set = field(default_factory=set)
    open_contexts: set = field(default_factory=set)
    loads: list = field(default_factory=list)
    failures: list = field(default_factory=list)
    bugs: list = field(default_factory=list)
    warnings: list = field(default_factory=list)
    read: list = field(default_factory=list)
    limit: int = 1 << 62

    def __post_init__(self):
        self.calls = self
        self.recorded = []
        self.record = self.recorded.append
        self.length = self.recorded.__len__

    def fold(self):
        raise AssertionError("never that many")

    def acquire(self, name, config):
        self.loads.append((name, config))
        if name == "gone":
            raise ModelNotFound("the file of 'gone' is not there")
        if name not in NAMES:
            raise NotFound(f"there is no model {name!r}")
        return Lease(self, name, NAMES[name], config)

    def acquire_buffers(self, parts, encoding, target, config):
        self.loads.append((tuple(parts), encoding, target, config))
        if not parts:
            raise InvalidArgument("there are no builders")
        if encoding not in (GraphEncoding.GGML, GraphEncoding.OPENVINO):
            raise InvalidEncoding(f"nothing reads {encoding}")
        return Lease(self, "", encoding, config)

    def create_context(self, lease):
        return lease.create_context()

    def echo(self, context, on):
        context.echoes = on

    def output_read(self, context, index, data):
        assert context.output_tensor(index) is None or len(data) >= 0
        self.read.append((index, bytes(data)))

    def generation_ended(self, context, reason):
        self.read.append((context, reason))

    def warn(self, message):
        self.warnings.append(message)

    def failed(self, function, errno, error):
        self.failures.append((function, errno, str(error)))

    def broken(self, function, error):
        self.bugs.append("".join(traceback.format_exception(error)))
