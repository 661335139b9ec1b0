"""Sources on this machine: files, and directories that hold one model."""

from __future__ import annotations

import os
import re
from pathlib import Path

from wasinn_nb.nn.errors import InvalidArgument, ModelNotFound
from wasinn_nb.nn.types import GraphEncoding

_LATER_SPLIT = re.compile(r"-(?!00001-)\d{5}-of-\d{5}\.gguf$", re.IGNORECASE)
SUFFIXES = {
    ".gguf": GraphEncoding.GGML,
    ".xml": GraphEncoding.OPENVINO,
    ".onnx": GraphEncoding.ONNX,
    ".tflite": GraphEncoding.TENSORFLOWLITE,
    ".pb": GraphEncoding.TENSORFLOW,
    ".pt": GraphEncoding.PYTORCH,
    ".pth": GraphEncoding.PYTORCH,
    ".pt2": GraphEncoding.PYTORCH,
}
"""How the files of each encoding are named."""

_LISTED = 8
_SHOWN = 200


def expand(text: str) -> Path:
    """A path with ``~`` and ``$VAR`` replaced, relative to where the kernel runs.

    Raises:
        InvalidArgument: a variable that is not set, or a zero byte.
    """
    if "\0" in text:
        raise InvalidArgument("A path cannot hold a zero byte.")
    if exists(Path(text)):
        return Path(text)
    expanded = os.path.expandvars(text)
    unset = re.search(r"\$(\w+|\{\w+\})", expanded)
    if unset and not exists(Path(expanded)):
        name = unset[1].strip("{}")
        if name not in os.environ:
            raise InvalidArgument(
                f"The environment variable {name} in {text[:_SHOWN]!r} is not set."
            )
    try:
        return Path(expanded).expanduser()
    except RuntimeError:
        raise InvalidArgument(f"The home directory in {text[:_SHOWN]!r} is unknown.") from None


def exists(path: Path) -> bool:
    """Whether there is something; False also for names that no file can have."""
    try:
        return path.exists()
    except (OSError, ValueError):
        return False


def shown(path: Path) -> str:
    """A path for a message: cut if it is very long, and always printable."""
    text = str(path).encode(errors="backslashreplace").decode()
    text = text if text.isprintable() else repr(text)
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "..."


def local_parts(path: Path, encoding: GraphEncoding, *, complete: bool = False) -> list[Path]:
    """The files of the model that a path names, in the order its encoding wants them.

    Args:
        path: a file, or a directory with one model.
        encoding: what to look for in a directory.
        complete: other parts are named as well, so the weights beside an ``.xml`` are not added.

    Raises:
        ModelNotFound: nothing there, or no model in the directory.
        InvalidArgument: a directory with several models; the message lists them.
    """
    try:
        if path.is_dir():
            path = _only_model(path, encoding)
        elif not exists(path):
            if path.is_symlink():
                raise ModelNotFound(f"{shown(path)} is a link that leads nowhere.")
            raise ModelNotFound(f"There is no file {shown(path)}.", hint=_where(path))
        elif not path.is_file() and not str(path).startswith(("/proc/", "/dev/fd/")):
            raise InvalidArgument(f"{shown(path)} is not a regular file.")
    except OSError as error:
        raise ModelNotFound(f"{shown(path)} cannot be read: {error.strerror}.") from None
    if (
        not complete
        and path.suffix.lower() == ".xml"
        and (weights := path.with_suffix(".bin")).is_file()
    ):
        return [path, weights]
    return [path]


def _only_model(directory: Path, encoding: GraphEncoding) -> Path:
    if (directory / "saved_model.pb").is_file() and encoding in {
        GraphEncoding.TENSORFLOW,
        GraphEncoding.AUTODETECT,
    }:
        return directory
    if encoding is GraphEncoding.BITNET:
        encoding = GraphEncoding.GGML
    open_question = encoding is GraphEncoding.AUTODETECT
    suffixes = [s for s, read_as in SUFFIXES.items() if open_question or read_as is encoding]
    found = sorted(
        entry
        for entry in directory.iterdir()
        if entry.suffix.lower() in suffixes and _is_model(entry)
    )
    if len(found) == 1:
        return found[0]
    wanted = " or ".join(suffixes) or f"{encoding} model"
    if not found:
        inner = sorted({p.parent.name for s in suffixes for p in directory.glob(f"*/*{s}")})
        hint = f"There are some in {', '.join(inner[:_LISTED])}." if inner else "Check the path."
        raise ModelNotFound(f"There is no {wanted} file in {directory}.", hint=hint)
    names = ", ".join(entry.name for entry in found[:_LISTED])
    more = f" and {len(found) - _LISTED} more" if len(found) > _LISTED else ""
    raise InvalidArgument(
        f"{directory} holds {len(found)} models: {names}{more}.", hint="Name one of them."
    )


def _is_model(entry: Path) -> bool:
    """Whether a file can be a model of its own: no later part, no vision part, no stray XML."""
    name = entry.name.lower()
    if not entry.is_file() or _LATER_SPLIT.search(name) or "mmproj" in name:
        return False
    return entry.suffix.lower() != ".xml" or entry.with_suffix(".bin").is_file()


def _where(path: Path) -> str:
    """The nearest names in the directory, or the first directory that is missing."""
    import difflib

    parent = path.parent
    if not parent.is_dir():
        return f"There is no directory {shown(parent)} either."
    names = [entry.name for entry in parent.iterdir()]
    near = difflib.get_close_matches(path.name, names, n=3, cutoff=0.6)
    if near:
        return f"Did you mean {' or '.join(near)}?"
    return "" if path.is_absolute() else f"The current directory is {Path.cwd()}."
