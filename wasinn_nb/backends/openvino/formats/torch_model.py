"""PyTorch models: TorchScript archives and exported programs (``.pt2``), both zip files.

Weights saved alone (a state dict) and pickled modules hold no graph, and unpickling them would run
code from the file; they are refused by what the archive contains, and nothing is unpickled here.
"""

from __future__ import annotations

import io
import json
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path

from wasinn_nb.backends.openvino.formats.part import Part, quoted
from wasinn_nb.nn.backend import ModelFiles, ModelInfo
from wasinn_nb.nn.errors import InvalidArgument, InvalidEncoding
from wasinn_nb.nn.types import GraphEncoding

EXPORT_HINT = "Save it with torch.jit.save or torch.export.save."

_MAX_MEMBERS = 1 << 17
_MOST_EXPANDED = 64
_MAX_JSON = 1 << 28
_EXPORTED = ("serialized_exported_program.json", "models/model.json")
_OLD_PICKLE = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19."
_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    ValueError,
    KeyError,
    IndexError,
    EOFError,
    OSError,
    OverflowError,
    NotImplementedError,
    RuntimeError,
)


def inspect_torch(files: ModelFiles) -> ModelInfo:
    """Read and check the directory of an archive.

    Raises:
        InvalidEncoding: not a model of PyTorch.
        InvalidArgument: damaged, or without a graph.
        ModelNotFound: no such file.
    """
    if len(files.parts) != 1:
        raise InvalidArgument(
            f"{files.origin} has {len(files.parts)} parts; a PyTorch model has 1.",
            hint="Name the .pt or .pt2 file only.",
        )
    source = files.parts[0]
    with Part(source) as part:
        head = part.read(0, min(64, part.size))
        if head.startswith((_OLD_PICKLE, b"\x80\x02", b"\x80\x04")):
            part.damaged("it is a pickle, which holds no graph", hint=EXPORT_HINT)
        if not head.startswith(b"PK"):
            seen = f"begins with {quoted(head[:8])}" if head else "is empty"
            raise InvalidEncoding(
                f"{part.label} is not a PyTorch model: it {seen}.", hint=EXPORT_HINT
            )
        return _archive(part, source)


def _archive(part: Part, source: Path | bytes) -> ModelInfo:
    try:
        with zipfile.ZipFile(io.BytesIO(source) if isinstance(source, bytes) else source) as file:
            members = file.infolist()
            _check_members(part, members)
            names = [member.filename for member in members]
            metadata = {"format": _kind(part, names), "version": _version(file, names)}
            if metadata["format"] == "ExportedProgram":
                _check_program(part, file, names)
    except _BROKEN as error:
        part.damaged(f"its archive is broken ({error})", hint="Download it again.")
    return ModelInfo(
        encoding=GraphEncoding.PYTORCH,
        name=names[0].split("/")[0],
        nbytes=part.size,
        metadata={key: value for key, value in metadata.items() if value},
    )


def _check_members(part: Part, members: Sequence[zipfile.ZipInfo]) -> None:
    """No member lies outside the file or expands without measure."""
    if not 1 <= len(members) <= _MAX_MEMBERS:
        part.damaged(f"its archive has {len(members):,} members")
    total = 0
    for member in members:
        name = member.filename
        if name.startswith("/") or ".." in name.split("/") or "\\" in name:
            part.damaged(f"its archive has the unsafe member {quoted(name)}")
        if member.header_offset + member.compress_size > part.size:
            part.cut_short(member.header_offset + member.compress_size)
        total += member.file_size
    if total > part.size * _MOST_EXPANDED:
        part.damaged(f"its archive of {part.size:,} bytes would expand to {total:,}")


def _kind(part: Part, names: Sequence[str]) -> str:
    if any(name.endswith(_EXPORTED) for name in names):
        return "ExportedProgram"
    inner = {name.split("/", 1)[-1] for name in names}
    if any(name.startswith("code/") for name in inner) and "constants.pkl" in inner:
        if "data.pkl" not in inner:
            part.damaged("its archive has no data.pkl")
        return "TorchScript"
    if "data.pkl" in inner:
        part.damaged("it holds weights or a pickled module, but no graph", hint=EXPORT_HINT)
    raise InvalidEncoding(
        f"{part.label} is a zip archive without a PyTorch model in it.", hint=EXPORT_HINT
    )


def _version(file: zipfile.ZipFile, names: Sequence[str]) -> str:
    for name in names:
        if name.endswith(("/version", ".data/version")) and file.getinfo(name).file_size < 64:
            return file.read(name).decode(errors="replace").strip()
    return ""


def _check_program(part: Part, file: zipfile.ZipFile, names: Sequence[str]) -> None:
    name = next(name for name in names if name.endswith(_EXPORTED))
    if file.getinfo(name).file_size > _MAX_JSON:
        part.damaged(f"{name} has {file.getinfo(name).file_size:,} bytes")
    try:
        program = json.loads(file.read(name))
    except RecursionError:
        part.damaged(f"{name} nests too deeply")
    if not isinstance(program, dict) or "graph_module" not in program:
        part.damaged(f"{name} is not an exported program")
