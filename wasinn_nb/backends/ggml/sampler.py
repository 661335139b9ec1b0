"""From settings to a llama.cpp sampler chain, in the order of llama.cpp's own tools.

Logit bias, penalties, DRY, top-k, typical-p, top-p, min-p, XTC, temperature, then a draw; or logit
bias, temperature and mirostat. A grammar is not part of the chain: the native grammar sampler ends
the process when it is made to accept a token it does not allow, so :class:`GrammarSampler` looks
before it accepts.
"""

from __future__ import annotations

import ctypes
import json
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from wasinn_nb.backends.ggml.grammar import check_grammar, schema_to_grammar
from wasinn_nb.backends.ggml.logs import LOG
from wasinn_nb.nn.errors import InvalidArgument, RuntimeFailure

if TYPE_CHECKING:
    from wasinn_nb.backends.ggml.native import Native
    from wasinn_nb.backends.ggml.tokens import Vocabulary
    from wasinn_nb.nn.settings import EffectiveConfig

_DRY_BREAKERS = (b"\n", b":", b'"', b"*")
_MIROSTAT_CANDIDATES = 100
_LEAST_PENALTY = 1e-3

PATIENCE = 5.0
"""Seconds that a grammar may take for one token."""

SampleFunction = Callable[[Any, int, int], int]


@dataclass(frozen=True, slots=True)
class SamplerPlan:
    """Checked sampling settings; making the native chain from them cannot fail on bad input."""

    values: dict[str, Any]
    biases: tuple[tuple[int, float], ...]
    grammar: str

    @classmethod
    def from_config(cls, config: EffectiveConfig, vocabulary: Vocabulary) -> SamplerPlan:
        """Check the sampling settings of a configuration.

        Raises:
            InvalidArgument: a malformed grammar, JSON schema or logit bias.
        """
        grammar = str(config["grammar"])
        if config["json-schema"]:
            grammar = schema_to_grammar(str(config["json-schema"]))
        if grammar:
            check_grammar(grammar, lambda text: len(vocabulary.tokenize(text, special=False)))
        biases = _biases(str(config["logit-bias"]), vocabulary)
        if config["ignore-eos"]:
            biases += [(token, -math.inf) for token in vocabulary.all_endings()]
        return cls(dict(config.values), tuple(biases), grammar)


def _biases(text: str, vocabulary: Vocabulary) -> list[tuple[int, float]]:
    if not text.strip():
        return []
    try:
        document = json.loads(text)
    except ValueError as error:
        raise InvalidArgument(f"logit-bias is not JSON: {error}.") from None
    if not isinstance(document, dict):
        raise InvalidArgument('logit-bias must be a JSON object like {"2": -5}.')
    biases = []
    for key, value in document.items():
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            if value is not False:
                raise InvalidArgument(f"logit-bias of {key!r} must be a number or false.")
            value = -math.inf  # noqa: PLW2901 - false bans a token, as in llama.cpp's server
        try:
            tokens = [int(key, 10)]
        except ValueError:
            tokens = vocabulary.tokenize(key.encode(), special=False)
        for token in tokens:
            if not 0 <= token < vocabulary.size:
                raise InvalidArgument(
                    f"logit-bias names token {token}; this model has 0 to {vocabulary.size - 1}."
                )
            biases.append((token, float(value)))
    return biases


class Sampler:
    """A native sampler chain that belongs to one execution context.

    Attributes:
        chain: address of the ``llama_sampler`` chain.
        sample: ``sample(chain, context, -1)`` draws a token from the last logits and accepts it.
    """

    def __init__(
        self, native: Native, vocabulary: Vocabulary, plan: SamplerPlan, n_ctx: int
    ) -> None:
        self._native = native
        self.chain: int | None = _chain(native, vocabulary, plan, n_ctx)
        self.sample: SampleFunction = native.sample

    def reset(self) -> None:
        """Forget the tokens seen, and start the random numbers of a seed again."""
        self._native.api.llama_sampler_reset(self.chain)

    def close(self) -> None:
        """Free the chain."""
        chain, self.chain = self.chain, None
        if chain:
            self._native.api.llama_sampler_free(chain)


