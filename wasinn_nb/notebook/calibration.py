"""How fast a small model decodes here with so many threads: what ``%wasinn doctor`` compares."""

from __future__ import annotations

import time
from collections.abc import Iterable

from wasinn_nb.nn.cancel import CancelToken
from wasinn_nb.nn.errors import Cancelled, NNError
from wasinn_nb.nn.registry import ModelRegistry
from wasinn_nb.nn.stream import TokenStream
from wasinn_nb.nn.tensor import Tensor
from wasinn_nb.nn.types import TensorType

_NAME = "doctor's calibration"
_MODEL = "builtin:tinytales"
_SECONDS = 0.5
_TOKENS = 100
_PROMPT = b"Once upon a time"


def configured_threads(registry: ModelRegistry) -> set[int]:
    """The numbers of threads that loaded models are set to use."""
    found = (record.config.values.get("threads") for record in registry.models() if record.config)
    return {n for n in found if isinstance(n, int) and n > 0}


def decode_rates(
    registry: ModelRegistry, threads: Iterable[int], cancel: CancelToken
) -> dict[int, float]:
    """Tokens a second of a built-in model by number of threads; empty if it cannot be loaded here.

    Each takes half a second at most, however slow it is.
    """
    rates: dict[int, float] = {}
    try:
        for number in sorted(threads):
            registry.register(_NAME, _MODEL, config={"threads": number})
            rates[number] = _rate(registry, cancel)
    except Cancelled:
        raise
    except NNError:
        return {}
    finally:
        if _NAME in registry.names():
            registry.forget(_NAME, wait=_SECONDS)
    return rates


def _rate(registry: ModelRegistry, cancel: CancelToken) -> float:
    lease = registry.acquire(_NAME, holder="%wasinn doctor", cancel=cancel)
    try:
        context = lease.create_context(stream=TokenStream(), cancel=cancel)
        context.set_input(0, Tensor((len(_PROMPT),), TensorType.U8, _PROMPT))
        context.compute_single()
        began = time.perf_counter()
        tokens = 0
        while tokens < _TOKENS and time.perf_counter() - began < _SECONDS:
            context.compute_single()
            tokens += 1
        return tokens / (time.perf_counter() - began)
    finally:
        lease.release()
