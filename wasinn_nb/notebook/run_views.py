"""How a run looks, with what it read and what its time went to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from wasinn_nb.guest.timeline import time_text
from wasinn_nb.nn.memory import format_bytes
from wasinn_nb.nn.tensor import Tensor, shape_text
from wasinn_nb.nn.types import TensorType
from wasinn_nb.notebook.figures import figures
from wasinn_nb.notebook.text import Table, count, duration, html_line, printable

if TYPE_CHECKING:
    from wasinn_nb.guest.run import Run
    from wasinn_nb.guest.tensors import Tensors
    from wasinn_nb.guest.timeline import Timeline

_TENSORS_SHOWN = 100
_VALUES_SHOWN = 10


def run_text(run: Run) -> str:
    """A run in one line: how it ended, or that it goes on, and what it made."""
    parts: list[str] = [run.state]
    if run.exit_code is not None:
        parts.append(f"exit code {run.exit_code}")
    parts.append(figures(run) if run.tokens else duration(run.duration))
    if run.tensors:
        parts.append(f"read {printable(run.tensors.short())}")
    return f"{printable(run.name)}: {', '.join(parts)}"


def run_html(run: Run) -> str:
    """The same in a line of HTML."""
    return html_line(run_text(run))


def tensors_text(tensors: Tensors) -> str:
    """What a guest read: names, types, shapes and the first values."""
    return _tensors(tensors).text()


def tensors_html(tensors: Tensors) -> str:
    """The same as an HTML table."""
    return _tensors(tensors).html()


def timeline_text(timeline: Timeline) -> str:
    """What the time went to, in total and per function."""
    return f"{_parts(timeline).text()}\n\n{_calls(timeline).text()}"


def timeline_html(timeline: Timeline) -> str:
    """The same as HTML tables."""
    return _parts(timeline).html() + _calls(timeline).html()


def _tensors(tensors: Tensors) -> Table:
    title = ""
    if len(tensors) > _TENSORS_SHOWN:
        title = f"the first {_TENSORS_SHOWN} of {count(len(tensors), 'output')}"
    table = Table(("output", "dtype", "shape", "values"), title=title)
    table.empty = "The guest has read no tensors."
    for name in list(tensors)[:_TENSORS_SHOWN]:
        tensor = tensors.tensor(name)
        values = ", ".join(_values(tensor))
        table.rows.append((name, tensor.type.dtype, shape_text(tensor.dims), values))
    return table


def _values(tensor: Tensor) -> Iterator[str]:
    """The first elements as text."""
    import numpy as np

    flat = tensor.numpy().reshape(-1)
    first: Any = flat[:_VALUES_SHOWN]
    if tensor.type is TensorType.BF16:  # the upper half of a float32
        first = (first.astype(np.uint32) << 16).view(np.float32)
    for value in first.tolist():
        yield f"{value:.4g}" if isinstance(value, float) else str(value).lower()
    if flat.size > _VALUES_SHOWN:
        yield "..."


def _parts(timeline: Timeline) -> Table:
    summary = timeline.summary()
    table = Table(("where", "time", "share"), title=timeline.title)
    for name, seconds in summary.lines():
        # a table's cells keep no spaces at their beginning
        shown = name.replace("  ", "- ")
        table.rows.append((shown, time_text(seconds), summary.share(seconds)))
    return table


def _calls(timeline: Timeline) -> Table:
    table = Table(
        ("call", "times", "time", "each", "bytes"), empty="No wasi-nn function was called."
    )
    for name, totals in timeline.totals.items():
        seconds, each = totals.duration, totals.duration / totals.count
        nbytes = format_bytes(totals.bytes) if totals.bytes else ""
        row = (name, f"{totals.count:,}", time_text(seconds), time_text(each), nbytes)
        table.rows.append(row)
    return table
