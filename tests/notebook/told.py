"""A run without a guest: a test says what is printed and generated."""

from __future__ import annotations

from types import SimpleNamespace

from wasinn_nb.guest.run import Run
from wasinn_nb.guest.stdio import TextReader
from wasinn_nb.guest.tokens import RunStream, Transcript


class Lines:
    """An output stream of a guest."""

    def __init__(self):
        self.chunks = []

    @property
    def data(self):
        return b"".join(self.chunks)

    def follow(self):
        return TextReader(self.chunks)


class ToldRun(Run):
    """It does what it is told to, in the test's thread."""

    def __init__(self, name="told #1"):
        super().__init__(name)
        self.transcript = Transcript()
        self.lines = SimpleNamespace(stdout=Lines(), stderr=Lines())
        models = SimpleNamespace(
            transcript=self.transcript, warnings=[], last_error=None, metadata={}, bugs=[]
        )
        self.attach(self.lines, models)
        self.timeline.entered = self.started
        self.state = "running"

    def context(self, label="model"):
        """Another execution context; returns its stream."""
        stream = RunStream(label)
        self.transcript.streams.append(stream)
        return stream

    def generates(self, stream, *pieces, prompt=3, finish="stop"):
        """A whole generation of a context."""
        stream.begin_prompt(prompt)
        stream.prompt_progress(prompt)
        for piece in pieces:
            stream.push(piece.encode())
        if finish:
            stream.finish(finish)

    def prints(self, text, channel="stdout"):
        getattr(self.lines, channel).chunks.append(text.encode())

    def ends(self, state="finished", error=None):
        """The end of it."""
        self.transcript.since(0, final=True)
        self.finish(state, error, lambda _: None)
        return self
