"""WebAssembly binaries as text, to be read and to be assembled again."""
