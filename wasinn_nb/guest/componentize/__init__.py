"""Making a component of a core module.

:func:`componentize` puts core modules into a component around them, byte for byte, so that names
and debugging information stay: the program, adapters for what it imports that is no interface of
WIT, and little modules that connect them. What comes out imports the interfaces that are used, and
of each only what is used.
"""

from wasinn_nb.guest.componentize.component import componentize
from wasinn_nb.guest.componentize.errors import ComponentizeError

__all__ = ["ComponentizeError", "componentize"]
