"""What guests export, as Python callables."""
