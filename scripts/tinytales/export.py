"""Writes the trained network as GGUF, in the layout of llama.cpp's architecture ``llama``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import gguf

from .corpus import BEGIN, CHAT_TEMPLATE, END, SPECIAL_TOKENS, STOP
from .model import TaleModel

if TYPE_CHECKING:
    from tokenizers import Tokenizer


def _write_vocabulary(writer: gguf.GGUFWriter, tokenizer: Tokenizer) -> None:
    model = json.loads(tokenizer.to_str())["model"]
    tokens = sorted(model["vocab"], key=model["vocab"].__getitem__)
    kinds = [
        gguf.TokenType.CONTROL if token in SPECIAL_TOKENS else gguf.TokenType.NORMAL
        for token in tokens
    ]
    merges = [m if isinstance(m, str) else " ".join(m) for m in model["merges"]]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list(tokens)
    writer.add_token_types(kinds)
    writer.add_token_merges(merges)
    writer.add_bos_token_id(tokenizer.token_to_id(BEGIN))
    writer.add_eos_token_id(tokenizer.token_to_id(STOP))
    writer.add_eot_token_id(tokenizer.token_to_id(END))
    writer.add_pad_token_id(tokenizer.token_to_id(STOP))
    writer.add_add_bos_token(True)
    writer.add_add_eos_token(False)
    writer.add_chat_template(CHAT_TEMPLATE)


def _write_sizes(writer: gguf.GGUFWriter, model: TaleModel) -> None:
    config = model.config
    writer.add_context_length(config.context)
    writer.add_embedding_length(config.dim)
    writer.add_block_count(config.layers)
    writer.add_feed_forward_length(config.ffn)
    writer.add_head_count(config.heads)
    writer.add_head_count_kv(config.kv_heads)
    writer.add_rope_dimension_count(config.head_dim)
    writer.add_rope_freq_base(config.rope_base)
    writer.add_layer_norm_rms_eps(config.norm_eps)
    writer.add_vocab_size(config.vocab)


def tensor_name(parameter: str) -> str:
    """Name in GGUF of a parameter of ``TaleModel``."""
    if parameter.startswith("blocks."):
        return "blk." + parameter.removeprefix("blocks.")
    return parameter


def export(model: TaleModel, tokenizer: Tokenizer, path: Path, *, quantised: bool = True) -> None:
    """Write ``path``: matrices as Q8_0 (float32 unless ``quantised``), norms as float32.

    The file has no ``output.weight``: llama.cpp then uses the embedding matrix.
    """
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_type(gguf.GGUFType.MODEL)
    writer.add_name("TinyTales")
    writer.add_size_label("3.5M")
    writer.add_license("apache-2.0")
    writer.add_languages(["en"])
    writer.add_description("Tells short stories. Trained from nothing on generated text.")
    file_type = gguf.LlamaFileType.MOSTLY_Q8_0 if quantised else gguf.LlamaFileType.ALL_F32
    writer.add_file_type(file_type)
    writer.add_quantization_version(gguf.GGML_QUANT_VERSION)
    _write_sizes(writer, model)
    _write_vocabulary(writer, tokenizer)
    for name, parameter in model.named_parameters():
        values = parameter.detach().float().numpy()
        if values.ndim == 2 and quantised:
            kind = gguf.GGMLQuantizationType.Q8_0
            writer.add_tensor(tensor_name(name), gguf.quants.quantize(values, kind), raw_dtype=kind)
        else:
            writer.add_tensor(tensor_name(name), values)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
