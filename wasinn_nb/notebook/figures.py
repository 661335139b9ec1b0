"""How a run stands and what it made, in one line: the same words live and afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

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
STATES: tuple[State, ...] = get_args(State)
ENDS: frozenset[State] = frozenset(("finished", "stopped", "failed"))

_REASONS = {
    "stop": "the text ended",
    "length": "the token limit",
    "context_full": "the context is full",
    "cancelled": "stopped",
    "error": "failed",
}
_CANCELLED = {"stop": "", "interrupt": "interrupted", "unload": "stopped to unload its model"}
_LONGEST_REASON = 300
_SIGNS = {"finished": "\u2713", "stopped": "\u25a0", "failed": "\u2715"}


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

    @property
    def sign(self) -> str:
        """A mark for how it ended; empty while it goes on."""
        return _SIGNS.get(self.state, "")

    def line(self) -> str:
        """It as a line of text."""
        return _joined(self.label, self.words())

    def words(self) -> str:
        """The line without the label."""
        if self.state not in ENDS:
            return _joined(*self._doing(), *self._speed())
        if not (self.tokens or self.prompt_total):
            return _joined(self.state, self.reason)
        evaluated = count(max(self.prompt_done - self.prompt_cached, 0), "token")
        prompt = f"prompt {evaluated} evaluated, {self.prompt_cached:,} cached"
        made = [count(self.tokens, "token"), *self._speed()]
        return _joined(*made, prompt if self.prompt_total else "", self.reason or self.state)

    def _doing(self) -> list[str]:
        if self.state in ("building", "loading"):
            return [activity_text(self.activity, self.fraction, self.elapsed)]
        if self.state == "prompt":
            return [f"reading the prompt, {self.prompt_done:,} of {self.prompt_total:,} tokens"]
        if self.state == "running":
            return [f"running {duration(self.elapsed)}"]
        if self.state == "generating":
            return [f"generating {count(self.tokens, 'token')}"]
        return [self.state]

    def _speed(self) -> list[str]:
        if self.state not in ENDS and self.state != "generating":
            return []
        parts = [rate(self.rate)] if self.rate else []
        if self.first_token is not None:
            parts.append(f"first token after {duration(self.first_token)}")
        return parts


def _joined(*parts: str) -> str:
    return " · ".join(printable(part) for part in parts if part)


def activity_text(what: str, fraction: float | None, seconds: float) -> str:
    """What takes long: ``reading story.gguf 40 % (1.3 s)``."""
    done = "" if fraction is None else f" {fraction * 100:.0f} %"
    return f"{printable(what)}{done} ({duration(seconds)})"


def of_run(run: Run) -> Standing:
    """How a run stands that has generated nothing."""
    elapsed = run.duration
    if run.done:
        return Standing(state=_end(run), elapsed=elapsed, reason=_run_reason(run))
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
        predict_limit=_limit(stream, seen),
        rate=seen.tokens_per_second,
        first_token=seen.time_to_first_token,
        elapsed=run.duration,
        reason=_stream_reason(run, seen) if state in ENDS else "",
    )


def _limit(stream: RunStream, seen: StreamFigures) -> int:
    """The most tokens there will be, counted as those that there are; -1 for no limit."""
    limit = stream.predict_limit
    return limit if limit < 0 else stream.total_tokens - seen.tokens + limit


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
        prompt_done=seen.prompt_done,
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
    """Why a context's generations ended: by themselves, or with the run."""
    finished = _finish_reason(seen)
    if not run.done or run.state == "finished":
        return finished
    ended = _ended(run) or "stopped"
    if run.state == "stopped" and seen.finish_reason not in ("", "cancelled"):
        return f"{finished} · {ended}"
    return ended


def _run_reason(run: Run) -> str:
    """What is to be said beside the state of a run that is done."""
    after = f"after {duration(run.duration)}"
    return _joined(_ended(run), after)


def _ended(run: Run) -> str:
    """Why a run did not end by itself, where its state does not say that."""
    if run.state == "stopped":
        reason = run.cancelled_reason
        return _CANCELLED.get(reason, reason)
    if run.state == "failed" and run.error is not None:
        return run.error.message.split("\n", 1)[0][:_LONGEST_REASON]
    return ""


def _finish_reason(seen: StreamFigures) -> str:
    return _REASONS.get(seen.finish_reason, seen.finish_reason)
