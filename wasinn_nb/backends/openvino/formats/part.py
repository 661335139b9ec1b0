"""One part of a model, read in pieces with every position checked against its size.

Plain reads, not a mapping: a mapping would kill the process if somebody truncates the file
meanwhile.
"""

from __future__ import annotations

import os
import struct
from collections import OrderedDict
from pathlib import Path
from types import TracebackType
from typing import NoReturn, Self

from wasinn_nb.nn.errors import InvalidArgument, ModelNotFound

AGAIN = "The file is damaged; download or convert it again."
INCOMPLETE = "The download is probably incomplete; download it again."

_CHUNK = 1 << 16
_OVERLAP = 64
_KEPT = 32
_MAX_QUOTE = 80
_READ_COST = 16
_MOST_READ = 16
_ALWAYS_READ = 1 << 22


class Part:
    """A file or bytes; a context manager that closes the file.

    Args:
        source: path or content.
        label: what to call it in a message; by default the path.

    Raises:
        ModelNotFound: missing, a directory, or not readable.
    """

    def __init__(self, source: Path | bytes, label: str = "") -> None:
        self.path = source if isinstance(source, Path) else None
        self.label = label or (str(source) if isinstance(source, Path) else "The model")
        self._bytes = source if isinstance(source, bytes) else b""
        self._chunks: OrderedDict[int, bytes] = OrderedDict()
        self._file = None
        self._spent = 0
        self.size = len(self._bytes)
        if self.path is not None:
            self._file, self.size = _open(self.path)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def read(self, at: int, count: int, what: str = "its data") -> bytes:
        """``count`` bytes from ``at``.

        Raises:
            InvalidArgument: they are not all there, or the same bytes are read for ever.
        """
        if at < 0 or count < 0 or at + count > self.size:
            raise InvalidArgument(
                f"{self.label} ends in {what}: expected at least {at + count:,} bytes, found "
                f"{self.size:,} (byte {at:,}).",
                hint="The download is probably incomplete, or the file is damaged; get it again.",
            )
        self._spend(count)
        if self._file is None:
            return self._bytes[at : at + count]
        if count > _OVERLAP:
            return self._pread(at, count)
        data, offset = self.window(at)
        return data[offset : offset + count]

    def window(self, at: int) -> tuple[bytes, int]:
        """Some bytes around ``at`` and the index of ``at`` in them.

        At least 64 follow unless the part ends before.
        """
        if self._file is None:
            return self._bytes, at
        index = at // _CHUNK
        chunk = self._chunks.get(index)
        if chunk is None:
            start = index * _CHUNK
            chunk = self._pread(start, max(0, min(_CHUNK + _OVERLAP, self.size - start)))
            self._chunks[index] = chunk
            if len(self._chunks) > _KEPT:
                self._chunks.popitem(last=False)
        return chunk, at - index * _CHUNK

    def number(self, code: str, at: int, what: str = "its data") -> int:
        """A little-endian integer; ``code`` is that of :mod:`struct`."""
        raw = self.read(at, struct.calcsize("<" + code), what)
        value: int = struct.unpack("<" + code, raw)[0]
        return value

    def damaged(self, what: str, at: int | None = None, hint: str = AGAIN) -> NoReturn:
        """Refuse the model.

        Raises:
            InvalidArgument: always.
        """
        where = "" if at is None else f" (byte {at:,})"
        raise InvalidArgument(f"{self.label} cannot be loaded: {what}{where}.", hint=hint)

    def cut_short(self, needed: int) -> NoReturn:
        """Refuse a part that is smaller than it must be.

        Raises:
            InvalidArgument: always.
        """
        raise InvalidArgument(
            f"{self.label} is cut short: expected at least {needed:,} bytes, found {self.size:,}.",
            hint=INCOMPLETE,
        )

    def _spend(self, count: int) -> None:
        """A file whose parts refer to the same part a million times is read no longer."""
        self._spent += count + _READ_COST
        if self._spent > _MOST_READ * self.size + _ALWAYS_READ:
            self._spent = 0
            self.damaged("its parts refer to the same data again and again")

    def _pread(self, at: int, count: int) -> bytes:
        if self._file is None:
            raise ValueError("read of a closed part")
        pieces = []
        while count:
            piece = os.pread(self._file, count, at)
            if not piece:
                raise ModelNotFound(f"{self.label} changed while it was being read.")
            pieces.append(piece)
            at += len(piece)
            count -= len(piece)
        return b"".join(pieces)


def quoted(text: str | bytes) -> str:
    """``text`` as it is shown in a message: short, with what does not print escaped."""
    if isinstance(text, bytes):
        text = text.decode(errors="backslashreplace")
    return repr(text if len(text) <= _MAX_QUOTE else text[: _MAX_QUOTE - 3] + "...")


def _open(path: Path) -> tuple[int, int]:
    try:
        file = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
    except FileNotFoundError:
        raise ModelNotFound(f"There is no file {path}.", hint="Check the path.") from None
    except (OSError, ValueError) as error:
        raise ModelNotFound(f"{path} cannot be read: {error}.") from None
    if path.is_dir():
        os.close(file)
        raise ModelNotFound(f"{path} is a directory.", hint="Name the model file in it.")
    return file, os.fstat(file).st_size
