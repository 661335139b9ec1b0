"""The core ABI as its specification states it, for the guests and hosts that tests make."""

from __future__ import annotations

MODULE = "wasi_ephemeral_nn"

ARITY = {
    "load": 5,
    "load_by_name": 3,
    "load_by_name_with_config": 5,
    "init_execution_context": 2,
    "set_input": 3,
    "compute": 1,
    "get_output": 5,
    "compute_single": 1,
    "get_output_single": 5,
    "fini_single": 1,
    "unload": 1,
    "finalize_execution_context": 1,
}
"""How many i32 parameters each function takes; each returns one, the errno."""
