"""Shapes of a model's inputs, as the setting ``reshape`` gives them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from wasinn_nb.backends.openvino.failures import reason
from wasinn_nb.nn.errors import InvalidArgument
from wasinn_nb.nn.tensor import shape_text

if TYPE_CHECKING:
    from wasinn_nb.backends.openvino.native import Native
    from wasinn_nb.nn.backend import ModelInfo

_ONE = re.compile(r"(?:(?P<name>.+):)?\s*\[(?P<dims>[^\[\]]*)\]", re.DOTALL)
_DIM = re.compile(r"\d{1,10}|\?|-1|(?P<low>\d{1,10})\.\.(?P<high>\d{1,10})")
_FORM = "Write [1,3,224,224], or image:[1,3,?,?];other:[1,10] (? = any, 1..8 = a range)."
_LARGEST = 2**31 - 1

Dim = int | tuple[int, int]
"""A size, -1 for any, or the least and the greatest size."""


@dataclass(frozen=True, slots=True)
class InputShape:
    """The shape for one input; no name for the only one."""

    name: str
    dims: tuple[Dim, ...]


def parse_shapes(text: str) -> tuple[InputShape, ...]:
    """Read the setting.

    Raises:
        InvalidArgument: not of the expected form.
    """
    if not text.strip():
        return ()
    shapes = tuple(_shape(part, text) for part in text.split(";") if part.strip())
    names = [shape.name for shape in shapes]
    if len(set(names)) < len(names) or ("" in names and len(names) > 1):
        raise InvalidArgument(f"reshape is {text!r}: each input is given once.", hint=_FORM)
    return shapes


def _shape(part: str, text: str) -> InputShape:
    found = _ONE.fullmatch(part.strip())
    if found is None:
        raise InvalidArgument(f"reshape is {text!r}, which is not a shape.", hint=_FORM)
    dims = tuple(_dims(found["dims"], text))
    return InputShape((found["name"] or "").strip(), dims)


def _dims(listed: str, text: str) -> Iterator[Dim]:
    for word in (w.strip() for w in listed.split(",")) if listed.strip() else ():
        found = _DIM.fullmatch(word)
        if found is None:
            raise InvalidArgument(f"reshape is {text!r}: {word!r} is not a size.", hint=_FORM)
        low, high = found["low"], found["high"]
        dim = (int(low), int(high)) if low else -1 if word in {"?", "-1"} else int(word)
        if (isinstance(dim, tuple) and dim[0] > dim[1]) or _size(dim) > _LARGEST:
            raise InvalidArgument(f"reshape is {text!r}: {word} is not a size.", hint=_FORM)
        yield dim


def _size(dim: Dim) -> int:
    return dim[1] if isinstance(dim, tuple) else dim


def shapes_text(text: str) -> str:
    """The setting in its usual form; raises as :func:`parse_shapes`."""
    return ";".join(
        f"{shape.name}{':' if shape.name else ''}[{','.join(map(_size_text, shape.dims))}]"
        for shape in parse_shapes(text)
    )


def _size_text(dim: Dim) -> str:
    if isinstance(dim, tuple):
        return f"{dim[0]}..{dim[1]}"
    return "?" if dim < 0 else str(dim)


def with_shapes(info: ModelInfo, text: str) -> ModelInfo:
    """What the files say of a model, with the shapes that the setting gives its inputs."""
    inputs = list(info.inputs)
    for shape in parse_shapes(text):
        for index, spec in enumerate(info.inputs):
            if shape.name in ("", spec.name, *spec.aliases):
                inputs[index] = replace(spec, dims=tuple(map(_size, shape.dims)))
    return replace(info, inputs=tuple(inputs))


def reshape(native: Native, model: Any, shapes: tuple[InputShape, ...], info: ModelInfo) -> None:
    """Give inputs of an ``openvino.Model`` other shapes.

    Args:
        info: what the files say of the model, for the names of its inputs.

    Raises:
        InvalidArgument: an input that the model does not have, or a shape that it cannot take.
    """
    if not shapes:
        return
    api = native.api
    if not shapes[0].name and len(info.inputs) != 1:
        there = ", ".join(map(str, info.inputs)) or "none"
        raise InvalidArgument(
            f"reshape gives one shape, and the model has {len(info.inputs)} inputs: {there}.",
            hint="Name them: image:[1,3,224,224];other:[1,10].",
        )
    wanted = {
        (info.input_index(shape.name) if shape.name else 0): api.PartialShape(
            [api.Dimension(*dim) if isinstance(dim, tuple) else dim for dim in shape.dims]
        )
        for shape in shapes
    }
    try:
        model.reshape(wanted)
    except RuntimeError as error:
        changed = "; ".join(f"{info.inputs[index]}" for index in wanted)
        raise InvalidArgument(
            f"The model cannot take the shapes {_text(shapes)} (it has {changed}): {reason(error)}."
        ) from None


def _text(shapes: tuple[InputShape, ...]) -> str:
    return "; ".join(
        f"{shape.name}{':' if shape.name else ''}" + shape_text([_size(dim) for dim in shape.dims])
        for shape in shapes
    )
