"""C for what WIT declares: headers with its types and functions, by the canonical ABI.

A value in memory is a C structure with the same layout, so most of a function's work is passing
its parts on.
"""

from wasinn_nb.guest.bindings.header import of_interfaces, of_world

__all__ = ["of_interfaces", "of_world"]
