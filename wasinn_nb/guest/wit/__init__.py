"""WIT, the language in which components say what they import and export.

:func:`read` takes texts and gives :class:`Packages`: every interface and world with its types and
functions, all names resolved. :func:`shipped` are those that come with this package.
"""

from wasinn_nb.guest.wit.errors import WitError
from wasinn_nb.guest.wit.library import read, shipped
from wasinn_nb.guest.wit.model import Packages
from wasinn_nb.guest.wit.source import WitSource

__all__ = ["Packages", "WitError", "WitSource", "read", "shipped"]
