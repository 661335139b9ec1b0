"""The models that ship with the package, named ``builtin:NAME``."""

from __future__ import annotations

from pathlib import Path

from wasinn_nb.nn.errors import ModelNotFound

_FOLDER = Path(__file__).parent


def builtin_names() -> tuple[str, ...]:
    """Names of the models that ship with the package, in alphabetical order."""
    return tuple(sorted(path.stem for path in _FOLDER.glob("*.gguf")))


def builtin_path(name: str) -> Path:
    """The GGUF file of ``builtin:name``.

    Raises:
        ModelNotFound: No model of that name ships with the package; the message lists those.
    """
    names = builtin_names()
    if name not in names:
        known = ", ".join(names) or "none"
        raise ModelNotFound(f"There is no built-in model {name!r}; there is {known}.")
    return _FOLDER / f"{name}.gguf"
