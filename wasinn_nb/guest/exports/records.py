"""What calls of one instance tell, call by call; its models stay from one to the next."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from wasinn_nb.guest.models import FailedCall, Models, RunModels
from wasinn_nb.guest.present_log import PresentLog
from wasinn_nb.guest.tensors import Tensors
from wasinn_nb.guest.timeline import Timeline
from wasinn_nb.guest.tokens import RunStream, Transcript
from wasinn_nb.nn.backend import ExecutionContext
from wasinn_nb.nn.cancel import CancelToken


class CallTranscript(Transcript):
    """The text of one call; its streams may be those of contexts that earlier calls made.

    Args:
        each: keep tokens apart.
        streams: those that are there already.
    """

    def __init__(self, *, each: bool, streams: list[RunStream]) -> None:
        super().__init__(each=each)
        self.streams = streams
        self._before = {id(s): (s.total_tokens, s.generation) for s in streams}

    @property
    def active(self) -> list[RunStream]:
        """The streams that have generated in this call."""
        return [s for s in self.streams if (s.total_tokens, s.generation) != self._of(s)]

    @property
    def tokens(self) -> int:
        """Tokens of this call."""
        return sum(stream.total_tokens - self._of(stream)[0] for stream in self.streams)

    def _of(self, stream: RunStream) -> tuple[int, int]:
        return self._before.get(id(stream), (0, 0))


@dataclass(frozen=True, slots=True)
class CallRecord:
    """What one call has told, when it is over."""

    transcript: Transcript
    tensors: Tensors
    metadata: dict[str, Any]
    warnings: list[str]
    last_error: FailedCall | None
    bugs: list[str]


class LiveModels(RunModels):
    """The models of an instance: held for as long as the guest holds them, whatever call made them.

    Args:
        registry, aliases, holder, cancel, echo: as for a run.
    """

    def __init__(
        self,
        registry: Models,
        *,
        aliases: Mapping[str, str] | None,
        holder: str,
        cancel: CancelToken,
        echo: Callable[[bytes], None],
    ) -> None:
        self._log = PresentLog()
        self._told: Callable[[str, float | None], None] | None = None
        self._spoke: Callable[[], Any] = _nobody
        log: Any = self._log  # stands in for the timelines of all calls
        super().__init__(
            registry,
            aliases=aliases,
            holder=holder,
            cancel=cancel,
            timeline=log,
            echo=echo,
            progress=self._tell,
        )

    def begin(
        self, timeline: Timeline, progress: Callable[[str, float | None], None], *, each: bool
    ) -> None:
        """From now on everything belongs to another call."""
        self._log.present, self._told = timeline, progress
        self.transcript = CallTranscript(each=each, streams=list(self._streams.values()))
        self.warnings, self.bugs, self.last_error = [], [], None
        self._metadata = b""
        self._read.begin()

    def end(self) -> CallRecord:
        """The call is over; what it has told."""
        self._last_text = self._spoke() if self.transcript.active else None
        self._read_figures()
        self._log.present = self._told = None
        told = self.transcript, self.tensors, self.metadata
        return CallRecord(*told, self.warnings, self.last_error, self.bugs)

    def create_context(self, lease: Any) -> ExecutionContext:
        """A context, which later calls may use."""
        context = super().create_context(lease)
        if id(context) in self._streams:
            self._spoke, self._last_text = weakref.ref(context), None
        return context

    def _tell(self, what: str, fraction: float | None) -> None:
        if self._told is not None:
            self._told(what, fraction)


def _nobody() -> None:
    """The context that has generated last, where none has."""
