"""Model files of every encoding into an ``openvino.Model``."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wasinn_nb.backends.openvino.failures import reason
from wasinn_nb.backends.openvino.pytorch import read_pytorch
from wasinn_nb.nn.backend import ModelFiles
from wasinn_nb.nn.errors import InvalidArgument, ModelNotFound, NNError, RuntimeFailure
from wasinn_nb.nn.types import GraphEncoding

if TYPE_CHECKING:
    from wasinn_nb.backends.openvino.native import Native

_SUFFIXES = {GraphEncoding.TENSORFLOW: ".pb", GraphEncoding.TENSORFLOWLITE: ".tflite"}
"""Encodings whose front end reads only files, and knows them by their suffix."""

_MAPPED = 32 << 20
"""Bytes from which files are mapped: one that is written anew while it is mapped ends the process,
and reading fewer costs nothing."""


@contextmanager
def reading(native: Native, files: ModelFiles, *, mmap: bool) -> Iterator[Any]:
    """The ``openvino.Model`` of some files; compile it before the block ends.

    Front ends that read only files get a private one for bytes. It is never mapped, and gone at the
    end of the block.

    Raises:
        InvalidArgument: a wrong number of parts.
        ModelNotFound: a file is gone.
        UnsupportedOperation, InvalidEncoding: as :func:`read_pytorch`.
        RuntimeFailure: OpenVINO cannot read them; the message carries its reason.
    """
    _check(files)
    with ExitStack() as private:
        try:
            mapped = mmap and files.nbytes >= _MAPPED
            model = _read(native, files, private, mmap=mapped)
        except NNError:
            raise
        except Exception as error:  # noqa: BLE001 - front ends are Python as well, and fail in many ways
            raise RuntimeFailure(
                f"OpenVINO cannot read {files.origin} as {files.encoding}: {reason(error)}."
            ) from None
        yield model


def _check(files: ModelFiles) -> None:
    count = len(files.parts)
    if files.encoding is GraphEncoding.OPENVINO:
        if count not in {1, 2}:
            raise InvalidArgument(
                f"An OpenVINO model is its XML and its weights (.bin), in this order; {count} "
                "parts were given."
            )
    elif count != 1:
        raise InvalidArgument(
            f"A model of encoding {files.encoding} is one part; {count} were given."
        )
    for part in files.parts:
        if isinstance(part, Path) and not part.exists():
            raise ModelNotFound(f"The model file {part} is gone.")


def _read(native: Native, files: ModelFiles, private: ExitStack, *, mmap: bool) -> Any:
    part = files.parts[0]
    if files.encoding is GraphEncoding.PYTORCH:
        return read_pytorch(part)
    if files.encoding in _SUFFIXES:
        suffix = _SUFFIXES[files.encoding]
        if isinstance(part, bytes):
            data, part, mmap = part, _place(private, f"model{suffix}"), False
            part.write_bytes(data)
        elif part.is_file() and part.suffix.lower() != suffix:
            part = _linked(part, _place(private, f"model{suffix}"))
    elif any(isinstance(one, bytes) for one in files.parts):
        return native.core.read_model(*(_bytes(one) for one in files.parts), *_no_weights(files))
    return native.core.read_model(
        str(part), *map(str, files.parts[1:]), config={"ENABLE_MMAP": mmap}
    )


def _place(private: ExitStack, name: str) -> Path:
    """Where to put a file that nobody else sees; it goes when the stack ends."""
    directory = tempfile.TemporaryDirectory(
        prefix="wasinn-nb-openvino-", ignore_cleanup_errors=True
    )
    return Path(private.enter_context(directory), name)


def _bytes(part: Path | bytes) -> bytes:
    return part if isinstance(part, bytes) else part.read_bytes()


def _no_weights(files: ModelFiles) -> tuple[bytes, ...]:
    """What stands for the weights of a model that has them inside, or none."""
    return () if len(files.parts) > 1 else (b"",)


def _linked(path: Path, link: Path) -> Path:
    """``path`` under another name."""
    with suppress(OSError, NotImplementedError):
        link.symlink_to(path.resolve())
        return link
    link.write_bytes(path.read_bytes())
    return link
