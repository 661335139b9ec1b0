"""What a guest read with get-output: the last value of each output, by the output's name."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from wasinn_nb.guest.errors import OutputNotRead
from wasinn_nb.guest.words import plain
from wasinn_nb.nn.backend import ExecutionContext
from wasinn_nb.nn.tensor import Buffer, Tensor, TensorSpec, shape_text

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

_KEPT_BYTES = 256 << 20
_KEPT_OUTPUTS = 10_000
_LISTED, _IN_SHORT = 50, 3
_LONGEST_NAME = 100


class Tensors(Mapping[str, "npt.NDArray[Any]"]):
    """Arrays by the names of a model's outputs, in the order in which they were first read.

    An index in that order works as a key too. The arrays are read-only views of what the guest was
    given; ``bfloat16``, which numpy does not have, is there as its bits (``uint16``).

    Names: an output is called what its model calls it, or ``output 0`` by its index if the model
    gives it no name. Where two contexts have an output of the same name, the one that was read
    first has it, and the others are ``NAME (MODEL/N)``, after the run's N-th context on that model.
    """

    def __init__(self, tensors: Mapping[str, Tensor]) -> None:
        self._tensors = dict(tensors)

    def __getitem__(self, key: str | int) -> np.ndarray[Any, Any]:
        return self.tensor(key).numpy()

    def __iter__(self) -> Iterator[str]:
        return iter(self._tensors)

    def __len__(self) -> int:
        return len(self._tensors)

    def __contains__(self, key: object) -> bool:
        return key in self._tensors

    def __repr__(self) -> str:
        lines = [f"  {description}" for description in self.descriptions(_LISTED)]
        if len(self) > _LISTED:
            lines.append(f"  and {len(self) - _LISTED:,} more")
        return "\n".join([f"<Tensors: {len(self):,} read{':' if lines else ''}", *lines]) + ">"

    def tensor(self, key: str | int) -> Tensor:
        """An output with its type as the model has it.

        Raises:
            OutputNotRead: a KeyError, and the message lists what the guest read.
        """
        if isinstance(key, str):
            if key in self._tensors:
                return self._tensors[key]
        elif hasattr(key, "__index__") and -len(self) <= key < len(self):
            return list(self._tensors.values())[key]
        names = ", ".join(map(repr, itertools.islice(self, _LISTED))) or "none"
        raise OutputNotRead(f"The guest read no output {key!r}; it read {names}.")

    def short(self) -> str:
        """The names and shapes of the first outputs, in a line."""
        first = itertools.islice(self._tensors.items(), _IN_SHORT)
        shown = [f"{plain(name, _LONGEST_NAME)} {shape_text(t.dims)}" for name, t in first]
        more = f" and {len(self) - _IN_SHORT:,} more" if len(self) > _IN_SHORT else ""
        return ", ".join(shown) + more

    def descriptions(self, most: int) -> list[str]:
        """``name: dtype [shape]`` of the first outputs."""
        return [
            f"{plain(name, _LONGEST_NAME)}: {tensor.type.dtype} {shape_text(tensor.dims)}"
            for name, tensor in itertools.islice(self._tensors.items(), most)
        ]

    def _ipython_key_completions_(self) -> list[str]:
        """The names, which IPython completes in ``run.tensors["``."""
        return list(self)


@dataclass(frozen=True, slots=True)
class _Reader:
    """A context whose outputs are kept: the run's ``number``-th on its model."""

    model: str
    number: int
    outputs: tuple[TensorSpec, ...]


class ReadTensors:
    """Collects the outputs that one run reads. One thread adds, any thread takes a picture.

    What a context returns never changes afterwards, so nothing is copied.

    Args:
        warn: told when something cannot be kept.
    """

    def __init__(self, warn: Callable[[str], None]) -> None:
        self._warn = warn
        self._readers: dict[int, _Reader] = {}
        self._numbers: Counter[str] = Counter()
        self._names: dict[tuple[str, int, int], str] = {}
        self._taken: set[str] = set()
        self._tensors: dict[str, Tensor] = {}
        self._nbytes = 0

    def add_context(
        self, context: ExecutionContext, model: str, outputs: tuple[TensorSpec, ...]
    ) -> None:
        """A new context on ``model``, which has ``outputs``."""
        self._numbers[model] += 1
        self._readers[id(context)] = _Reader(model, self._numbers[model], outputs)

    def keep(self, context: ExecutionContext, index: int, tensor: Tensor, data: Buffer) -> None:
        """The guest read ``data``, which is an output of the shape and type of ``tensor``."""
        name = self._name(self._readers[id(context)], index)
        if name is None:
            self._warn(f"The guest read more outputs than are kept: {_KEPT_OUTPUTS:,}.")
            return
        before = self._tensors.get(name)
        nbytes = memoryview(data).nbytes
        total = self._nbytes + nbytes - (before.nbytes if before else 0)
        if total > _KEPT_BYTES:
            # an older value would pass for the last one
            self._tensors.pop(name, None)
            self._nbytes = total - nbytes
            self._warn("The outputs that the guest read are too large to be kept with the run.")
            return
        self._nbytes = total
        own = tensor.data is data
        self._tensors[name] = tensor if own else Tensor(tensor.dims, tensor.type, data)

    def begin(self) -> None:
        """Forget what has been read; contexts can be read still."""
        self._names, self._tensors = {}, {}
        self._taken = set()
        self._nbytes = 0

    def forget_context(self, context: int) -> None:
        """The context of this id is no more."""
        self._readers.pop(context, None)

    def forget_contexts(self) -> None:
        """No context is left; what they computed stays."""
        self._readers.clear()
        self._warn = _unheard  # the other one refers to what refers to this

    def picture(self) -> Tensors:
        """What has been read so far."""
        return Tensors(self._tensors)

    def _name(self, reader: _Reader, index: int) -> str | None:
        """What an output is called; None for those that come when there are enough."""
        key = reader.model, reader.number, index
        if key not in self._names and len(self._names) < _KEPT_OUTPUTS:
            name = next(name for name in _candidates(reader, index) if name not in self._taken)
            self._names[key] = name
            self._taken.add(name)
        return self._names.get(key)


def _candidates(reader: _Reader, index: int) -> Iterator[str]:
    """What an output may be called, the best first; a model may name its outputs anything."""
    own = reader.outputs[index].name if index < len(reader.outputs) else ""
    name = own or f"output {index}"
    yield name
    place = f"{reader.model}/{reader.number}"
    yield f"{name} ({place})"
    for more in itertools.count(index):
        yield f"{name} ({place}, output {more})"


def _unheard(message: str) -> None:
    """Nothing is read any more."""
