"""What llama.cpp logs goes to the run that caused it, and nowhere else."""

from __future__ import annotations

import wasinn_nb as wn

_LOAD = """
(module
  (import "wasi_ephemeral_nn" "load_by_name" (func $load (param i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "logged")
  (func (export "_start")
    (call $exit (call $load (i32.const 0) (i32.const 6) (i32.const 16)))))
"""


def test_a_run_holds_the_log_of_the_load_it_caused(capfd):
    host = wn.host()
    host.load("logged", "builtin:tinytales")
    host.unload("logged")
    guest = host.build(_LOAD, "wat")
    try:
        assert "general.architecture" in guest.run().logs
        assert guest.run().logs == ""
        assert "general.architecture" in host.native_log()
        assert capfd.readouterr() == ("", "")
    finally:
        host.forget("logged")
