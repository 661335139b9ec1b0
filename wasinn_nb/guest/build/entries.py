"""What the cache keeps of a build: the module, the compiler's remarks, and the files it read.

A build that included the user's own headers is the same build only while they are the same, so
their digests are kept with it and compared on every hit.
"""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from wasinn_nb.guest.build.cache import ArtifactCache
from wasinn_nb.guest.build.model import Diagnostic

_LENGTH = struct.Struct("<I")


@dataclass(frozen=True, slots=True)
class Entry:
    """A finished build.

    Attributes:
        wasm: the module.
        key: of what went in, without the user's own files.
        diagnostics: the compiler's remarks.
        files: the user's own files as absolute path and SHA-256.
    """

    wasm: bytes
    key: str
    diagnostics: tuple[Diagnostic, ...] = ()
    files: tuple[tuple[str, str], ...] = ()

    @property
    def content_key(self) -> str:
        """Equal for equal modules: the key, and what the files held."""
        if not self.files:
            return self.key
        held = "\0".join((self.key, *(digest for _, digest in self.files)))
        return hashlib.sha256(held.encode()).hexdigest()


def store(cache: ArtifactCache, kind: str, key: str, entry: Entry) -> bool:
    """Keep ``entry``; False when the disk does not take it."""
    header = json.dumps(
        {
            "diagnostics": [asdict(found) for found in entry.diagnostics],
            "files": entry.files,
        }
    ).encode()
    return cache.put(kind, key, _LENGTH.pack(len(header)) + header + entry.wasm)


def load(cache: ArtifactCache, kind: str, key: str) -> Entry | None:
    """The entry under ``key``, unless the user's files that it was built from have changed."""
    data = cache.get(kind, key)
    if data is None:
        return None
    (size,) = _LENGTH.unpack_from(data)
    end = _LENGTH.size + size
    header = json.loads(data[_LENGTH.size : end])
    files = tuple((path, digest) for path, digest in header["files"])
    if files != fingerprints(Path(path) for path, _ in files):
        return None
    diagnostics = tuple(
        Diagnostic(**{**found, "notes": tuple(found["notes"])}) for found in header["diagnostics"]
    )
    return Entry(data[end:], key, diagnostics, files)


def fingerprints(files: Iterable[Path]) -> tuple[tuple[str, str], ...]:
    """Path and SHA-256 of each file; an empty digest for one that is gone."""
    return tuple((str(path), _digest(path)) for path in files)


def _digest(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return ""
