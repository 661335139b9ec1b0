"""The component ABI: ``wasi:nn`` as WIT, served to guests that are components."""
