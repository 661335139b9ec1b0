"""Which backend a registered model belongs to, and where its files are."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace

from wasinn_nb.nn.backend import Backend, ModelFiles, Progress
from wasinn_nb.nn.cancel import CancelToken
from wasinn_nb.nn.entry import Entry
from wasinn_nb.nn.errors import NNError, UnsupportedOperation
from wasinn_nb.nn.sources import SourceResolver, encoding_of_name, is_remote, sniff
from wasinn_nb.nn.types import GraphEncoding


class Detector:
    """Resolves the files and the backend of entries; remembers both in them."""

    def __init__(self, backends: Mapping[str, Backend], resolver: SourceResolver) -> None:
        self._resolver = resolver
        self._by_encoding = {e: b for b in backends.values() for e in b.encodings}

    def known(self, entry: Entry) -> Backend | None:
        """The backend, as far as it can be told without using the network."""
        if entry.backend is not None:
            return entry.backend
        encoding = entry.encoding
        if encoding is GraphEncoding.AUTODETECT:
            if is_remote(entry.source):
                encoding = encoding_of_name(entry.source)
            else:
                with suppress(NNError):  # what is wrong with the source is said when it is loaded
                    return self.backend(entry)
        return self._by_encoding.get(encoding)

    def at_hand(self, entry: Entry) -> Backend | None:
        """The backend, as far as it can be told without looking at any file."""
        return entry.backend or self._by_encoding.get(entry.encoding)

    def backend(
        self,
        entry: Entry,
        progress: Progress | None = None,
        cancel: CancelToken | None = None,
    ) -> Backend:
        """The backend for an entry, detecting the encoding from its files if it was not given.

        Raises:
            UnsupportedOperation: no backend reads this encoding.
        """
        if entry.backend is None:
            encoding = entry.encoding
            if encoding is GraphEncoding.AUTODETECT:
                encoding = self.files(entry, progress, cancel).encoding
            backend = self._by_encoding.get(encoding)
            if backend is None:
                readable = ", ".join(sorted(self._by_encoding))
                raise UnsupportedOperation(
                    f"No backend here reads {encoding} models ({entry.origin}).",
                    hint=f"Readable encodings: {readable}.",
                )
            entry.backend = backend
            entry.configs = {}  # what was resolved so far went by the name of the file
        return entry.backend

    def files(
        self, entry: Entry, progress: Progress | None = None, cancel: CancelToken | None = None
    ) -> ModelFiles:
        """The files of an entry and their encoding, downloaded if need be.

        Raises:
            NNError: as :meth:`SourceResolver.resolve` and :func:`sniff`.
            Cancelled: through ``cancel``.
        """
        if entry.files is None:
            files = self._resolver.resolve(
                entry.source, encoding=entry.encoding, progress=progress, cancel=cancel
            )
            open_question = entry.encoding is GraphEncoding.AUTODETECT
            encoding = sniff(files) if open_question else entry.encoding
            entry.files = replace(files, encoding=encoding)
        return entry.files
