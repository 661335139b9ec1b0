"""What graph and context handles stand for."""

from __future__ import annotations

from dataclasses import dataclass

from wasinn_nb.abi.core.host import GraphLease
from wasinn_nb.nn.backend import ExecutionContext
from wasinn_nb.nn.types import GraphEncoding

METADATA = 1
"""The index of a language model's configuration (input) and of its figures (output)."""

LANGUAGE_MODELS = frozenset({GraphEncoding.GGML, GraphEncoding.BITNET})
"""Encodings whose tensors are text: dimensions and types mean nothing, outputs may be cut."""

CONFIGURED = LANGUAGE_MODELS | {GraphEncoding.WHISPER}
"""Encodings whose second builder is a configuration."""


@dataclass(slots=True)
class GraphEntry:
    """A graph the guest holds; ``name`` is what it was loaded by, None for its own bytes."""

    lease: GraphLease
    name: str | None

    @property
    def is_language_model(self) -> bool:
        """Whether it takes and gives text."""
        return self.lease.info.encoding in LANGUAGE_MODELS


@dataclass(slots=True)
class ContextEntry:
    """A context the guest holds. ``echo``: its text also goes to standard output."""

    context: ExecutionContext
    lease: GraphLease
    is_text: bool
    echo: bool = False
