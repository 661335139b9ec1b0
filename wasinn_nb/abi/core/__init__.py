"""The core ABI: module ``wasi_ephemeral_nn`` over the vocabulary of ``nn/``."""
