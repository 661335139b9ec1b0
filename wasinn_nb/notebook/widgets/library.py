"""Where pages get a front end's code from: one hidden widget, in place of a copy in every widget.

A page keeps every copy that it ever ran, and a notebook in use all day makes many widgets.
"""

from __future__ import annotations

import threading

from ipywidgets import Widget
from traitlets import Unicode

from wasinn_nb.notebook.widgets import assets


class Library(Widget):
    """A model without a view."""

    code = Unicode(help="An ES module.").tag(sync=True)
    style = Unicode(help="A style sheet.").tag(sync=True)


_libraries: dict[str, Library] = {}
_lock = threading.Lock()


def of(name: str) -> str:
    """The model id of the library with the front end called ``name``.

    Raises:
        UnsupportedOperation: it is not built.
    """
    with _lock:
        library = _libraries.get(name)
        if library is None or library.comm is None:  # `Widget.close_all()` closes it too
            module = assets.load(name)
            library = _libraries[name] = Library(code=module.code, style=module.style)
        return str(library.model_id)
