"""Tells the encoding of a model from its first bytes."""

from __future__ import annotations

import re
from pathlib import Path
from typing import BinaryIO

from wasinn_nb.nn.backend import ModelFiles
from wasinn_nb.nn.errors import InvalidEncoding, ModelNotFound
from wasinn_nb.nn.types import GraphEncoding

_HEAD = 4096
_ONNX_VERSIONS = range(3, 32)
_ONNX_TAGS = frozenset({0x12, 0x1A, 0x22, 0x28, 0x32, 0x3A, 0x42, 0x72})
_PICKLE_MAGIC = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19."
_PYTORCH_MEMBERS = ("/data.pkl", "/archive_format", "serialized_exported_program.json")
# field 1 (node), its length; field 1 (name), field 2 (op)
_NODE = re.compile(rb"\n[\x80-\xff]{0,4}[\x00-\x7f]\n[\x01-\x7f][ -~]{1,127}?\x12[\x01-\x40][A-Z]")
_OTHERS = (
    (b"lmgg", "a whisper.cpp or old llama.cpp file", "Convert the model to GGUF."),
    (b"tjgg", "a GGML file of the year 2023", "Convert the model to GGUF."),
    (b"algg", "a GGML adapter of the year 2023", "Convert it to GGUF."),
    (b"FUGG", "a big-endian GGUF file", "Convert it for this machine."),
    (b"\x89HDF", "an HDF5 file (Keras)", "Export it as a SavedModel or to ONNX."),
    (b"version https://git-lfs", "a Git LFS pointer", "Run `git lfs pull` to get the real file."),
    (b"\x1f\x8b", "a gzip file", "Unpack it first."),
    (b"7z\xbc\xaf", "a 7-Zip file", "Unpack it first."),
    (b"\xff\xd8\xff", "a JPEG picture", "A guest gets it with --in."),
    (b"\x89PNG", "a PNG picture", "A guest gets it with --in."),
    (b"<!DOCTYPE", "a web page", "The address was not that of the file itself."),
    (b"<!doctype", "a web page", "The address was not that of the file itself."),
    (b"<html", "a web page", "The address was not that of the file itself."),
)


def sniff(files: ModelFiles) -> GraphEncoding:
    """The encoding of a model's files.

    Raises:
        InvalidEncoding: none that is known; the message says what was seen.
        ModelNotFound: a file that cannot be read.
    """
    seen = ""
    for part in files.parts:
        found = _directory(part) if isinstance(part, Path) and part.is_dir() else _file(part)
        if isinstance(found, GraphEncoding):
            return found
        seen = seen or found
    kind, _, hint = (seen or "empty").partition("|")
    raise InvalidEncoding(
        f"The encoding of {files.origin} cannot be told: it is {kind}.",
        hint=hint or "Give it with --encoding if you know it.",
    )


def _directory(path: Path) -> GraphEncoding | str:
    if (path / "saved_model.pb").is_file():
        return GraphEncoding.TENSORFLOW
    return "a directory"


def _file(part: Path | bytes) -> GraphEncoding | str:
    head = part[:_HEAD] if isinstance(part, bytes) else _read_head(part)
    name = part.name.lower() if isinstance(part, Path) else ""
    if head.startswith(b"GGUF"):
        return GraphEncoding.GGML
    if head[4:8] == b"TFL3":
        return GraphEncoding.TENSORFLOWLITE
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text.startswith(b"<net") or (text.startswith(b"<?xml") and b"<net" in text):
        return GraphEncoding.OPENVINO
    if head.startswith(b"PK\x03\x04"):
        return _archive(part)
    if head.startswith(_PICKLE_MAGIC):
        return GraphEncoding.PYTORCH
    if name == "saved_model.pb" or head.startswith(b"\x08\x01\x12") or _is_graph_def(head):
        return GraphEncoding.TENSORFLOW
    if _is_onnx(head):
        return GraphEncoding.ONNX
    return _otherwise(head, text)


def _otherwise(head: bytes, text: bytes) -> str:
    for magic, kind, hint in _OTHERS:
        if head.startswith(magic):
            return f"{kind}|{hint}"
    if head[8:10] == b'{"' and int.from_bytes(head[:8], "little") < 1 << 27:
        return "a safetensors file|Convert the model to GGUF, or export it to ONNX or OpenVINO."
    if text.startswith(b"<?xml"):
        return "an XML file that is not an OpenVINO model"
    if not head:
        return "empty|Download or copy it again."
    return f"a file that begins with {head[:8]!r}"


def _is_onnx(head: bytes) -> bool:
    """A protobuf whose first fields are those of ``ModelProto``: ir_version, then another one."""
    if len(head) < 4 or head[0] != 0x08:
        return False
    return head[1] in _ONNX_VERSIONS and head[2] in _ONNX_TAGS


def _is_graph_def(head: bytes) -> bool:
    """A frozen TensorFlow graph: it begins with a node, its name and operation."""
    return _NODE.match(head) is not None


def _archive(part: Path | bytes) -> GraphEncoding | str:
    """PyTorch saves a zip: with a pickle in it, or, for exported programs, a graph as JSON."""
    import io
    import zipfile

    try:
        source: str | BinaryIO = io.BytesIO(part) if isinstance(part, bytes) else str(part)
        with zipfile.ZipFile(source) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError):
        return "a damaged zip archive|Its download is probably incomplete."
    if any(name.endswith(_PYTORCH_MEMBERS) for name in names):
        return GraphEncoding.PYTORCH
    return "a zip archive|Unpack it and name the model in it."


def _read_head(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_HEAD)
    except OSError as error:
        raise ModelNotFound(f"{path} cannot be read: {error.strerror}.") from None
