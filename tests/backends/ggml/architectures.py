"""Random-weight models of architectures that llama.cpp treats differently from llama."""

from __future__ import annotations

import gguf
import numpy as np

WIDTH, LAYERS, INNER, STATE, RANK, CONV = 32, 2, 64, 8, 4, 4
WORDS = [f"##{letter}" for letter in "abcdefghij"] + list("abcdefghij")


def _writer(path, architecture, seed):
    writer = gguf.GGUFWriter(path, architecture)
    writer.add_context_length(512)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(LAYERS)
    writer.add_file_type(gguf.LlamaFileType.ALL_F32)
    rng = np.random.default_rng(seed)

    def add(name, *shape, value=None):
        scale = shape[-1] ** -0.5
        data = rng.standard_normal(shape) * scale if value is None else np.full(shape, value)
        writer.add_tensor(name, data.astype(np.float32))

    return writer, add


def _finish(writer):
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def write_mamba(path):
    """A recurrent model: its memory cannot go back to an earlier position."""
    writer, add = _writer(path, "mamba", 1)
    kind = gguf.TokenType
    tokens = ["<unk>", "<s>", "</s>", *(f"<0x{b:02X}>" for b in range(256))]
    writer.add_tokenizer_model("llama")
    writer.add_token_list(tokens)
    writer.add_token_scores([0.0] * len(tokens))
    writer.add_token_types([kind.UNKNOWN, kind.CONTROL, kind.CONTROL] + [kind.BYTE] * 256)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_vocab_size(len(tokens))
    writer.add_feed_forward_length(0)
    writer.add_head_count(0)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_ssm_conv_kernel(CONV)
    writer.add_ssm_inner_size(INNER)
    writer.add_ssm_state_size(STATE)
    writer.add_ssm_time_step_rank(RANK)
    add("token_embd.weight", len(tokens), WIDTH)
    add("output_norm.weight", WIDTH, value=1)
    add("output.weight", len(tokens), WIDTH)
    for i in range(LAYERS):
        add(f"blk.{i}.attn_norm.weight", WIDTH, value=1)
        add(f"blk.{i}.ssm_in.weight", 2 * INNER, WIDTH)
        add(f"blk.{i}.ssm_conv1d.weight", INNER, CONV)
        add(f"blk.{i}.ssm_conv1d.bias", INNER, value=0)
        add(f"blk.{i}.ssm_x.weight", RANK + 2 * STATE, INNER)
        add(f"blk.{i}.ssm_dt.weight", INNER, RANK)
        add(f"blk.{i}.ssm_dt.bias", INNER, value=0)
        add(f"blk.{i}.ssm_a", INNER, STATE, value=-1)
        add(f"blk.{i}.ssm_d", INNER, value=1)
        add(f"blk.{i}.ssm_out.weight", WIDTH, INNER)
    _finish(writer)


def write_bert(path):
    """An encoder: it makes embeddings and no text, and sees a prompt as a whole."""
    writer, add = _writer(path, "bert", 2)
    kind = gguf.TokenType
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    # the stored form of WordPiece: a word's beginning carries the mark, its continuation none
    words = [w[2:] if w.startswith("##") else "\u2581" + w for w in WORDS]
    tokens = special + words
    writer.add_tokenizer_model("bert")
    writer.add_tokenizer_pre("default")
    writer.add_token_list(tokens)
    writer.add_token_types([kind.CONTROL] * len(special) + [kind.NORMAL] * len(words))
    writer.add_bos_token_id(2)
    writer.add_eos_token_id(3)
    writer.add_unk_token_id(1)
    writer.add_sep_token_id(3)
    writer.add_pad_token_id(0)
    writer.add_mask_token_id(4)
    writer.add_token_type_count(2)
    writer.add_vocab_size(len(tokens))
    writer.add_feed_forward_length(INNER)
    writer.add_head_count(2)
    writer.add_layer_norm_eps(1e-12)
    writer.add_causal_attention(False)
    writer.add_pooling_type(gguf.PoolingType.MEAN)
    add("token_embd.weight", len(tokens), WIDTH)
    add("token_types.weight", 2, WIDTH)
    add("position_embd.weight", 512, WIDTH)
    for name in ("token_embd_norm", *(f"blk.{i}.{part}_output_norm" for i in range(LAYERS)
                                      for part in ("attn", "layer"))):  # fmt: skip
        add(f"{name}.weight", WIDTH, value=1)
        add(f"{name}.bias", WIDTH, value=0)
    for i in range(LAYERS):
        for part in ("attn_q", "attn_k", "attn_v", "attn_output"):
            add(f"blk.{i}.{part}.weight", WIDTH, WIDTH)
            add(f"blk.{i}.{part}.bias", WIDTH, value=0)
        add(f"blk.{i}.ffn_up.weight", INNER, WIDTH)
        add(f"blk.{i}.ffn_up.bias", INNER, value=0)
        add(f"blk.{i}.ffn_down.weight", WIDTH, INNER)
        add(f"blk.{i}.ffn_down.bias", WIDTH, value=0)
    _finish(writer)


def write_lora(path, width, alpha=8.0):
    """An adapter for the attention of the first layer of a llama model of a width."""
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_type(gguf.GGUFType.ADAPTER)
    writer.add_string(gguf.Keys.Adapter.TYPE, "lora")
    writer.add_float32(gguf.Keys.Adapter.LORA_ALPHA, alpha)
    rng = np.random.default_rng(3)
    for part in ("attn_q", "attn_v"):
        for half, shape in (("a", (4, width)), ("b", (width, 4))):
            data = rng.standard_normal(shape).astype(np.float32)
            writer.add_tensor(f"blk.0.{part}.weight.lora_{half}", data)
    _finish(writer)
