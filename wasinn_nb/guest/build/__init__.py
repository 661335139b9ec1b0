"""From a cell's text to a WebAssembly module, through a cache that every kernel shares."""
