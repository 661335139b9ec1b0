"""A content-addressed store of build products that all kernels of a user share.

An entry is a file: the payload, then the SHA-256 of its kind, key and payload, then a magic number.
It is written beside its place and renamed into it, and verified whenever it is read, so a torn,
corrupted or misplaced entry is a miss and is removed. A full or read-only disk makes `put` return
False and changes nothing else. When the store has outgrown its limit the entries that were used
longest ago go first.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, suppress
from pathlib import Path

from wasinn_nb.nn.cancel import CancelToken
from wasinn_nb.nn.locks import file_lock

DEFAULT_LIMIT = 1 << 30

_MAGIC = b"wasinn\x00\x01"
_TRAILER = hashlib.sha256().digest_size + len(_MAGIC)
_PLAIN_KEY = re.compile(r"[a-z0-9][a-z0-9_-]{1,127}")
# Pruning stops well below the limit, so that the next few writes need none.
_LOW_WATER = 0.8
_SHARE_BETWEEN_PRUNES = 20
_ABANDONED_SECONDS = 3600.0


class ArtifactCache:
    """Bytes by kind and key, on disk.

    Safe for any number of threads and processes. The runner keeps compiled native code here
    (``Module.serialize()``), the builder modules and the objects that they are linked with.

    Args:
        root: the directory; made on the first write.
        limit: the size to stay below, in bytes.
    """

    def __init__(self, root: Path, limit: int = DEFAULT_LIMIT) -> None:
        self.root = root
        self.limit = limit
        self._unpruned: int | None = None
        self._problem = ""

    @property
    def problem(self) -> str:
        """Why the last :meth:`put` failed, in the system's words; empty after one that worked."""
        return self._problem

    def get(self, kind: str, key: str) -> bytes | None:
        """The payload stored under ``kind`` and ``key``, or None."""
        path = self._path(kind, key)
        try:
            data = path.read_bytes()
        except OSError:
            return None
        payload = memoryview(data)[:-_TRAILER]
        if data[-_TRAILER:] != self._trailer(kind, key, payload):
            with suppress(OSError):
                path.unlink()
            return None
        with suppress(OSError):
            os.utime(path)
        return payload.tobytes()

    def has(self, kind: str, key: str) -> bool:
        """Whether there is an entry, intact or not."""
        return self._path(kind, key).is_file()

    def put(self, kind: str, key: str, data: bytes) -> bool:
        """Store ``data``; False (see :attr:`problem`) when the disk does not take it."""
        if len(data) + _TRAILER > self.limit:
            self._problem = "it is larger than the whole cache may be"
            return False
        path = self._path(kind, key)
        temporary = path.with_name(f"{path.name}.{secrets.token_hex(4)}.tmp")
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            try:
                self._write(temporary, (data, self._trailer(kind, key, data)))
                os.replace(temporary, path)  # noqa: PTH105 - the one call, atomic everywhere
            except BaseException:
                with suppress(OSError):
                    temporary.unlink()
                raise
        except OSError as error:
            self._problem = error.strerror or str(error)
            return False
        self._problem = ""
        self._count(len(data) + _TRAILER)
        return True

    def lock(
        self,
        kind: str,
        key: str,
        *,
        cancel: CancelToken | None = None,
        on_wait: Callable[[float], None] | None = None,
    ) -> AbstractContextManager[bool]:
        """A lock that makes one of all processes do the work for an entry; see :func:`file_lock`.

        There are 256 of them, so two entries may share one: never take a second inside it.
        """
        number = hashlib.sha256(f"{kind}/{key}".encode()).hexdigest()[:2]
        return file_lock(self.root / "locks" / number, cancel=cancel, on_wait=on_wait)

    def size(self) -> int:
        """Bytes in use."""
        return sum(found.st_size for _, found in self._files())

    def prune(self, limit: int | None = None) -> int:
        """Remove the entries used longest ago until the rest fits; returns the bytes freed.

        Args:
            limit: bytes to stay below, by default the cache's own limit.
        """
        limit = self.limit if limit is None else limit
        self._unpruned = 0
        freed = total = 0
        entries: list[tuple[float, int, Path]] = []
        now = time.time()
        for path, found in self._files():
            if path.suffix == ".tmp":
                if now - found.st_mtime > _ABANDONED_SECONDS:
                    freed += _remove(path, found.st_size)
                continue
            entries.append((found.st_mtime, found.st_size, path))
            total += found.st_size
        if total <= limit:
            return freed
        for _, size, path in sorted(entries):
            if total <= limit * _LOW_WATER:
                break
            removed = _remove(path, size)
            total -= removed
            freed += removed
        return freed

    def clear(self) -> int:
        """Remove every entry; returns the bytes freed."""
        return sum(_remove(path, found.st_size) for path, found in self._files())

    def _count(self, size: int) -> None:
        # The first write of a process prunes too: many short ones would never reach the share.
        unpruned = self._unpruned
        if unpruned is None or unpruned + size > self.limit // _SHARE_BETWEEN_PRUNES:
            self.prune()
        else:
            self._unpruned = unpruned + size

    def _write(self, path: Path, parts: tuple[bytes, ...]) -> None:
        with path.open("xb") as file:
            for part in parts:
                file.write(part)

    def _path(self, kind: str, key: str) -> Path:
        if not _PLAIN_KEY.fullmatch(key):
            key = hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()
        return self.root / kind / key[:2] / key

    @staticmethod
    def _trailer(kind: str, key: str, payload: bytes | memoryview) -> bytes:
        digest = hashlib.sha256(f"{kind}\0{key}\0".encode("utf-8", "surrogatepass"))
        digest.update(payload)
        return digest.digest() + _MAGIC

    def _files(self) -> Iterator[tuple[Path, os.stat_result]]:
        for path in self.root.glob("*/??/*"):
            with suppress(OSError):  # another process may remove it meanwhile
                found = path.lstat()
                if stat.S_ISREG(found.st_mode):
                    yield path, found


def _remove(path: Path, size: int) -> int:
    try:
        path.unlink()
    except OSError:  # gone already, or open in another process on Windows
        return 0
    return size
