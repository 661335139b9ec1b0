"""GGUF files, read and validated by us before llama.cpp sees them.

``read_gguf`` parses a header (and those of a split model's other parts) and keeps it in a small
cache, so that loading the same file again costs a ``stat``. ``validate`` refuses what would end
the process.
"""

from __future__ import annotations

import os
import re
import threading
from collections import OrderedDict
from dataclasses import replace
from pathlib import Path
from weakref import WeakSet

from wasinn_nb.backends.ggml.gguf_check import check_architecture, check_model, check_tensors
from wasinn_nb.backends.ggml.gguf_header import GGUFArray, GGUFHeader, TensorInfo, open_model
from wasinn_nb.backends.ggml.gguf_hparams import Hyperparameters
from wasinn_nb.backends.ggml.gguf_info import model_info
from wasinn_nb.backends.ggml.gguf_memory import estimate, kv_bytes
from wasinn_nb.backends.ggml.gguf_reader import AGAIN, parse
from wasinn_nb.backends.ggml.gguf_tables import ValueType
from wasinn_nb.nn.errors import InvalidArgument, ModelNotFound

__all__ = [
    "GGUFArray",
    "GGUFHeader",
    "TensorInfo",
    "estimate",
    "kv_bytes",
    "model_info",
    "read_gguf",
    "split_paths",
    "validate",
    "validate_adapter",
]

SPLIT = re.compile(r"^(?P<prefix>.*)-(?P<number>\d{5})-of-(?P<count>\d{5})\.gguf$")

_CACHED = 8
_Key = tuple[str, int, int, int, int]
_cache: OrderedDict[tuple[_Key, ...], GGUFHeader] = OrderedDict()
_valid: WeakSet[GGUFHeader] = WeakSet()
_lock = threading.Lock()


def read_gguf(source: Path | bytes) -> GGUFHeader:
    """The header of a model, with the headers of its other parts if it is split.

    Args:
        source: the file (of a split model, the first part), or a whole model as bytes.

    Raises:
        ModelNotFound: the file, or a part of a split model, is not there.
        InvalidEncoding: not a GGUF that llama.cpp reads.
        InvalidArgument: damaged; the message says what and where.
    """
    if isinstance(source, bytes):
        return parse(source)
    parts = split_paths(source)
    key = tuple(_stamp(part) for part in parts)
    with _lock:
        header = _cache.get(key)
        if header is not None:
            _cache.move_to_end(key)
            return header
    header = _assemble(parts)
    with _lock:
        _cache[key] = header
        while len(_cache) > _CACHED:
            _cache.popitem(last=False)
    return header


def validate(header: GGUFHeader) -> None:
    """Refuse a model that llama.cpp should not see. Costs nothing for a header that passed before.

    Raises:
        InvalidArgument: with what is wrong and what to do.
    """
    if header not in _valid:
        check_model(header)
        _valid.add(header)


def validate_adapter(header: GGUFHeader, base: GGUFHeader | None = None) -> None:
    """Refuse a LoRA adapter that llama.cpp should not see, or that was made for another model.

    Raises:
        InvalidArgument: with what is wrong and what to do.
    """
    architecture = check_architecture(header)
    hp = Hyperparameters(header, architecture)
    metadata = header.metadata
    for key, wanted in (("general.type", "adapter"), ("adapter.type", "lora")):
        if metadata.get(key) != wanted:
            found = str(metadata.get(key, "missing"))[:40]
            hp.refuse(f"{key} is {found!r}; a LoRA adapter has {wanted!r}", "Check the path.")
    alpha = metadata.get("adapter.lora.alpha")
    if not isinstance(alpha, float) or header.types["adapter.lora.alpha"] is not ValueType.FLOAT32:
        hp.refuse("adapter.lora.alpha is missing or not a 32-bit number")
    if not abs(alpha) < 1e9:  # also refuses NaN
        hp.refuse(f"adapter.lora.alpha is {alpha}")
    tokens = metadata.get("adapter.alora.invocation_tokens")
    if tokens is not None and (
        not isinstance(tokens, GGUFArray) or tokens.type not in {ValueType.UINT32, ValueType.INT32}
    ):
        hp.refuse("adapter.alora.invocation_tokens is not an array of token ids")
    if not header.tensors:
        hp.refuse("it has no tensors")
    check_tensors(header, hp)
    _pairs(header, hp, base)


