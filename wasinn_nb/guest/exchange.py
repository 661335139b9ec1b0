"""Python values given to a guest as files in ``/in``, and files in ``/out`` taken back as values.

``bytes`` and ``str`` (as UTF-8) are the file itself. An array is raw little-endian C order, with a
sidecar ``NAME.json`` that holds ``{"dtype": "float32", "shape": [2, 3]}``. A Pillow image, or the
path of one, is the array of its pixels, and its sidecar has its ``"mode"`` as well (see
:mod:`.images`). Any other path is the file that it names.

On the way back a file with such a sidecar becomes an array or an image, one whose sidecar is
``{"dtype": "str"}`` becomes a ``str``, and every other file ``bytes``.
"""

from __future__ import annotations

import io
import itertools
import json
import math
import os
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wasinn_nb.guest.images import SUFFIXES, is_picture, picture_of, pixels, read_pixels
from wasinn_nb.nn.errors import Cancelled, InvalidArgument, RuntimeFailure
from wasinn_nb.nn.memory import available, format_bytes

if TYPE_CHECKING:
    import numpy.typing as npt

Exchanged = Any
"""``bytes``, ``bytearray``, ``str``, a path, a Pillow image, or what numpy makes an array of."""

Moved = Callable[[str, int, int], None]
"""Called again and again with a value's name, its bytes that were moved, and all of its bytes; what
it raises ends the transfer."""

_CHUNK = 4 << 20  # milliseconds of copying
_NUMBERS = "biufc"  # numpy's kinds
_MAX_SIDECAR = 4096
_LONGEST_REASON = 200
_MOVED = ".wasinn-moved-"  # at the top, where only the host writes


def check_name(name: str) -> None:
    """Raise :class:`InvalidArgument` unless ``name``, a file and a variable, is a Python name."""
    if not name.isidentifier():
        raise InvalidArgument(f"{name!r} cannot be exchanged with a guest; give a Python name.")


def _nothing(_name: str, _done: int, _total: int) -> None:
    """Nobody wants to know."""


def write_input(directory: Path, name: str, value: Exchanged, *, moved: Moved = _nothing) -> None:
    """Write one value, and its sidecar if it is an array or an image.

    Raises:
        InvalidArgument: a value of another type, an array of something else than numbers, a path
            without a file, an image that cannot be decoded.
        RuntimeFailure: a file that cannot be read or written.
    """
    try:
        _write(directory, name, value, moved)
    except OSError as error:
        raise RuntimeFailure(f"{name} cannot be given to the guest: {error.strerror}.") from error


def _write(directory: Path, name: str, value: Exchanged, moved: Moved) -> None:
    if isinstance(value, str):
        try:
            data = value.encode("utf-8")
        except UnicodeEncodeError as error:
            raise InvalidArgument(f"{name} cannot be UTF-8: {error.reason}; give bytes.") from None
        _write_blocks(directory / name, _blocks(data), len(data), moved)
    elif isinstance(value, (bytes, bytearray)):
        _write_blocks(directory / name, _blocks(value), len(value), moved)
    elif isinstance(value, os.PathLike):
        _write_file(directory, name, Path(os.fsdecode(value)).expanduser(), moved)
    elif is_picture(value):
        _write_array(directory, name, *pixels(value, name), moved=moved)
    elif hasattr(value, "__array__") or isinstance(value, memoryview):
        _write_array(directory, name, _array(name, value), moved=moved)
    else:
        raise InvalidArgument(
            f"{name} is a {type(value).__name__}; "
            "a guest can be given bytes, str, an array, an image or a Path.",
            hint=f"Make an array of it: numpy.asarray({name})."
            if isinstance(value, (list, tuple, int, float))
            else "",
        )


def _blocks(data: bytes | bytearray) -> Iterator[memoryview]:
    view = memoryview(data)
    return (view[at : at + _CHUNK] for at in range(0, len(view), _CHUNK))


def _write_blocks(path: Path, blocks: Iterable[Any], total: int, moved: Moved) -> None:
    """A file of blocks, each anything with a buffer; ``total`` is their size in bytes."""
    with path.open("wb", buffering=0) as file:
        for block in blocks:
            left = memoryview(block).cast("B")
            while left:  # a disk that fills up takes a part before it refuses
                left = left[file.write(left) :]
            moved(path.name, file.tell(), total)


def _write_file(directory: Path, name: str, path: Path, moved: Moved) -> None:
    if not path.is_file():
        problem = "is no file" if path.exists() else "does not exist"
        raise InvalidArgument(
            f"{name} is the path {str(path)!r}, which {problem}.",
            hint="" if path.is_absolute() else f"The current directory is {Path.cwd()}.",
        )
    if path.suffix.lower() in SUFFIXES:
        _write_array(directory, name, *read_pixels(path, name), moved=moved)
        return
    with path.open("rb", buffering=0) as file:
        blocks = iter(lambda: file.read(_CHUNK), b"")
        _write_blocks(directory / name, blocks, path.stat().st_size, moved)


def _array(name: str, value: Any) -> npt.NDArray[Any]:
    import numpy as np

    try:
        array = np.asarray(value)
    except Exception as error:  # whatever the value's own conversion raises
        reason = str(error)[:_LONGEST_REASON].rstrip(".")
        raise InvalidArgument(f"{name} cannot be made an array: {reason}.") from error
    if array.dtype.kind not in _NUMBERS:
        raise InvalidArgument(f"{name} is an array of {array.dtype}; a guest can be given numbers.")
    return array


