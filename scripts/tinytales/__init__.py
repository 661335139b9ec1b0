"""Makes the model ``builtin:tinytales``: corpus, tokenizer, network, training, GGUF export."""
