"""Typed access to a model's hyperparameters (``<architecture>.*``)."""

from __future__ import annotations

from typing import NoReturn

from wasinn_nb.backends.ggml.gguf_header import GGUFArray, GGUFHeader
from wasinn_nb.backends.ggml.gguf_reader import AGAIN
from wasinn_nb.backends.ggml.gguf_tables import ValueType
from wasinn_nb.nn.errors import InvalidArgument

MAX_LAYERS = 512
MAX_EXPERTS = 1024
MAX_CONTEXT = 1 << 30
MAX_WIDTH = 1 << 20
MAX_HEADS = 1 << 16
MAX_FEED_FORWARD = 1 << 24


class Hyperparameters:
    """Typed access to ``<architecture>.*``, complaining in the file's name."""

    def __init__(self, header: GGUFHeader, architecture: str) -> None:
        self.header = header
        self.architecture = architecture

    def refuse(self, what: str, hint: str = AGAIN) -> NoReturn:
        """Raise with the file's name in front."""
        raise InvalidArgument(f"{self.header.label} cannot be loaded: {what}.", hint=hint)

    def has(self, name: str) -> bool:
        """Whether the value is given."""
        return f"{self.architecture}.{name}" in self.header.metadata

    def unsigned(self, name: str, least: int, most: int, default: int | None = None) -> int:
        """A 32-bit unsigned number within bounds; required if there is no default."""
        key = f"{self.architecture}.{name}"
        value = self.header.metadata.get(key, default)
        if value is None:
            self.refuse(f"{key} is missing", "The conversion was not complete; convert it again.")
        if key in self.header.metadata and self.header.types[key] is not ValueType.UINT32:
            kind = self.header.types[key].name.lower()
            self.refuse(f"{key} is stored as {kind}; it must be uint32")
        if not isinstance(value, int) or not least <= value <= most:
            self.refuse(f"{key} is {value}; it must be from {least:,} to {most:,}")
        return value

    def per_layer(self, name: str, layers: int, most: int, default: int = 0) -> list[int]:
        """A number for every layer, given once or as an array; all ``default`` if not given."""
        key = f"{self.architecture}.{name}"
        value = self.header.metadata.get(key, default)
        if not isinstance(value, GGUFArray):
            return [self.unsigned(name, 0, most, default)] * layers
        if value.type not in {ValueType.UINT32, ValueType.INT32, ValueType.BOOL}:
            self.refuse(f"{key} is an array of {value.type.name.lower()}; it must be of uint32")
        if value.count > MAX_LAYERS or value.count < layers:
            self.refuse(f"{key} has {value.count} elements for {layers} layers")
        numbers = [int(n) for n in value.numbers()[:layers]]
        if min(numbers) < 0 or max(numbers) > most:
            self.refuse(f"{key} has elements outside 0 to {most:,}")
        return numbers
