"""The standard library, all of which is in the component: there are no files when it runs.

What most programs use is imported before, and there from the beginning. Everything else that can be
imported is kept as code, and executed when a cell asks for it.
"""

from __future__ import annotations

import importlib
import importlib.util
import marshal
import os
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from types import CodeType, ModuleType

LIBRARY = "/python"

# what a first cell often has; a module of these costs memory, not time
COMMON = (
    *("__future__", "abc", "argparse", "array", "ast", "asyncio", "base64", "binascii", "bisect"),
    *("calendar", "cmath", "codecs", "collections", "collections.abc", "contextlib", "copy", "csv"),
    *("dataclasses", "datetime", "decimal", "difflib", "enum", "errno", "fnmatch", "fractions"),
    *("functools", "gc", "getpass", "glob", "graphlib", "hashlib", "heapq", "hmac", "html", "io"),
    *("importlib", "inspect", "io", "itertools", "json", "keyword", "linecache", "locale"),
    *("logging", "math", "numbers", "operator", "os", "pathlib", "pickle", "platform", "pprint"),
    *("queue", "random", "re", "reprlib", "secrets", "shlex", "signal", "statistics", "string"),
    *("struct", "sys", "tempfile", "textwrap", "threading", "time", "timeit", "tokenize"),
    *("traceback", "types", "typing", "unicodedata", "urllib.parse", "uuid", "warnings", "weakref"),
    *("zlib", "encodings.ascii", "encodings.latin_1", "encodings.utf_16", "encodings.idna"),
    *("_strptime", "_suggestions"),
)
# of no use without a screen, other processes or threads, sockets, or a package index
WITHOUT = (
    *(
        "antigravity",
        "ctypes",
        "curses",
        "ensurepip",
        "idlelib",
        "multiprocessing",
        "site-packages",
    ),
    *("test", "this", "tkinter", "turtle", "turtledemo", "venv", "webbrowser"),
    *("pydoc_data", "__phello__", "config-3.14-wasm32-wasi", "__pycache__", "pty", "tty", "ssl"),
    *("bz2", "lzma", "smtplib", "imaplib", "poplib", "ftplib", "socketserver", "xmlrpc", "wsgiref"),
)


class Archive:
    """Finds and loads what is kept as code.

    Args:
        root: the library as it was when the component was built.
    """

    def __init__(self, root: str) -> None:
        self._code: dict[str, tuple[bytes, bool]] = {}
        self._collect(root, "")

    def _collect(self, folder: str, prefix: str) -> None:
        for entry in sorted(os.scandir(folder), key=lambda one: one.name):
            stem, ending = os.path.splitext(entry.name)
            if (not prefix and stem in WITHOUT) or entry.name == "__pycache__":
                continue
            if entry.is_dir():
                if os.path.exists(f"{entry.path}/__init__.py"):
                    self._collect(entry.path, f"{prefix}{entry.name}.")
            elif ending == ".py":
                name = prefix[:-1] if stem == "__init__" else prefix + stem
                if name and name not in sys.modules:
                    self._keep(name, entry.path, is_package=stem == "__init__")

    def _keep(self, name: str, path: str, *, is_package: bool) -> None:
        with open(path, "rb") as file:
            code = compile(file.read(), path, "exec", dont_inherit=True)
        self._code[name] = marshal.dumps(code), is_package

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """See :class:`importlib.abc.MetaPathFinder`."""
        found = self._code.get(name)
        if found is None:
            return None
        origin = f"{LIBRARY}/{name.replace('.', '/')}{'/__init__' if found[1] else ''}.py"
        spec = ModuleSpec(name, self, origin=origin, is_package=found[1])
        spec.has_location = False
        return spec

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        """See :class:`importlib.abc.Loader`."""
        return None

    def get_code(self, name: str) -> CodeType:
        """See :class:`importlib.abc.InspectLoader`."""
        return marshal.loads(self._code[name][0])

    def exec_module(self, module: ModuleType) -> None:
        """See :class:`importlib.abc.Loader`."""
        exec(self.get_code(module.__name__), module.__dict__)

    def is_package(self, name: str) -> bool:
        """See :class:`importlib.abc.InspectLoader`."""
        return self._code[name][1]

    def get_source(self, name: str) -> None:
        """There are no sources."""

    def iter_modules(self, prefix: str = "") -> list[tuple[str, bool]]:
        """For :mod:`pkgutil`: what is at the top."""
        return [(prefix + name, held[1]) for name, held in self._code.items() if "." not in name]


def install() -> None:
    """Import what is common, keep the rest, and look for nothing on a disk that is not there."""
    for name in COMMON:
        try:
            importlib.import_module(name)
        except ImportError:  # another release of Python has it no more
            continue
    archive = Archive(LIBRARY)
    sys.meta_path.insert(2, archive)


def forget_disk() -> None:
    """The component has the directories that a run grants, and none of those it was built in."""
    sys.path[:] = []
    sys.path_importer_cache.clear()
    sys.dont_write_bytecode = True
    for name, module in sys.modules.items():
        if name.partition(".")[0] == "wasi_nn":
            del module.__file__
            module.__spec__.origin = None
            module.__spec__.has_location = False
