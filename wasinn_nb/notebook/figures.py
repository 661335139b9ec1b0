"""The line of figures under a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wasinn_nb.nn.stream import StreamFigures
from wasinn_nb.notebook.text import count, duration, printable, rate

if TYPE_CHECKING:
    from wasinn_nb.guest.run import Run


def figures(run: Run) -> str:
    """What was generated and how fast; of several generations, the rates are of the last one."""
    parts = [count(run.tokens, "token")]
    if last := _last(run):
        if last.tokens_per_second:
            parts.append(rate(last.tokens_per_second))
        if last.time_to_first_token is not None:
            parts.append(f"first token after {duration(last.time_to_first_token)}")
        if last.prompt_total:
            evaluated = last.prompt_total - last.prompt_cached
            parts.append(
                f"prompt {count(evaluated, 'token')} evaluated, {last.prompt_cached:,} cached"
            )
        if last.finish_reason == "cancelled":
            parts.append("stopped")
        elif last.finish_reason:
            parts.append(f"ended by {printable(last.finish_reason)}")
    return " · ".join(parts)


def _last(run: Run) -> StreamFigures | None:
    snapshots = [stream.figures() for stream in run.streams]
    used = [snapshot for snapshot in snapshots if snapshot.tokens or snapshot.prompt_total]
    return used[-1] if used else None
