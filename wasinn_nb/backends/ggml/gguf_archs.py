"""What single architectures assert about their hyperparameters, beyond what holds for all.

Collected from the assertions and the divisions in ``src/models/*.cpp`` of llama.cpp.
"""

from __future__ import annotations

from wasinn_nb.backends.ggml.gguf_header import GGUFArray
from wasinn_nb.backends.ggml.gguf_hparams import MAX_WIDTH, Hyperparameters
from wasinn_nb.backends.ggml.gguf_tables import ValueType

NEEDS_EXPERTS = frozenset(
    {"bailingmoe2", "glm4moe", "grovemoe", "lfm2moe", "llada-moe", "smallthinker"}
)
NEEDS_SECTIONS = frozenset(
    {"paddleocr", "qwen2vl", "qwen35", "qwen35moe", "qwen3vl", "qwen3vlmoe", "qwen4exp"}
)
DOUBLE_INNER = frozenset({"granitehybrid", "jamba"})
LATENT = frozenset({"deepseek2", "deepseek2-ocr", "deepseek32", "glm-dsa", "hy_v4", "mistral4"})

LEAST = {
    "attention.indexer.block_size": 1,
    "conv_group_size": 1,
    "experts_per_group": 1,
    "full_attention_interval": 1,
    "hrm.h_cycles": 1,
    "hrm.l_cycles": 1,
    "hrm.layers_per_stack": 1,
    "num_loops": 1,
    "shortconv.l_cache": 2,
    "ssm.conv_kernel": 1,
    "ssm.inner_size": 1,
    "ssm.state_size": 1,
    "ssm.time_step_rank": 1,
    "wkv.head_size": 1,
}
"""The least value of a number that an assertion or a division needs, if the file has it."""


def check_own_rules(hp: Hyperparameters) -> None:
    """Refuse what the model's own architecture asserts.

    Raises:
        InvalidArgument: with what is wrong and what to do.
    """
    for name, least in LEAST.items():
        if hp.has(name):
            hp.unsigned(name, least, (1 << 32) - 1)
    architecture = hp.architecture
    if architecture in NEEDS_EXPERTS:
        hp.unsigned("expert_count", 1, 1024)
    if architecture == "ernie4_5-moe":
        hp.unsigned("interleave_moe_layer_step", 1, 512)
    if architecture in NEEDS_SECTIONS:
        _sections(hp)
    if architecture in DOUBLE_INNER:
        twice = 2 * hp.unsigned("embedding_length", 1, MAX_WIDTH)
        hp.unsigned("ssm.inner_size", twice, twice)
    if architecture in LATENT and hp.has("attention.key_length_mla"):
        rotated = hp.unsigned("rope.dimension_count", 0, MAX_WIDTH, 0)
        hp.unsigned("attention.key_length_mla", rotated + 1, MAX_WIDTH)
    if architecture == "gemma-embedding":
        width = hp.unsigned("embedding_length", 1, MAX_WIDTH)
        for name in ("dense_2_feat_in", "dense_3_feat_out"):
            if hp.unsigned(name, 0, MAX_WIDTH, 0) not in {0, width}:
                hp.refuse(f"{architecture}.{name} is not the embedding_length {width}")
    if architecture == "bailingmoe3":
        _gate(hp)


def _gate(hp: Hyperparameters) -> None:
    prefix, metadata = f"{hp.architecture}.kda.", hp.header.metadata
    bound = metadata.get(prefix + "gate_lower_bound", -1.0)
    if not isinstance(bound, float) or bound >= 0 or not metadata.get(prefix + "safe_gate", True):
        hp.refuse(f"{prefix}safe_gate and {prefix}gate_lower_bound are unusable")


def _sections(hp: Hyperparameters) -> None:
    key = f"{hp.architecture}.rope.dimension_sections"
    value = hp.header.metadata.get(key)
    if isinstance(value, GGUFArray) and value.type in {ValueType.INT32, ValueType.UINT32}:
        sections = [int(n) for n in value.numbers()]
        if 3 <= len(sections) <= 4 and min(sections) >= 0 and any(sections[:3]):
            return
    hp.refuse(f"{key} is not an array of 4 numbers, of which one of the first three is not 0")
