"""PyTorch models through OpenVINO's PyTorch front end, where PyTorch is installed.

Only programs are read, TorchScript and exported ones. Checkpoints are Python pickles, which run
whatever their author put into them, and hold no program: they are refused.
"""

from __future__ import annotations

import importlib
import importlib.util
import io
import os
import pickle
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from wasinn_nb.nn.errors import InvalidEncoding, UnsupportedOperation

_INSTALL = "pip install torch packaging"
_ONLY_TENSORS = "TORCH_FORCE_WEIGHTS_ONLY_LOAD"

_environment = threading.Lock()


def read_pytorch(part: Path | bytes) -> Any:
    """The ``openvino.Model`` of a TorchScript or exported program.

    Raises:
        UnsupportedOperation: PyTorch is not installed, or the program brings native code.
        InvalidEncoding: something else, such as a checkpoint, or pickled objects in a program.
    """
    kind = _kind(part)
    if importlib.util.find_spec("torch") is None:
        raise UnsupportedOperation(
            "OpenVINO reads PyTorch models only where PyTorch is installed.",
            hint=f"Install it with: {_INSTALL} (or convert the model once, to ONNX or IR).",
        )
    try:
        decoder = _scripted(part) if kind == "script" else _exported(part)
    except pickle.UnpicklingError:
        raise InvalidEncoding(
            "The PyTorch program brings pickled objects that are no tensors; they are not read.",
            hint="Save it again with torch.export.save and inputs that are tensors.",
        ) from None
    except ImportError as error:
        raise UnsupportedOperation(
            f"A part of PyTorch is missing: {error}.", hint=f"Install it with: {_INSTALL}"
        ) from None
    manager = importlib.import_module("openvino.frontend").FrontEndManager()
    front_end = manager.load_by_framework("pytorch")
    return front_end.convert(front_end.load(decoder))


def _kind(part: Path | bytes) -> str:
    try:
        with zipfile.ZipFile(io.BytesIO(part) if isinstance(part, bytes) else part) as archive:
            names = [name.partition("/")[2] or name for name in archive.namelist()]
    except zipfile.BadZipFile:
        names = []
    if any(name.startswith("code/") for name in names) and "constants.pkl" in names:
        return "script"
    if "archive_format" in names:
        if any("aotinductor/" in name for name in names):
            raise UnsupportedOperation(
                "The exported PyTorch program brings compiled native code, which is not run.",
                hint="Save the program itself, with torch.export.save.",
            )
        return "export"
    raise InvalidEncoding(
        "This is not a PyTorch program: it is a checkpoint of weights, a pickle, or damaged.",
        hint="Save the model with torch.jit.save or torch.export.save.",
    )


def _source(part: Path | bytes) -> Any:
    return io.BytesIO(part) if isinstance(part, bytes) else str(part)


def _scripted(part: Path | bytes) -> Any:
    torch = importlib.import_module("torch")
    module = torch.jit.load(_source(part), map_location="cpu")
    module.eval()
    decoders = importlib.import_module("openvino.frontend.pytorch.ts_decoder")
    return decoders.TorchScriptPythonDecoder(module)


def _exported(part: Path | bytes) -> Any:
    torch = importlib.import_module("torch")
    decoders = importlib.import_module("openvino.frontend.pytorch.fx_decoder")
    with _only_tensors():
        program = torch.export.load(_source(part))
    return decoders.TorchFXPythonDecoder.from_exported_program(program)


@contextmanager
def _only_tensors() -> Iterator[None]:
    """Keep PyTorch from unpickling anything but tensors.

    ``torch.export.load`` would unpickle example inputs and constants whatever they are.
    """
    with _environment:
        before = os.environ.get(_ONLY_TENSORS)
        os.environ[_ONLY_TENSORS] = "1"
        try:
            yield
        finally:
            if before is None:
                del os.environ[_ONLY_TENSORS]
            else:
                os.environ[_ONLY_TENSORS] = before