class GrammarSampler(Sampler):
    """A chain whose draws are held to a grammar.

    As in llama.cpp's tools a token is drawn freely first and checked (most pass, and checking one
    is cheap); only when the grammar rejects it are all candidates filtered.
    """

    def __init__(
        self, native: Native, vocabulary: Vocabulary, plan: SamplerPlan, n_ctx: int
    ) -> None:
        import numpy as np

        super().__init__(native, vocabulary, plan, n_ctx)
        api = native.api
        with LOG.capture() as log:
            grammar = api.llama_sampler_init_grammar(
                vocabulary.pointer, plan.grammar.encode(), b"root"
            )
        if not grammar:
            super().close()
            raise InvalidArgument(
                f"The grammar cannot be used: {log.complaint() or 'llama.cpp refused it'}."
            )
        self._grammar: int | None = grammar
        self._vocabulary = vocabulary
        self._ids = np.arange(vocabulary.size, dtype=np.int32)
        self._candidates = np.zeros(
            vocabulary.size, dtype=[("id", np.int32), ("logit", np.float32), ("p", np.float32)]
        )
        self._single = api.llama_token_data()
        self.sample = self._sample

    def reset(self) -> None:
        """Begin the grammar, the penalties and the random numbers again."""
        super().reset()
        self._native.api.llama_sampler_reset(self._grammar)

    def close(self) -> None:
        """Free the chain and the grammar."""
        super().close()
        grammar, self._grammar = self._grammar, None
        if grammar:
            self._native.api.llama_sampler_free(grammar)

    def _sample(self, chain: int, context: int, _index: int) -> int:
        api = self._native.api
        began = time.perf_counter()
        self._fill(context)
        token = self._apply(chain)
        if not self._allows(token):
            self._fill(context)
            self._apply(self._grammar)
            token = self._apply(chain)
            if not self._allows(token):
                token = self._way_out()
        api.llama_sampler_accept(self._grammar, token)
        api.llama_sampler_accept(chain, token)
        if time.perf_counter() - began > PATIENCE:
            # the states of an ambiguous grammar multiply with every token, and native code that
            # walks them cannot be stopped: better before the next token than after it
            raise RuntimeFailure(
                "The grammar is too ambiguous: checking one token took "
                f"{time.perf_counter() - began:.1f} s.",
                hint="Give each text only one way to be read.",
            )
        return token

    def _fill(self, context: int) -> None:
        import numpy as np

        logits = self._native.api.llama_get_logits_ith(context, -1)
        self._candidates["id"] = self._ids
        self._candidates["logit"] = np.ctypeslib.as_array(logits, (self._vocabulary.size,))
        self._candidates["p"] = 0.0
        api = self._native.api
        pointer = self._candidates.ctypes.data_as(ctypes.POINTER(api.llama_token_data))
        self._array = api.llama_token_data_array(pointer, self._vocabulary.size, -1, False)

    def _apply(self, sampler: int | None) -> int:
        self._native.api.llama_sampler_apply(sampler, ctypes.byref(self._array))
        selected = self._array.selected
        return int(self._array.data[selected].id) if selected >= 0 else -1

    def _allows(self, token: int) -> bool:
        if token < 0:
            return False
        api = self._native.api
        self._single.id, self._single.logit, self._single.p = token, 1.0, 0.0
        array = api.llama_token_data_array(ctypes.pointer(self._single), 1, -1, False)
        api.llama_sampler_apply(self._grammar, ctypes.byref(array))
        return bool(self._single.logit > -math.inf)

    def _way_out(self) -> int:
        """The token that ends the text, for a complete grammar when the chain bans all others."""
        for token in self._vocabulary.all_endings():
            if self._allows(token):
                return token
        raise RuntimeFailure(
            "The grammar allows none of this model's tokens at this point.",
            hint="Check that its literals can be written with the model's vocabulary.",
        )


def make_sampler(native: Native, vocabulary: Vocabulary, plan: SamplerPlan, n_ctx: int) -> Sampler:
    """The native sampler for a plan."""
    kind = GrammarSampler if plan.grammar else Sampler
    return kind(native, vocabulary, plan, n_ctx)


