"""Turns a source into the files of a model: paths, bytes, built-in models, the Hub, downloads."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from wasinn_nb.nn.backend import ModelFiles, Progress
from wasinn_nb.nn.cancel import CancelToken
from wasinn_nb.nn.errors import InvalidArgument, ModelNotFound
from wasinn_nb.nn.sources.local import SUFFIXES, exists, expand, local_parts
from wasinn_nb.nn.tensor import Buffer
from wasinn_nb.nn.types import GraphEncoding

if TYPE_CHECKING:
    from wasinn_nb.nn.sources.download import Downloader

Part = str | os.PathLike[str] | Buffer
Source = Part | tuple[Part, ...]
"""One part, or the parts in the order that the encoding wants them (OpenVINO: xml, bin)."""

_SCHEME = re.compile(r"^([a-z][a-z0-9+.-]+):", re.IGNORECASE)
_ADDRESSES = re.compile(r",(?=(?:hf:|https?://))")
_SPLIT = re.compile(r"^(?P<prefix>.*)-00001-of-(?P<count>\d{5})(?P<suffix>\.gguf)$")
_MAX_SPLITS = 1000


def is_remote(source: Source) -> bool:
    """Whether resolving it may use the network."""
    if isinstance(source, tuple):
        return any(is_remote(part) for part in source)
    return isinstance(source, str) and _scheme(source) in {"hf", "http", "https"}


def encoding_of_name(source: Source) -> GraphEncoding:
    """What the name of its first file suggests, for a source that is not at hand.

    AUTODETECT if it suggests nothing.
    """
    first = source[0] if isinstance(source, tuple) else source
    if not isinstance(first, (str, os.PathLike)):
        return GraphEncoding.AUTODETECT
    name = re.sub(r"[?#@].*$", "", _ADDRESSES.split(os.fspath(first))[0].rpartition("/")[2])
    return SUFFIXES.get(Path(name).suffix.lower(), GraphEncoding.AUTODETECT)


def describe_source(source: Source) -> str:
    """The source in words, for messages; without passwords or the query of an address.

    Raises:
        InvalidArgument: it is no source.
    """
    if isinstance(source, tuple):
        sizes = [len(part) for part in source if isinstance(part, (bytes, bytearray, memoryview))]
        if len(sizes) == len(source) > 1:
            from wasinn_nb.nn.memory import format_bytes

            return f"{' and '.join(map(format_bytes, sizes))} given as bytes"
        return ",".join(describe_source(part) for part in source)
    if isinstance(source, (bytes, bytearray, memoryview)):
        from wasinn_nb.nn.memory import format_bytes

        return f"{format_bytes(len(source))} given as bytes"
    if not isinstance(source, (str, os.PathLike)):
        raise InvalidArgument(
            f"A source of models cannot be a {type(source).__name__}.",
            hint="Give a path or an address, bytes, or a tuple of those.",
        )
    text = os.fspath(source)
    if _scheme(text) in {"http", "https"}:
        text = re.sub(r"//[^/@]*@", "//", text)
        return re.sub(r"[?#].*$", "", text)
    return text


class SourceResolver:
    """Resolves sources.

    Args:
        cache_dir: downloads are kept in ``downloads/`` in it.
        builtin: the path of a model that ships with the package, by name; raises
            :class:`ModelNotFound` for an unknown one.
        downloader: for tests; made on first use.
    """

    def __init__(
        self,
        *,
        cache_dir: Path,
        builtin: Callable[[str], Path],
        downloader: Downloader | None = None,
    ) -> None:
        self._cache_dir = cache_dir
        self._builtin = builtin
        self._downloader = downloader

    def resolve(
        self,
        source: Source,
        *,
        encoding: GraphEncoding = GraphEncoding.AUTODETECT,
        progress: Progress | None = None,
        cancel: CancelToken | None = None,
    ) -> ModelFiles:
        """The files of a source, downloaded if need be.

        Raises:
            ModelNotFound: a file, a built-in model or an address that is not there.
            InvalidArgument: not a source, a directory with several models, a wrong checksum.
            RuntimeFailure: the disk is full, or a server misbehaves.
            Cancelled: within 200 ms of ``cancel``, whatever the network does.
        """
        origin = describe_source(source)
        given = source if isinstance(source, tuple) else (source,)
        complete = len(given) > 1
        parts: list[Path | bytes] = []
        for part in given:
            parts += self._part(part, encoding, complete, progress, cancel)
        if not parts:
            raise InvalidArgument("The source of the model is empty.", hint="Name a file.")
        return ModelFiles(tuple(parts), origin)

    def _part(
        self,
        part: Part,
        encoding: GraphEncoding,
        complete: bool,  # noqa: FBT001 - passed on
        progress: Progress | None,
        cancel: CancelToken | None,
    ) -> list[Path | bytes]:
        if isinstance(part, (bytes, bytearray, memoryview)):
            if not len(part) and not complete:  # the weights of a model without any are empty
                raise InvalidArgument("The model given as bytes is empty.")
            return [bytes(part)]
        text = os.fspath(part)
        if not isinstance(part, str):
            return list(local_parts(expand(text), encoding, complete=complete))
        text = text.strip()
        scheme = _scheme(text)
        if scheme == "builtin":
            path = self._builtin(text.partition(":")[2])
            return list(local_parts(path, encoding, complete=complete))
        if scheme == "file":
            return list(local_parts(_file_url(text), encoding))
        if scheme in {"hf", "http", "https"}:
            return [self._fetch(piece, progress, cancel) for piece in _ADDRESSES.split(text)]
        if "://" in text and not exists(expand(text)):
            raise InvalidArgument(
                f"{scheme}:// is not a source of models.",
                hint="A source is a path, builtin:NAME, hf:ORG/REPO/FILE or an https:// address.",
            )
        return list(self._paths(text, encoding, complete=complete))

    def _paths(self, text: str, encoding: GraphEncoding, *, complete: bool) -> list[Path]:
        """One path, or several joined by commas unless a file has that very name."""
        if not text:
            return []
        if "," in text and not exists(expand(text)):
            pieces = [piece.strip() for piece in text.split(",") if piece.strip()]
            complete = complete or len(pieces) > 1
            paths = [local_parts(expand(piece), encoding, complete=complete) for piece in pieces]
            return [path for found in paths for path in found]
        return local_parts(expand(text), encoding, complete=complete)

    def _fetch(self, text: str, progress: Progress | None, cancel: CancelToken | None) -> Path:
        """The file at an address; of a split GGUF all parts, of which the first is returned."""
        files = [self._fetch_one(name, progress, cancel) for name in split_names(text)]
        return files[0]

    def _fetch_one(self, text: str, progress: Progress | None, cancel: CancelToken | None) -> Path:
        if cancel is not None:
            cancel.raise_if_cancelled()
        if _scheme(text) == "hf":
            from wasinn_nb.nn.sources.hub import fetch_from_hub

            return fetch_from_hub(text, progress=progress, cancel=cancel)
        if self._downloader is None:
            from wasinn_nb.nn.sources.download import Downloader

            self._downloader = Downloader(self._cache_dir / "downloads")
        return self._downloader.fetch(text, progress=progress, cancel=cancel)


def split_names(address: str) -> list[str]:
    """The addresses of all parts of a split GGUF whose first part is named; else the address.

    A revision or query behind the name is kept; a checksum is that of the first part.
    """
    match = re.search(r"[^/?#@]+\.gguf(?=$|[?#@])", address)
    split = _SPLIT.match(match[0]) if match else None
    if match is None or split is None:
        return [address]
    count = int(split["count"])
    if count > _MAX_SPLITS:
        raise InvalidArgument(f"{describe_source(address)} claims {count} parts.")
    before, after = address[: match.start()], address[match.end() :]
    names = [f"{split['prefix']}-{n:05}-of-{count:05}.gguf" for n in range(1, count + 1)]
    rest = re.sub(r"#.*$", "", after)
    return [before + name + (rest if index else after) for index, name in enumerate(names)]


def _scheme(text: str) -> str:
    """The scheme of an address in lower case; empty for a path (``C:`` included)."""
    match = _SCHEME.match(text.strip())
    return match[1].lower() if match else ""


def _file_url(text: str) -> Path:
    from urllib.parse import urlsplit
    from urllib.request import url2pathname

    address = urlsplit(text)
    if address.netloc not in {"", "localhost"}:
        raise ModelNotFound(f"{text} is on another machine.", hint="Name a local file.")
    return Path(url2pathname(address.path))
