"""Pictures as arrays of pixels and back, through Pillow, which is imported when there is one.

================== =============== ========= ==================================================
a picture of mode  becomes         shape     notes
================== =============== ========= ==================================================
L, 1               uint8, ``L``    [H, W]    a bilevel picture's pixels are 0 and 255
RGB                uint8, ``RGB``  [H, W, 3] so do CMYK, YCbCr, LAB, HSV, and a palette without
                                             transparency
RGBA               uint8, ``RGBA`` [H, W, 4] so do LA, and a palette with transparency
I;16, I, F         uint16, int32,  [H, W]    their numbers, not scaled to 8 bits
                   float32
================== =============== ========= ==================================================
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wasinn_nb.nn.errors import InvalidArgument

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

SUFFIXES = frozenset(
    f".{ending}"
    for ending in (
        *("png", "jpg", "jpeg", "jpe", "gif", "bmp", "webp", "avif", "tif", "tiff"),
        *("ppm", "pgm", "pbm", "pnm"),
    )
)
"""Files whose names end so are pictures."""

_SHAPES: dict[str, tuple[str, int | None]] = {
    "L": ("uint8", None),
    "RGB": ("uint8", 3),
    "RGBA": ("uint8", 4),
    "I;16": ("uint16", None),
    "I": ("int32", None),
    "F": ("float32", None),
}
"""Element type and number of channels of the modes that pixels can have."""

_LONGEST_REASON = 200


def is_picture(value: object) -> bool:
    """Whether ``value`` is Pillow's; imports nothing."""
    pillow: Any = sys.modules.get("PIL.Image")
    return pillow is not None and isinstance(value, pillow.Image)


def pixels(picture: Any, name: str) -> tuple[npt.NDArray[Any], str]:
    """The pixels of a Pillow image, upright, and their mode.

    Of a picture with several frames it is the one that is current, of a file the first.

    Args:
        name: what messages call it.

    Raises:
        InvalidArgument: its data is broken, or of a mode that nothing converts.
    """
    import numpy as np
    from PIL import ImageOps

    try:
        upright = ImageOps.exif_transpose(picture)
        mode = _mode(upright)
        own = mode in {upright.mode, "I;16"}  # numpy knows either byte order
        array = np.asarray(upright if own else upright.convert(mode))
    except Exception as error:
        raise InvalidArgument(
            f"{name}: the pixels of the image cannot be had: {_reason(error)}."
        ) from error
    return array, mode


def read_pixels(path: Path, name: str) -> tuple[npt.NDArray[Any], str]:
    """The pixels of the first frame of a picture's file; see :func:`pixels`.

    Raises:
        InvalidArgument: Pillow is not installed, cannot read the file, or finds it so large that it
            must be made to fill the memory.
    """
    try:
        from PIL import Image
    except ImportError:
        raise InvalidArgument(
            f"{name}: {path.name} is an image, and turning it into pixels needs Pillow, "
            "which is not installed.",
            hint='Install it with: %pip install "wasinn-nb[images]". A guest that decodes images '
            "itself can be given the file's bytes: path.read_bytes().",
        ) from None
    try:
        picture = Image.open(path)
    except Exception as error:
        raise InvalidArgument(
            f"{name}: {path.name} cannot be read as an image: {_reason(error)}.",
            hint="To give a guest the file as it is, give its bytes: path.read_bytes().",
        ) from error
    with picture:
        return pixels(picture, name)


def picture_of(array: np.ndarray[Any, Any], mode: str) -> Any:
    """A Pillow image of an array of pixels; the array where Pillow is not installed.

    Raises:
        ValueError: the array has no such pixels.
    """
    if mode not in _SHAPES:
        raise ValueError(f"it has no mode {mode[:20]!r}; there are {', '.join(_SHAPES)}")
    dtype, channels = _SHAPES[mode]
    trailing = () if channels is None else (channels,)
    if array.dtype.name != dtype or array.ndim < 2 or array.shape[2:] != trailing:
        wanted = ", ".join(["height", "width", *map(str, trailing)])
        raise ValueError(
            f"pixels of mode {mode} are {dtype} [{wanted}], "
            f"and these are {array.dtype.name} {list(array.shape)}"
        )
    try:
        from PIL import Image
    except ImportError:
        return array
    return Image.fromarray(array)


def _mode(picture: Any) -> str:
    """The mode that a picture's pixels are given in."""
    mode: str = picture.mode
    if mode in _SHAPES:
        return mode
    if mode == "1":
        return "L"
    if mode.startswith("I;16"):
        return "I;16"
    return "RGBA" if picture.has_transparency_data else "RGB"


def _reason(error: Exception) -> str:
    return str(error)[:_LONGEST_REASON].rstrip(".") or type(error).__name__
