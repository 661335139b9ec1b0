"""The network: a decoder of the Llama family, written so that llama.cpp computes the same function.

Conventions that the export relies on:

* rotary embedding in the interleaved form (pairs ``(0, 1), (2, 3), ...``), which is what
  llama.cpp applies to the architecture ``llama``;
* grouped-query attention, RMSNorm before each block, SwiGLU, no biases;
* the output projection is the embedding matrix.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F


@dataclass(frozen=True)
class ModelConfig:
    """Sizes of the network. ``dim`` and ``ffn`` are multiples of 32 (the block of Q8_0)."""

    vocab: int = 2048
    dim: int = 256
    layers: int = 5
    heads: int = 4
    kv_heads: int = 2
    ffn: int = 512
    context: int = 1024
    rope_base: float = 10000.0
    norm_eps: float = 1e-5

    @property
    def head_dim(self) -> int:
        """Width of one attention head."""
        return self.dim // self.heads


class RMSNorm(nn.Module):
    """``x / rms(x) * weight`` over the last axis, in float32."""

    def __init__(self, dim: int, eps: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(dim))
        self.eps = eps

    def forward(self, x: Tensor) -> Tensor:
        """Normalise ``x`` of shape ``(..., dim)``."""
        return F.rms_norm(x.float(), self.weight.shape, self.weight, self.eps)


def rotary_table(config: ModelConfig) -> tuple[Tensor, Tensor]:
    """Cosines and sines, each float32 of shape ``(context, head_dim / 2)``."""
    exponents = torch.arange(0, config.head_dim, 2, dtype=torch.float64) / config.head_dim
    frequencies = config.rope_base**-exponents
    angles = torch.outer(torch.arange(config.context, dtype=torch.float64), frequencies)
    return angles.cos().float(), angles.sin().float()


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Rotate the interleaved pairs of ``x``, shape ``(batch, heads, time, head_dim)``."""
    even, odd = x[..., 0::2], x[..., 1::2]
    turned = torch.stack((even * cos - odd * sin, even * sin + odd * cos), dim=-1)
    return turned.flatten(-2).to(x.dtype)


class Block(nn.Module):
    """Attention and feed-forward, each behind a norm and a residual connection."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        kv_dim = config.kv_heads * config.head_dim
        self.attn_norm = RMSNorm(config.dim, config.norm_eps)
        self.attn_q = nn.Linear(config.dim, config.dim, bias=False)
        self.attn_k = nn.Linear(config.dim, kv_dim, bias=False)
        self.attn_v = nn.Linear(config.dim, kv_dim, bias=False)
        self.attn_output = nn.Linear(config.dim, config.dim, bias=False)
        self.ffn_norm = RMSNorm(config.dim, config.norm_eps)
        self.ffn_gate = nn.Linear(config.dim, config.ffn, bias=False)
        self.ffn_up = nn.Linear(config.dim, config.ffn, bias=False)
        self.ffn_down = nn.Linear(config.ffn, config.dim, bias=False)

    def attend(self, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        """Causal self-attention over ``x`` of shape ``(batch, time, dim)``."""
        batch, time, dim = x.shape
        c = self.config
        q = self.attn_q(x).view(batch, time, c.heads, c.head_dim).transpose(1, 2)
        k = self.attn_k(x).view(batch, time, c.kv_heads, c.head_dim).transpose(1, 2)
        v = self.attn_v(x).view(batch, time, c.kv_heads, c.head_dim).transpose(1, 2)
        groups = c.heads // c.kv_heads
        k = rotate(k, cos, sin).repeat_interleave(groups, dim=1)
        v = v.repeat_interleave(groups, dim=1)
        mixed = F.scaled_dot_product_attention(rotate(q, cos, sin), k, v, is_causal=True)
        out: Tensor = self.attn_output(mixed.transpose(1, 2).reshape(batch, time, dim))
        return out

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        """One layer over ``x`` of shape ``(batch, time, dim)``."""
        x = x + self.attend(self.attn_norm(x), cos, sin)
        h = self.ffn_norm(x)
        out: Tensor = x + self.ffn_down(F.silu(self.ffn_gate(h)) * self.ffn_up(h))
        return out


class TaleModel(nn.Module):
    """Token ids ``(batch, time)`` to logits ``(batch, time, vocab)``."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.token_embd = nn.Embedding(config.vocab, config.dim)
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.layers))
        self.output_norm = RMSNorm(config.dim, config.norm_eps)
        cos, sin = rotary_table(config)
        self.register_buffer("cos", cos, persistent=False)
        self.register_buffer("sin", sin, persistent=False)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Initialise so that the network starts out repeating what its context holds.

        In each head the output projection is the transpose of the value projection, whose rows
        are orthogonal: a head then adds what it attends to, and the tied output matrix turns
        that into the same token. Left to find this by itself, so small a network does not
        learn within the budget to call a character by the name it gave it. For the same reason
        the embedding starts large (and the last norm small in return): what all names have in
        common is learnt first, and would else drown what tells one name from another.
        """
        config = self.config
        nn.init.normal_(self.token_embd.weight, std=0.5)
        nn.init.constant_(self.output_norm.weight, 0.15)
        for block in self.blocks:
            for name in ("attn_q", "attn_k", "ffn_gate", "ffn_up"):
                nn.init.normal_(getattr(block, name).weight, std=0.02)
            nn.init.normal_(block.ffn_down.weight, std=0.02 / (2 * config.layers) ** 0.5)
            nn.init.orthogonal_(block.attn_v.weight, gain=0.5)
            values = block.attn_v.weight.detach().view(config.kv_heads, config.head_dim, -1)
            per_head = values.repeat_interleave(config.heads // config.kv_heads, dim=0)
            with torch.no_grad():
                block.attn_output.weight.copy_(per_head.flatten(0, 1).T)

    def forward(self, tokens: Tensor) -> Tensor:
        """Logits of the next token at every position."""
        time = tokens.shape[1]
        cos, sin = self.cos[:time], self.sin[:time]
        x = self.token_embd(tokens)
        for block in self.blocks:
            x = block(x, cos, sin)
        return F.linear(self.output_norm(x), self.token_embd.weight)