def _write_array(
    directory: Path, name: str, array: npt.NDArray[Any], mode: str = "", *, moved: Moved
) -> None:
    little = array.astype(array.dtype.newbyteorder("<"), copy=False)
    # in C order, whatever the array's own is
    elements = little.reshape(-1) if little.flags.c_contiguous else little.flat
    step = max(1, _CHUNK // array.itemsize)
    blocks = (elements[at : at + step].view("u1") for at in range(0, array.size, step))
    _write_blocks(directory / name, blocks, array.nbytes, moved)
    sidecar = {"dtype": array.dtype.name, "shape": list(array.shape)}
    if mode:
        sidecar["mode"] = mode
    (directory / f"{name}.json").write_text(json.dumps(sidecar), encoding="utf-8")


def read_outputs(
    directory: Path, names: tuple[str, ...], *, moved: Moved = _nothing
) -> tuple[dict[str, Exchanged], list[str]]:
    """The values of the files that are there, and a sentence about each that cannot be had."""
    values: dict[str, Exchanged] = {}
    problems: list[str] = []
    for name in names:
        try:
            values[name] = _read_output(directory, name, moved)
        except FileNotFoundError:
            problems.append(f"The guest wrote no /out/{name}.")
        except Cancelled:
            problems.append(f"/out/{name} was not read back: the run was interrupted.")
        except OSError as error:
            problems.append(f"/out/{name} cannot be read back: {error.strerror}.")
        # whatever numpy and json make of a sidecar that means harm
        except Exception as error:  # noqa: BLE001
            reason = str(error)[:_LONGEST_REASON].rstrip(".")
            problems.append(f"/out/{name} cannot be read back: {reason}.")
    return values, problems


def _read_output(directory: Path, name: str, moved: Moved) -> Exchanged:
    data = _read(directory / name, moved=moved)
    try:
        sidecar = _read(directory / f"{name}.json", limit=_MAX_SIDECAR)
    except FileNotFoundError:
        return data.getvalue()
    described = json.loads(sidecar.getvalue())
    if not isinstance(described, Mapping):
        raise ValueError("its sidecar is not a JSON object")  # noqa: TRY004 - the file's fault
    if described.get("dtype") == "str":
        return data.getvalue().decode("utf-8")
    import numpy as np

    dtype = np.dtype(str(described["dtype"])) if "dtype" in described else np.dtype("u1")
    shape = described.get("shape", [-1])
    if dtype.kind not in _NUMBERS or not _is_shape(shape):
        raise ValueError("its sidecar names no dtype and shape of numbers")
    if shape != [-1] and math.prod(shape) * dtype.itemsize != data.tell():
        raise ValueError(
            f"it has {data.tell()} bytes, and {dtype.name} of shape {shape} "
            f"needs {math.prod(shape) * dtype.itemsize}"
        )
    if dtype.kind == "b":  # numpy counts on every true value being 1
        array = (np.frombuffer(data.getbuffer(), np.uint8) != 0).reshape(shape)
    else:
        array = np.frombuffer(data.getbuffer(), dtype.newbyteorder("<"))
        array = array.astype(dtype, copy=False).reshape(shape)
    return picture_of(array, str(described["mode"])) if "mode" in described else array


def _is_shape(shape: object) -> bool:
    return isinstance(shape, list) and all(
        isinstance(n, int) and not isinstance(n, bool) and (n >= 0 or shape == [-1]) for n in shape
    )


def _read(path: Path, limit: int | None = None, moved: Moved = _nothing) -> io.BytesIO:
    """A regular file's bytes, which can be had without copying them, also to be written to.

    The guest made it, so a link is not followed.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb", buffering=0) as file:
        found = os.fstat(file.fileno())
        if not stat.S_ISREG(found.st_mode):
            raise ValueError("it is not a regular file")
        if limit is not None and found.st_size > limit:
            raise ValueError(f"it has more than {limit} bytes")
        # a sparse file takes no disk to be larger than the memory
        if limit is None and found.st_size > (free := available()) // 2:
            raise ValueError(
                f"it has {format_bytes(found.st_size)}, and {format_bytes(free)} of memory are free"
            )
        data = io.BytesIO()
        while block := file.read(_CHUNK):
            moved(path.name, data.tell() + len(block), found.st_size)
            data.write(block)
        return data


def remove_tree(directory: Path) -> None:
    """Remove a directory that a guest wrote into, as far as it lets itself be removed.

    A guest can nest directories deeper than a path may be long or Python recurse, so a
    subdirectory's own are moved up to the top before it is removed. Links are not followed.
    """
    top = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        moved = itertools.count()
        waiting = _empty(top, top, moved)
        while waiting:
            name = waiting.pop()
            with suppress(OSError):
                inner = os.open(
                    name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=top
                )
                try:
                    waiting += _empty(inner, top, moved)
                finally:
                    os.close(inner)
                os.rmdir(name, dir_fd=top)
    finally:
        os.close(top)
    with suppress(OSError):
        directory.rmdir()


def _empty(inner: int, top: int, moved: Iterator[int]) -> list[str]:
    """Remove a directory's files and move its directories to ``top``; returns their names."""
    directories = []
    with os.scandir(inner) as entries:
        for entry in list(entries):
            with suppress(OSError):
                if not entry.is_dir(follow_symlinks=False):
                    os.unlink(entry.name, dir_fd=inner)
                    continue
                name = f"{_MOVED}{next(moved)}"
                os.rename(entry.name, name, src_dir_fd=inner, dst_dir_fd=top)
                directories.append(name)
    return directories
