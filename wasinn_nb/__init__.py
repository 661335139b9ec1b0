"""wasinn_nb: WebAssembly guests in notebook cells, against models that stay loaded in the kernel.

In a notebook, ``%load_ext wasinn_nb`` and then ``%wasinn`` and ``%%wasinn``. From Python::

    import wasinn_nb as wn

    host = wn.host()
    host.load("chat", "builtin:tinytales")
    guest = wn.build(source, language="c")
    run = guest.run(args=["Once upon a time"], models={"default": "chat"}, on_token=print)
    host.unload("chat")
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from wasinn_nb.abi.wit.codec import Err
    from wasinn_nb.abi.wit.values import Some
    from wasinn_nb.api import Host, build, host, load_guest
    from wasinn_nb.guest.exports.composites import Ok
    from wasinn_nb.guest.guest import Guest
    from wasinn_nb.guest.run import Run
    from wasinn_nb.nn.errors import NNError, WasinnError
    from wasinn_nb.notebook.widgets.config import ModelConfig
    from wasinn_nb.notebook.widgets.display import display_stream
    from wasinn_nb.notebook.widgets.panel import ModelPanel
    from wasinn_nb.notebook.widgets.stream import TokenStream

__version__ = "0.1.0"

__all__ = [
    "Err",
    "Guest",
    "Host",
    "ModelConfig",
    "ModelPanel",
    "NNError",
    "Ok",
    "Run",
    "Some",
    "TokenStream",
    "WasinnError",
    "__version__",
    "build",
    "display_stream",
    "host",
    "load_guest",
]

_HOMES = {
    "Err": "wasinn_nb.abi.wit.codec",
    "Guest": "wasinn_nb.guest.guest",
    "Host": "wasinn_nb.api",
    "ModelConfig": "wasinn_nb.notebook.widgets.config",
    "ModelPanel": "wasinn_nb.notebook.widgets.panel",
    "NNError": "wasinn_nb.nn.errors",
    "Ok": "wasinn_nb.guest.exports.composites",
    "Run": "wasinn_nb.guest.run",
    "Some": "wasinn_nb.abi.wit.values",
    "TokenStream": "wasinn_nb.notebook.widgets.stream",
    "WasinnError": "wasinn_nb.nn.errors",
    "build": "wasinn_nb.api",
    "display_stream": "wasinn_nb.notebook.widgets.display",
    "host": "wasinn_nb.api",
    "load_guest": "wasinn_nb.api",
}


def __getattr__(name: str) -> Any:
    """Import the public names on first use, so that loading the extension stays quick."""
    import importlib

    if name in _HOMES:
        value = getattr(importlib.import_module(_HOMES[name]), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)


def _jupyter_labextension_paths() -> list[dict[str, str]]:
    """Where the JupyterLab extension is; `jupyter labextension develop` asks."""
    return [{"src": "labextension", "dest": "wasinn-nb"}]


def load_ipython_extension(ipython: InteractiveShell) -> None:
    """``%load_ext wasinn_nb``."""
    from wasinn_nb.notebook import extension

    extension.load(ipython)


def unload_ipython_extension(ipython: InteractiveShell) -> None:
    """``%unload_ext wasinn_nb``: every hook is undone and every model freed."""
    from wasinn_nb.notebook import extension

    extension.unload(ipython)
