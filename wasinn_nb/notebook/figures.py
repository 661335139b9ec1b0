"""How a run stands and what it made, in one line: the same words live and afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from wasinn_nb.nn.stream import StreamFigures, StreamState
from wasinn_nb.notebook.text import count, duration, printable, rate

if TYPE_CHECKING:
    from wasinn_nb.guest.run import Run
    from wasinn_nb.guest.tokens import RunStream

State = Literal[
    "waiting",
    "building",
    "loading",
    "prompt",
    "generating",
    "running",
    "finished",
    "stopped",
    "failed",
]
ENDS: frozenset[State] = frozenset(("finished", "stopped", "failed"))

_REASONS = {
    "stop": "the text ended",
    "length": "the token limit",
    "context_full": "the context is full",
    "cancelled": "stopped",
    "error": "failed",
}
_LONGEST_REASON = 300


@dataclass(frozen=True, slots=True)
class Standing:
    """What is told of a run or of one of its contexts; see the traits of ``TokenStream``."""

    label: str = ""
    state: State = "waiting"
    activity: str = ""
    fraction: float | None = None
    prompt_done: int = 0
    prompt_total: int = 0
    prompt_cached: int = 0
    tokens: int = 0
    predict_limit: int = -1
    rate: float | None = None
    first_token: float | None = None
    elapsed: float = 0.0
    reason: str = ""

    def words(self) -> str:
        """It as a line of text."""
        parts = [self.label, *self._doing(), *self._made()]
        if self.state in ENDS:
            parts.append(self.reason)
        return " · ".join(printable(part) for part in parts if part)

    def _doing(self) -> list[str]:
        if self.state in ("building", "loading"):
            return [activity_text(self.activity, self.fraction, self.elapsed)]
        if self.state == "prompt":
            return [f"reading the prompt, {self.prompt_done:,} of {self.prompt_total:,} tokens"]
        if self.state == "running":
            return [f"running {duration(self.elapsed)}"]
        return ["waiting"] if self.state == "waiting" else []

    def _made(self) -> list[str]:
        if not self.tokens:
            return []
        doing = "generating " if self.state == "generating" else ""
        parts = [doing + count(self.tokens, "token")]
        if self.rate:
            parts.append(rate(self.rate))
        if self.first_token is not None:
            parts.append(f"first token after {duration(self.first_token)}")
        if self.prompt_total and self.state in ENDS:
            evaluated = self.prompt_total - self.prompt_cached
            parts.append(
                f"prompt {count(evaluated, 'token')} evaluated, {self.prompt_cached:,} cached"
            )
        return parts


def activity_text(what: str, fraction: float | None, seconds: float) -> str:
    """What takes long: ``reading story.gguf 40% (1.3 s)``."""
    done = "" if fraction is None else f" {fraction:.0%}"
    return f"{printable(what)}{done} ({duration(seconds)})"


def of_run(run: Run) -> Standing:
    """How a run stands that has generated nothing."""
    elapsed = run.duration
    if run.done:
        return Standing(state=_end(run), elapsed=elapsed, reason=_run_reason(run, elapsed))
    what, fraction = run.activity
    if what:
        return Standing(state="loading", activity=what, fraction=fraction, elapsed=elapsed)
    if run.entered is None:
        return Standing(state="building", activity="preparing the guest", elapsed=elapsed)
    return Standing(state="running", elapsed=elapsed)


def of_stream(run: Run, stream: RunStream, *, latest: bool) -> Standing:
    """How one context of a run stands.

    Args:
        run: the run.
        stream: the context's stream, which has begun a generation.
        latest: whether it is the one that generated last.
    """
    seen = stream.figures()
    done = run.done
    state = _end(run) if done else _stream_state(seen.state)
    if not done and latest and state in ENDS:
        # the run goes on, and whether this context generates again is not known
        state = "loading" if run.activity[0] else "running"
    what, fraction = run.activity if state == "loading" else ("", None)
    return Standing(
        label=label(run, stream),
        state=state,
        activity=what,
        fraction=fraction,
        prompt_done=seen.prompt_done,
        prompt_total=seen.prompt_total,
        prompt_cached=seen.prompt_cached,
        tokens=stream.total_tokens,
        predict_limit=stream.predict_limit,
        rate=seen.tokens_per_second,
        first_token=seen.time_to_first_token,
        elapsed=run.duration,
        reason=_stream_reason(run, seen) if state in ENDS else "",
    )


def label(run: Run, stream: RunStream) -> str:
    """The model's name; of one that the guest brought along, without the run's own name."""
    return stream.label.removeprefix(f"{run.name}/")


def figures(run: Run) -> str:
    """What was generated and how fast; of several generations, the rates are of the last one."""
    used = [stream for stream in run.streams if stream.generation]
    if not used:
        return count(run.tokens, "token")
    seen = used[-1].figures()
    return Standing(
        state="finished",
        prompt_total=seen.prompt_total,
        prompt_cached=seen.prompt_cached,
        tokens=run.tokens,
        rate=seen.tokens_per_second,
        first_token=seen.time_to_first_token,
        reason=_finish_reason(seen),
    ).words()


def _stream_state(state: StreamState) -> State:
    if state is StreamState.PROMPT:
        return "prompt"
    if state is StreamState.GENERATING:
        return "generating"
    return "failed" if state is StreamState.FAILED else "finished"


def _end(run: Run) -> State:
    if run.state == "stopped":
        return "stopped"
    return "failed" if run.state == "failed" else "finished"


def _stream_reason(run: Run, seen: StreamFigures) -> str:
    finished = _finish_reason(seen)
    if not run.done or run.state == "finished":
        return finished
    if run.state == "stopped" and seen.finish_reason not in ("", "cancelled"):
        return f"{finished} · {_run_reason(run, None)}"
    return _run_reason(run, None)


def _run_reason(run: Run, elapsed: float | None) -> str:
    """Why a run ended."""
    after = "" if elapsed is None else f" after {duration(elapsed)}"
    if run.state == "stopped":
        reason = run.cancelled_reason
        words = {"stop": "stopped", "interrupt": "interrupted"}.get(reason, f"stopped ({reason})")
        return words + after
    if run.state == "failed" and run.error is not None:
        first = run.error.message.split("\n", 1)[0]
        return f"failed{after}: {first[:_LONGEST_REASON]}"
    return f"finished{after}"


def _finish_reason(seen: StreamFigures) -> str:
    return _REASONS.get(seen.finish_reason, seen.finish_reason)
