"""Bytes that a component gives to ``wasi:nn``, or takes from it, as a whole and not one by one.

wasmtime's C API makes a structure of every element of a ``list<u8>``, and a text of a ``string``.
For core code both are the same, an address and a length. So what is compiled is not the guest's
component but a copy of it, in which

- the imported types of ``wasi:nn`` say ``string`` where they said ``list<u8>`` (:mod:`.types`), and
- a small module of ours stands between the guest and each function that takes or gives bytes
  (``between.wat``): it copies them into a memory of ours (``arena.wat``), there makes them what may
  be in a text, and back. The guest cannot tell (:mod:`.rewriting`).

A component that holds anything which is not fully understood is compiled as it is, and its bytes
cross one by one.
"""

from wasinn_nb.guest.octets.rewriting import VERSION, Rewriting, find

__all__ = ["VERSION", "Rewriting", "find"]
