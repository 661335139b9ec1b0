"""The vocabulary of the project: plain, typed Python that knows neither wasm nor Jupyter."""
