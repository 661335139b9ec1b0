"""The picture of a timeline."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from wasinn_nb.guest.timeline import (
    BACKEND,
    GUEST,
    HOST,
    WHO,
    Part,
    Summary,
    Timeline,
    part_of,
    time_text,
    unit_of,
)
from wasinn_nb.nn.errors import UnsupportedOperation

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

# told apart by people who see few colours, and seen on white as on black
_COLOURS = {
    Part.GUEST: "#3b8fd4",
    Part.START: "#8c8c8c",
    Part.CALLS: "#e08e0b",
    Part.MODELS: "#b868a8",
    Part.COMPUTE: "#1fa187",
}
_GREY, _OTHER_GREY = "#808080", "#7f7f7f"
_ROWS = {GUEST: 2, HOST: 1, BACKEND: 0}
_FEWEST_COLUMNS = 100
_HEIGHT = 0.8
_LEAST = 0.06  # of the height, so that the shortest call leaves a mark
_NOISE = 1e-7  # of a column, from adding up floating-point numbers


def draw(timeline: Timeline, axes: Any = None) -> Any:
    """Draw a band each for the guest, the host and the backend over the time of the run.

    The picture is made of columns as wide as a pixel. A column is filled as high as the share of
    its time that the part took: the area is in proportion to the time, however many calls there
    are, and a band that is half full was busy half of the time.

    Args:
        axes: to draw into; those of a new figure if None.

    Returns:
        The axes.

    Raises:
        UnsupportedOperation: matplotlib is not installed.
    """
    import numpy as np

    try:
        plt = importlib.import_module("matplotlib.pyplot")
    except ImportError:
        raise UnsupportedOperation(
            "Plotting a timeline needs matplotlib, which is not installed.",
            hint='Install it with: %pip install "wasinn-nb[plot]". '
            "Without it, run.timeline.summary() has the figures.",
        ) from None
    own = axes is None
    if own:
        _, axes = plt.subplots(figsize=(9, 2.8), layout="constrained")
    summary = timeline.summary()
    columns = max(_FEWEST_COLUMNS, round(axes.get_window_extent().width))
    edges = np.linspace(0.0, max(timeline.bounds()[2], 1e-9), columns + 1)
    shares = _shares(timeline, edges)
    bases = {who: np.full(columns, float(row)) for who, row in _ROWS.items()}
    for part, seconds in summary.parts.items():
        if not seconds:
            continue
        base = bases[WHO[part]]
        top = bases[WHO[part]] = base + _HEIGHT * shares[part]
        label = f"{part}: {time_text(seconds)}"
        axes.stairs(top, edges, baseline=base, fill=True, color=_COLOURS[part], label=label)
    axes.set_yticks([row + _HEIGHT / 2 for row in _ROWS.values()], _labels(summary))
    axes.set_ylim(-0.1, len(_ROWS))
    axes.set_xlim(0.0, edges[-1])
    axes.tick_params(axis="y", length=0)
    axes.spines[["left", "right", "top"]].set_visible(False)
    unit, factor = unit_of(edges[-1])
    axes.xaxis.set_major_formatter(lambda seconds, _: f"{seconds * factor:.6g}")
    axes.set_xlabel(f"time since the run started ({unit})")
    axes.set_title(f"{timeline.title}: {time_text(summary.total)}".removeprefix(": "))
    axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False)
    if own:
        _suit_any_theme(axes)
    return axes


def _suit_any_theme(axes: Any) -> None:
    """No ground, and greys that are seen on white as on black.

    Of two greys, since Jupyter puts a ground of its own under figures whose ticks are all alike.
    """
    axes.figure.set_facecolor("none")
    axes.set_facecolor("none")
    axes.tick_params(axis="x", color=_GREY, labelcolor=_GREY)
    axes.tick_params(axis="y", labelcolor=_OTHER_GREY)
    axes.spines["bottom"].set_color(_GREY)
    for text in (axes.title, axes.xaxis.label, *axes.get_legend().get_texts()):
        text.set_color(_GREY)


def _labels(summary: Summary) -> list[str]:
    seconds = {who: summary.of(who) for who in _ROWS}
    return [f"{who}\n{time_text(s)}, {summary.share(s)}" for who, s in seconds.items()]


def _shares(timeline: Timeline, edges: Floats) -> dict[Part, Floats]:
    """How much of every column each part took, 0 to 1, what is not nothing being visible."""
    import numpy as np

    times: dict[Part, list[float]] = {part: [0.0] for part in Part}
    busy: dict[Part, list[float]] = {part: [0.0] for part in Part}
    for event in timeline.events:
        part = part_of(event.call)
        times[part] += event.start, event.start + event.duration
        busy[part] += 0.0, event.duration
    for chunk in timeline.chunks:
        for part, seconds in chunk.parts.items():
            times[part] += chunk.start, chunk.end
            busy[part] += 0.0, seconds
    # seconds of each part until every edge
    spent = {part: np.interp(edges, times[part], np.cumsum(busy[part])) for part in Part}
    entered, left, _ = timeline.bounds()
    spent[Part.GUEST] = np.clip(edges, entered, left) - entered - sum(spent.values())
    spent[Part.START] = np.minimum(edges, entered) + np.maximum(edges - left, 0.0)
    return {part: _visible(np.diff(until) / edges[1]) for part, until in spent.items()}


def _visible(share: Floats) -> Floats:
    import numpy as np

    return np.where(share > _NOISE, np.clip(share, _LEAST, 1.0), 0.0)
