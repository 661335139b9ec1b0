"""Every setting of llama.cpp that can be given to a model, a context or a request.

Keys, JSON types and defaults are those of the wasi-nn ggml dialect (180 keys), so a published
guest's configuration means here what it means elsewhere; a few of our own are in :data:`OWN`.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from wasinn_nb.backends.ggml.inert import INERT
from wasinn_nb.nn.settings import Kind, Schema, Scope, Setting, Value

_MODEL, _CONTEXT, _REQUEST = Scope.MODEL, Scope.CONTEXT, Scope.REQUEST

INT32 = 2**31 - 1
MAX_CONTEXT = 2**27
MAX_BATCH = 2**20

CACHE_TYPES = {
    0: "f32",
    1: "f16",
    30: "bf16",
    8: "q8_0",
    6: "q5_0",
    7: "q5_1",
    2: "q4_0",
    3: "q4_1",
    20: "iq4_nl",
}
"""Element types that llama.cpp can keep a KV cache in, by their ggml number."""

ALL_LAYERS, FITTING_LAYERS = -1, -2
"""Values of ``n-gpu-layers``: every layer, and as many as fit when the model is loaded."""

_CACHE_NAMES = {name: number for number, name in CACHE_TYPES.items()}
_POOLING = {"none": 0, "mean": 1, "cls": 2, "last": 3, "rank": 4}
_ATTENTION = {"causal": 0, "non-causal": 1}
_ROPE_SCALING = {"none": 0, "linear": 1, "yarn": 2, "longrope": 3}


def _int(
    key: str,
    scope: Scope,
    default: Value,
    text: str,
    low: float = -(2.0**63),
    high: float = 2.0**63,
    *,
    unit: str = "",
    names: Mapping[str, int] | None = None,
) -> Setting:
    return Setting(
        key, "int", scope, default, text, minimum=low, maximum=high, unit=unit, names=names or {}
    )


def _float(
    key: str,
    scope: Scope,
    default: Value,
    text: str,
    low: float = -1e9,
    high: float = 1e9,
    *,
    clamp: bool = False,
) -> Setting:
    return Setting(key, "float", scope, default, text, minimum=low, maximum=high, clamp=clamp)


def _bool(key: str, scope: Scope, default: bool, text: str) -> Setting:  # noqa: FBT001
    return Setting(key, "bool", scope, default, text)


def _str(key: str, scope: Scope, text: str, *, choices: tuple[str, ...] = ()) -> Setting:
    return Setting(key, "str", scope, choices[0] if choices else "", text, choices=choices)


def _refused(key: str, kind: Kind, scope: Scope, text: str) -> Setting:
    default: Value = False if kind == "bool" else ""
    return Setting(
        key, kind, scope, default, f"{text}: not supported; leave it empty", effect=False
    )


MODEL: tuple[Setting, ...] = (
    _int("n-gpu-layers", _MODEL, ALL_LAYERS, "layers kept on the GPU; -1 all, -2 those that fit",
         FITTING_LAYERS, INT32, unit="layers", names={"all": ALL_LAYERS, "auto": FITTING_LAYERS}),
    _int("main-gpu", _MODEL, 0, "the GPU used when split-mode is none", 0, INT32),
    _str("tensor-split", _MODEL, "share of each GPU, for example 3,2"),
    _str("split-mode", _MODEL, "how to spread a model over several GPUs",
         choices=("layer", "none", "row")),
    _bool("use-mmap", _MODEL, True, "map the file instead of reading it: faster, shared pages"),
    _bool("use-mlock", _MODEL, False, "keep the weights from being swapped out"),
    _bool("check-tensors", _MODEL, False, "look for invalid values in the weights while loading"),
    _bool("cpu-moe", _MODEL, False, "keep all mixture-of-experts weights on the CPU"),
    _int("n-cpu-moe", _MODEL, 0, "keep the experts of the first N layers on the CPU", 0, 1024,
         unit="layers"),
    _refused("mmproj", "str", _MODEL, "multimodal projector"),
    _refused("model-vocoder", "str", _MODEL, "speech vocoder"),
)  # fmt: skip
"""Changing one of these loads the weights again."""

CONTEXT: tuple[Setting, ...] = (
    _int("ctx-size", _CONTEXT, 0, "context length; 0 = what the model was trained for", 0,
         MAX_CONTEXT, unit="tokens"),
    _int("batch-size", _CONTEXT, 2048, "most tokens in one logical batch", 1, INT32,
         unit="tokens"),
    _int("ubatch-size", _CONTEXT, 512, "most tokens in one physical batch", 1, INT32,
         unit="tokens"),
    _int("threads", _CONTEXT, -1, "threads for generation; -1 = physical cores less one", -INT32,
         INT32),
    _int("threads-batch", _CONTEXT, -1, "threads for prompts; -1 = as threads", -INT32, INT32),
    _bool("embedding", _CONTEXT, False, "compute gives the embedding of the prompt as JSON"),
    _bool("reranking", _CONTEXT, False, "compute gives the rank score of the prompt as JSON"),
    _int("pooling-type", _CONTEXT, -1, "-1 model's, 0 none, 1 mean, 2 cls, 3 last, 4 rank", -1, 4,
         names=_POOLING),
    _int("attention-type", _CONTEXT, -1, "-1 model's, 0 causal, 1 non-causal", -1, 1,
         names=_ATTENTION),
    _str("flash-attn", _CONTEXT, "flash attention",
         choices=("auto", "on", "off", "enabled", "disabled")),
    _int("cache-type-k", _CONTEXT, 1, "type of the K cache, as its name or ggml's number", 0, 42,
         names=_CACHE_NAMES),
    _int("cache-type-v", _CONTEXT, 1, "type of the V cache, as its name or ggml's number", 0, 42,
         names=_CACHE_NAMES),
    _bool("no-kv-offload", _CONTEXT, False, "keep the KV cache in host memory"),
    _float("rope-freq-base", _CONTEXT, 0.0, "RoPE base frequency; 0 = the model's", 0, 1e12),
    _float("rope-freq-scale", _CONTEXT, 0.0, "RoPE frequency scale; 0 = the model's", 0, 1e4),
    _int("rope-scaling-type", _CONTEXT, -1, "-1 model's, 0 none, 1 linear, 2 yarn, 3 longrope",
         -1, 3, names=_ROPE_SCALING),
    _float("yarn-ext-factor", _CONTEXT, -1.0, "YaRN extrapolation mix; -1 = the model's", -1, 1e3),
    _float("yarn-attn-factor", _CONTEXT, -1.0, "YaRN magnitude scale; -1 = the model's", -1, 1e3),
    _float("yarn-beta-fast", _CONTEXT, -1.0, "YaRN low correction; -1 = the model's", -1, 1e4),
    _float("yarn-beta-slow", _CONTEXT, -1.0, "YaRN high correction; -1 = the model's", -1, 1e4),
    _int("yarn-orig-ctx", _CONTEXT, 0, "YaRN original context; 0 = the model's", 0, MAX_CONTEXT,
         unit="tokens"),
)  # fmt: skip
"""Changing one of these makes a new llama context; the weights stay."""

REQUEST: tuple[Setting, ...] = (
    _int("n-predict", _REQUEST, -1, "most tokens that compute generates; -1 = no limit",
         unit="tokens"),
    _str("reverse-prompt", _REQUEST, "compute stops once this text was generated"),
    _float("temp", _REQUEST, 0.8, "temperature; 0 always takes the likeliest token", 0,
           clamp=True),
    _int("top-k", _REQUEST, 40, "keep the K likeliest tokens; 0 = all", -INT32, INT32),
    _float("top-p", _REQUEST, 0.95, "keep tokens up to this probability together", 0, clamp=True),
    _float("min-p", _REQUEST, 0.05, "drop tokens below this share of the likeliest", 0, 1,
           clamp=True),
    _float("typ-p", _REQUEST, 1.0, "locally typical sampling; 1 = off", 0, clamp=True),
    _int("min-keep", _REQUEST, 0, "tokens that the samplers keep at least", 0, INT32),
    _float("xtc-probability", _REQUEST, 0.0, "chance of removing top tokens; 0 = off", 0, 1,
           clamp=True),
    _float("xtc-threshold", _REQUEST, 0.1, "XTC threshold; above 0.5 = off", 0, clamp=True),
    _float("dynatemp-range", _REQUEST, 0.0, "dynamic temperature range; 0 = off", 0, clamp=True),
    _float("dynatemp-exponent", _REQUEST, 1.0, "dynamic temperature exponent", -100, 100),
    _int("last-n-penalty", _REQUEST, 64, "tokens looked at for repetition; 0 = off, -1 = all", -1,
         INT32, unit="tokens"),
    _float("repeat-penalty", _REQUEST, 1.0, "penalty on repeated tokens; 1 (or 0) = off", 0, 1e3,
           clamp=True),
    _float("presence-penalty", _REQUEST, 0.0, "penalty on tokens that occurred", 0, clamp=True),
    _float("frequency-penalty", _REQUEST, 0.0, "penalty for each occurrence", 0, clamp=True),
    _float("dry-multipier", _REQUEST, 0.0, "DRY multiplier (the dialect's spelling); 0 = off", 0,
           1e6, clamp=True),
    _float("dry-base", _REQUEST, 1.75, "DRY base; below 1 = off", 0, 1e3, clamp=True),
    _int("dry-allowed-length", _REQUEST, 2, "repetitions that DRY leaves alone", 0, INT32,
         unit="tokens"),
    _int("dry-last-n-penalty", _REQUEST, -1, "tokens that DRY looks at; -1 = all", -1, INT32,
         unit="tokens"),
    _int("mirostat", _REQUEST, 0, "0 off, 1 mirostat, 2 mirostat 2.0", 0, 2),
    _float("mirostat-eta", _REQUEST, 0.1, "mirostat learning rate", 0, 1e3),
    _int("seed", _REQUEST, 0xFFFFFFFF, "seed of the sampler, or a new one each time",
         names={"random": 0xFFFFFFFF}),
    _bool("ignore-eos", _REQUEST, False, "never let the model end its text"),
    _str("grammar", _REQUEST, "GBNF grammar that the text must follow"),
    _str("json-schema", _REQUEST, "JSON schema that the text must follow (wins over grammar)"),
    _refused("image", "str", _REQUEST, "image input"),
    _refused("tts", "bool", _REQUEST, "speech output"),
    Setting("tts-output-file", "str", _REQUEST, "output.wav", "speech output: not supported",
            effect=False),
    _refused("tts-speaker-file", "str", _REQUEST, "speaker profile"),
)  # fmt: skip
"""These are read at the next compute."""

OWN: tuple[Setting, ...] = (
    Setting("lora", "str", _CONTEXT, "", "LoRA adapter, a GGUF file", path=True, guest=False),
    Setting("lora-scale", "float", _CONTEXT, 1.0, "strength of the LoRA adapter", minimum=-1e3,
            maximum=1e3, guest=False),
    _float("dry-multiplier", _REQUEST, 0.0, "DRY multiplier; 0 = off", 0, 1e6, clamp=True),
    _float("mirostat-tau", _REQUEST, 5.0, "mirostat target entropy", 0, 1e3),
    _str("logit-bias", _REQUEST, 'JSON object of token id or text to bias, {"2": -5, " the": 1}'),
    _bool("chat", _REQUEST, False, "input 0 is a JSON array of {role, content} messages"),
    _bool("cache-prompt", _REQUEST, True, "evaluate only what differs from the last prompt"),
)  # fmt: skip
"""Settings of ours; other hosts ignore them."""

DIALECT_KEYS = 180
"""Keys of the wasi-nn ggml dialect: all settings here except :data:`OWN`."""


@cache
def schema() -> Schema:
    """The schema of the ggml backend."""
    return Schema((*MODEL, *CONTEXT, *REQUEST, *OWN, *INERT))
