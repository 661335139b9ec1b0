"""Models given as bytes, for libraries that read only files."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

from wasinn_nb.nn.backend import ModelFiles
from wasinn_nb.nn.entry import Entry
from wasinn_nb.nn.errors import RuntimeFailure


def on_disk(entry: Entry, files: ModelFiles) -> ModelFiles:
    """The files with those given as bytes written to a directory of the entry's own.

    Raises:
        RuntimeFailure: there is no room for them.
    """
    if not any(isinstance(part, bytes) for part in files.parts):
        return files
    parts: list[Path] = []
    try:
        if entry.spool is None:
            entry.spool = tempfile.TemporaryDirectory(prefix="wasinn-nb-model-")
        for number, part in enumerate(files.parts):
            if isinstance(part, bytes):
                path = Path(entry.spool.name) / f"part-{number}"
                path.write_bytes(part)
                parts.append(path)
            else:
                parts.append(part)
    except OSError as error:
        discard(entry)
        raise RuntimeFailure(
            f"{files.origin} cannot be kept in a temporary file: {error.strerror}.",
            hint="Free some space for it, or set TMPDIR to a directory with more.",
        ) from None
    return replace(files, parts=tuple(parts))


def discard(entry: Entry) -> None:
    """Drop what an entry keeps on disk."""
    if entry.spool is not None:
        entry.spool.cleanup()
        entry.spool = None
