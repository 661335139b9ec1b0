"""The models that ship with the package, named ``builtin:NAME``; beside each lies its card."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from wasinn_nb.nn.errors import ModelNotFound

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_FOLDER = Path(__file__).parent
_FILES = {
    "digits": "digits.xml",
    "digits.onnx": "digits.onnx",
    "tinytales": "tinytales.gguf",
}


def builtin_names() -> tuple[str, ...]:
    """Names of the models that ship with the package, in alphabetical order."""
    return tuple(_FILES)


def builtin_path(name: str) -> Path:
    """The file of ``builtin:name``: GGUF, ONNX, or the ``.xml`` that has its ``.bin`` beside it.

    Raises:
        ModelNotFound: No model of that name ships with the package; the message lists those.
    """
    if name not in _FILES:
        known = ", ".join(builtin_names())
        raise ModelNotFound(f"There is no built-in model {name!r}; there is {known}.")
    return _FOLDER / _FILES[name]


def digits_samples() -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Handwritten digits that ``builtin:digits`` has not been trained on.

    The model takes the images as float32 ``[n, 1, 8, 8]``, divided by 16.

    Returns:
        Images, uint8 ``[360, 8, 8]`` with values from 0 (paper) to 16 (ink), and their labels,
        uint8 ``[360]``. From E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits
        (CC BY 4.0); ``digits.md`` says more.
    """
    import numpy as np

    with np.load(_FOLDER / "digits.npz") as samples:
        return samples["images"], samples["labels"]
