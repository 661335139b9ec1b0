"""wasinn_nb: WebAssembly guests in notebook cells, against models that stay loaded in the kernel."""

__version__ = "0.1.0"