def split_paths(path: Path) -> tuple[Path, ...]:
    """All parts of a model in order; just ``path`` if its name is not that of a split's part.

    Raises:
        ModelNotFound: a part is missing.
        InvalidArgument: ``path`` is a part other than the first.
    """
    match = SPLIT.match(path.name)
    if match is None:
        return (path,)
    prefix, number, count = match["prefix"], int(match["number"]), int(match["count"])
    paths = tuple(
        path.with_name(f"{prefix}-{n:05}-of-{count:05}.gguf") for n in range(1, count + 1)
    )
    if number != 1 or not paths:
        raise InvalidArgument(
            f"{path} is part {number} of {count} of a model.",
            hint=f"Name the first part, {prefix}-00001-of-{count:05}.gguf.",
        )
    missing = [part.name for part in paths if not part.exists()]
    if missing:
        raise ModelNotFound(
            f"{path} is a model in {count} parts, of which {', '.join(missing[:3])} "
            f"{'is' if len(missing) == 1 else 'are'} missing.",
            hint=f"Put all parts into {path.parent}.",
        )
    return paths


def _assemble(parts: tuple[Path, ...]) -> GGUFHeader:
    first = parse(parts[0])
    count = first.metadata.get("split.count", 1)
    if first.types.get("split.count", ValueType.UINT16) is not ValueType.UINT16:
        raise InvalidArgument(f"{parts[0]} cannot be loaded: split.count is damaged.", hint=AGAIN)
    if count in {0, 1} and len(parts) == 1:
        return first
    if count != len(parts):
        raise InvalidArgument(
            f"{parts[0]} says that it is one of {count} parts; its name says {len(parts)}.",
            hint="Keep the names that the parts were published with (NAME-00001-of-00003.gguf).",
        )
    splits = tuple(parse(part) for part in parts[1:])
    names = {tensor.name for tensor in first.tensors}
    for index, header in enumerate((first, *splits)):
        number = header.metadata.get("split.no")
        if header.types.get("split.no") is not ValueType.UINT16 or number != index:
            raise InvalidArgument(
                f"{header.label} is part {number} of the model instead of part {index} (split.no).",
                hint="Keep the names that the parts were published with.",
            )
        for tensor in header.tensors if index else ():
            if tensor.name in names:
                raise InvalidArgument(f"{header.label} has the tensor {tensor.name!r} again.")
            names.add(tensor.name)
    return replace(first, splits=splits)


def _stamp(path: Path) -> _Key:
    with open_model(path) as file:
        status = os.fstat(file.fileno())
    return (
        os.path.abspath(path),  # noqa: PTH100 - resolve() would follow /proc/self/fd links
        status.st_dev,
        status.st_ino,
        status.st_size,
        status.st_mtime_ns,
    )


def _pairs(header: GGUFHeader, hp: Hyperparameters, base: GGUFHeader | None) -> None:
    """Every ``NAME.lora_a`` has its ``NAME.lora_b`` of the same rank, and fits the base model."""
    tensors = {tensor.name: tensor for tensor in header.tensors}
    targets = {t.name: t for t in base.all_tensors} if base else None
    for name, tensor in tensors.items():
        stem, dot, half = name.rpartition(".")
        if half not in {"lora_a", "lora_b"}:
            if name.endswith("_norm.weight"):
                continue
            hp.refuse(f"the tensor {name!r} is not one half of a LoRA pair")
        other = f"{stem}{dot}{'lora_b' if half == 'lora_a' else 'lora_a'}"
        if other not in tensors:
            hp.refuse(f"the tensor {name!r} has no {other!r} beside it")
        if len(tensor.dims) != 2:
            hp.refuse(f"the tensor {name!r} is not a matrix")
        if targets is not None and stem not in targets:
            hp.refuse(f"the base model has no tensor {stem!r}", "It was made for another model.")
    if base and base.metadata.get("general.architecture") != hp.architecture:
        found = base.metadata.get("general.architecture")
        hp.refuse(f"it is for {hp.architecture} models; the model is {found}")