def _chain(native: Native, vocabulary: Vocabulary, plan: SamplerPlan, n_ctx: int) -> int:
    api = native.api
    params = api.llama_sampler_chain_default_params()
    params.no_perf = True
    chain: int = api.llama_sampler_chain_init(params)
    for sampler in _samplers(native, vocabulary, plan, n_ctx):
        api.llama_sampler_chain_add(chain, sampler)
    return chain


def _samplers(native: Native, vocabulary: Vocabulary, plan: SamplerPlan, n_ctx: int) -> list[int]:
    api, values, size = native.api, plan.values, vocabulary.size
    chain: list[int] = []
    biases = (*plan.biases, *_suppressed(api, vocabulary))
    if biases:
        array = (api.llama_logit_bias * len(biases))(*biases)
        chain.append(api.llama_sampler_init_logit_bias(size, len(biases), array))
    seed = values["seed"] & 0xFFFFFFFF
    temperature = values["temp"]
    if values["mirostat"]:
        chain.append(api.llama_sampler_init_temp(temperature))
        tau, eta = values["mirostat-tau"], values["mirostat-eta"]
        if values["mirostat"] == 1:
            draw = api.llama_sampler_init_mirostat(size, seed, tau, eta, _MIROSTAT_CANDIDATES)
        else:
            draw = api.llama_sampler_init_mirostat_v2(seed, tau, eta)
        return [*chain, draw]

    keep = values["min-keep"]
    chain += _repetition(native, vocabulary, values, n_ctx)
    typical = values["typ-p"] < 1
    xtc = values["xtc-probability"] > 0
    greedy = temperature <= 0 and not values["dynatemp-range"] and not typical and not xtc
    if greedy:
        # none of the filters below can remove the likeliest token
        return [*chain, api.llama_sampler_init_greedy()]
    chain.append(api.llama_sampler_init_top_k(values["top-k"]))
    if typical:
        chain.append(api.llama_sampler_init_typical(values["typ-p"], keep))
    chain.append(api.llama_sampler_init_top_p(values["top-p"], keep))
    chain.append(api.llama_sampler_init_min_p(values["min-p"], keep))
    if xtc:
        chain.append(
            api.llama_sampler_init_xtc(
                values["xtc-probability"], values["xtc-threshold"], keep, seed
            )
        )
    chain.append(
        api.llama_sampler_init_temp_ext(
            temperature, values["dynatemp-range"], values["dynatemp-exponent"]
        )
    )
    return [*chain, api.llama_sampler_init_dist(seed)]


def _repetition(
    native: Native, vocabulary: Vocabulary, values: dict[str, Any], n_ctx: int
) -> list[int]:
    api = native.api
    chain = []
    repeat = values["repeat-penalty"]
    if repeat < _LEAST_PENALTY:
        repeat = 1.0  # llama.cpp divides by it
    frequency, presence = values["frequency-penalty"], values["presence-penalty"]
    window = _window(values["last-n-penalty"], n_ctx)
    if window and (repeat != 1 or frequency or presence):
        chain.append(
            api.llama_sampler_init_penalties(vocabulary.size, window, repeat, frequency, presence)
        )
    multiplier = values["dry-multiplier"] or values["dry-multipier"]
    window = _window(values["dry-last-n-penalty"], n_ctx)
    if multiplier and values["dry-base"] >= 1 and window:
        breakers = (ctypes.c_char_p * len(_DRY_BREAKERS))(*_DRY_BREAKERS)
        chain.append(
            api.llama_sampler_init_dry(
                vocabulary.pointer,
                multiplier,
                values["dry-base"],
                values["dry-allowed-length"],
                window,
                breakers,
                len(_DRY_BREAKERS),
            )
        )
    return chain


def _window(wanted: int, n_ctx: int) -> int:
    return n_ctx if wanted < 0 else min(wanted, n_ctx)


def _suppressed(api: Any, vocabulary: Vocabulary) -> list[tuple[int, float]]:
    """Tokens that the model's own metadata wants never drawn."""
    count = ctypes.c_int32()
    tokens = api.llama_vocab_get_suppress_tokens(vocabulary.pointer, ctypes.byref(count))
    return [(cast("int", tokens[i]), -math.inf) for i in range(count.value)]
