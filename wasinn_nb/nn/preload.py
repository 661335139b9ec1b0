"""The preload string of wasi-nn runtimes' command lines, ``NAME:ENCODING:TARGET:PATH[:PATH]``."""

from __future__ import annotations

import re
from dataclasses import dataclass

from wasinn_nb.nn.errors import InvalidArgument, InvalidEncoding
from wasinn_nb.nn.types import ExecutionTarget, GraphEncoding

_DEVICE = re.compile(r"(CPU|GPU|NPU|AUTO|HETERO|MULTI|BATCH)[.:(].+")
_SCHEMES = ("builtin", "file", "hf", "http", "https")
_OVER = {"AUTO", "HETERO", "MULTI", "BATCH"}
_NAMED = r"-?(?:CPU|GPU|NPU)(?:\.\d+)*(?:\(\d+\))?"
_DEVICES = re.compile(rf"{_NAMED}(?:,{_NAMED})*", re.IGNORECASE)
_ONE_PATH = (GraphEncoding.GGML, GraphEncoding.BITNET, GraphEncoding.PYTORCH)


@dataclass(frozen=True, slots=True)
class Preload:
    """A parsed preload string."""

    name: str
    encoding: GraphEncoding
    target: ExecutionTarget
    device: str
    paths: tuple[str, ...]


def parse_encoding(word: str) -> GraphEncoding:
    """An encoding by its word, in any case.

    Raises:
        InvalidEncoding: no such encoding.
    """
    try:
        return GraphEncoding(word.strip().lower())
    except ValueError:
        known = ", ".join(GraphEncoding)
        raise InvalidEncoding(f"There is no encoding {word!r}; known are {known}.") from None


def parse_target(word: str) -> ExecutionTarget:
    """An execution target by its word, in any case.

    Raises:
        InvalidArgument: no such target.
    """
    try:
        return ExecutionTarget(word.strip().lower())
    except ValueError:
        known = ", ".join(ExecutionTarget)
        raise InvalidArgument(f"There is no target {word!r}; known are {known}.") from None


def parse_device(word: str) -> tuple[ExecutionTarget, str]:
    """A target, or a device as OpenVINO names it: ``GPU.1``, ``AUTO:GPU,CPU``, ``HETERO:GPU,CPU``.

    Returns:
        The target, and the device's name for the setting ``device`` (empty for a target alone).

    Raises:
        InvalidArgument: neither.
    """
    device = word.strip().upper()
    named = _DEVICE.fullmatch(device)
    if named is None:
        return parse_target(word), ""
    kind = named[1].lower()
    known = kind in {target.value for target in ExecutionTarget}
    return ExecutionTarget(kind) if known else ExecutionTarget.AUTO, device


def parse_preload(line: str) -> Preload:
    """Read a preload string (a leading ``--nn-preload`` is allowed, as pasted from a command line).

    Encodings whose model is one file take the rest of the line as its path, colons included, so
    that Windows drive letters survive. A target may be OpenVINO's own, colon included
    (``NAME:OpenVINO:HETERO:GPU,CPU:PATH``).

    Raises:
        InvalidArgument: fewer than four parts, an empty name or path, an unknown target.
        InvalidEncoding: an unknown encoding.
    """
    text = line.strip().removeprefix("--nn-preload").lstrip(" =")
    parts = text.split(":", 3)
    if len(parts) < 4 or not parts[0] or not parts[3]:
        raise InvalidArgument(
            f"{line.strip()!r} is not a preload string.",
            hint="It is NAME:ENCODING:TARGET:PATH[:PATH], such as default:GGML:AUTO:model.gguf.",
        )
    name, encoding_word, target_word, rest = parts
    encoding = parse_encoding(encoding_word)
    devices, _, paths_after = rest.partition(":")
    if target_word.strip().upper() in _OVER and paths_after and _DEVICES.fullmatch(devices):
        target_word, rest = f"{target_word}:{devices}", paths_after
    paths = (rest,) if encoding in _ONE_PATH else _split_paths(rest)
    return Preload(name, encoding, *parse_device(target_word), paths)


def _split_paths(rest: str) -> tuple[str, ...]:
    paths: list[str] = []
    for piece in rest.split(":"):
        before = paths[-1] if paths else ""
        drive = len(before) == 1 and before.isalpha() and piece[:1] in ("\\", "/")
        if drive or before.lower() in _SCHEMES:
            paths[-1] += f":{piece}"
        elif piece:
            paths.append(piece)
    return tuple(paths)
