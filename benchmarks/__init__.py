"""Benchmarks, and the random-weight models that they and the tests run on."""
