"""GGUF models through llama.cpp, by the low-level bindings of llama-cpp-python."""
