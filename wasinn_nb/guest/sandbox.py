"""What a guest may see of the world: by default nothing."""

from __future__ import annotations

import ctypes
import re
import tempfile
import time
from pathlib import Path
from typing import Any

from wasinn_nb.guest.errors import GuestError
from wasinn_nb.guest.exchange import Exchanged, Moved, read_outputs, remove_tree, write_input
from wasinn_nb.guest.options import RunOptions
from wasinn_nb.guest.stdio import Pipes
from wasinn_nb.nn.errors import InvalidArgument

# a value, or the sidecar that says what it is; nothing that leaves its directory
_FILE = re.compile(r"[^\W\d]\w*(\.json)?")


class Sandbox:
    """The WASI side of one run: arguments, environment, files, and the two exchange directories.

    Attributes:
        clock_origin: ``time.monotonic_ns()`` at which the guest's monotonic clock reads 0.
    """

    def __init__(self, options: RunOptions) -> None:
        self._options = options
        self._exchange: Path | None = None
        self.clock_origin = 0

    def open(self, moved: Moved) -> None:
        """Write the inputs; ``moved`` follows it, and ends it by raising.

        Raises:
            InvalidArgument: a value that cannot be exchanged.
        """
        if not (self._options.inputs or self._options.outputs):
            return
        self._exchange = Path(tempfile.mkdtemp(prefix="wasinn-run-"))
        for name in ("in", "out"):
            (self._exchange / name).mkdir()
        for name, value in self._options.inputs.items():
            write_input(self._exchange / "in", name, value, moved=moved)

    def wasi(self, name: str, stdio: Pipes) -> Any:
        """A ``wasmtime.WasiConfig`` that grants what the options say and nothing else."""
        import wasmtime

        config = wasmtime.WasiConfig()
        try:
            self._configure(config, name, stdio)
        except BaseException:
            # it holds the pipes' other ends, and the exception would hold it
            config.close()
            raise
        return config

    def bare_wasi(self) -> Any:
        """A ``wasmtime.WasiConfig`` that grants the directories only, and belongs to no run."""
        import wasmtime

        config = wasmtime.WasiConfig()
        try:
            for directory in self._options.dirs:
                self._preopen(config, directory.host, directory.guest, directory.writable)
        except BaseException:
            config.close()
            raise
        return config

    def _configure(self, config: Any, name: str, stdio: Pipes) -> None:
        import wasmtime
        from wasmtime import _ffi as ffi

        options = self._options
        self.clock_origin = time.monotonic_ns()
        # a name can be that of a file, which need not be UTF-8
        config.argv = [name.encode("utf-8", "replace").decode(), *options.args]
        config.env = list(options.env.items())
        try:
            config.stdout_file = stdio.stdout.path
            config.stderr_file = stdio.stderr.path
        except wasmtime.WasmtimeError:
            raise GuestError(
                "The guest's output cannot be opened; this process has too many files open."
            ) from None
        if options.stdin:
            data = ffi.bytes_to_capi(options.stdin)
            ffi.wasi_config_set_stdin_bytes(config.ptr(), ctypes.byref(data))
        for directory in options.dirs:
            self._preopen(config, directory.host, directory.guest, directory.writable)
        if self._exchange is not None:
            self._preopen(config, self._exchange / "in", "/in", False)
            self._preopen(config, self._exchange / "out", "/out", True)

    @property
    def exchange(self) -> Path | None:
        """Where ``in`` and ``out`` are, if the run has them."""
        return self._exchange

    @property
    def stdin(self) -> bytes:
        """All of standard input."""
        return self._options.stdin

    def read_input(self, name: str) -> bytes | None:
        """A file of ``/in``, for a guest that asks for it by name; None if there is none."""
        if self._exchange is None or not _FILE.fullmatch(name):
            return None
        try:
            return (self._exchange / "in" / name).read_bytes()
        except OSError:
            return None

    def write_output(self, name: str, data: bytes) -> str:
        """Write a file of ``/out`` for the guest; returns why that failed, or an empty string."""
        if not _FILE.fullmatch(name):
            return f"{name!r} cannot be exchanged with the host; give a Python name."
        if self._exchange is None or name.removesuffix(".json") not in self._options.outputs:
            return f"Nobody asked for {name}."
        try:
            (self._exchange / "out" / name).write_bytes(data)
        except OSError as error:
            return f"{name} cannot be written: {error.strerror}."
        return ""

    def outputs(self, moved: Moved) -> tuple[dict[str, Exchanged], list[str]]:
        """What the guest left in ``/out``, and a sentence about each value that is not there."""
        if self._exchange is None:
            return {}, []
        return read_outputs(self._exchange / "out", self._options.outputs, moved=moved)

    def close(self) -> None:
        """Remove what was written."""
        if self._exchange is not None:
            exchange, self._exchange = self._exchange, None
            remove_tree(exchange)

    @staticmethod
    def _preopen(config: Any, host: Path, guest: str, writable: bool) -> None:  # noqa: FBT001
        import wasmtime

        try:
            config.preopen_dir(str(host), guest, writable)
        except wasmtime.WasmtimeError:
            raise InvalidArgument(f"The directory {str(host)!r} cannot be opened.") from None
