"""One run of a script: its cell in a live component."""

from __future__ import annotations

from collections.abc import Callable

from wasinn_nb.guest.build.render import excerpt
from wasinn_nb.guest.errors import GuestOutOfMemory, GuestRaised
from wasinn_nb.guest.guest import Guest
from wasinn_nb.guest.models import RunModels
from wasinn_nb.guest.modules import CompiledModule
from wasinn_nb.guest.options import RunOptions
from wasinn_nb.guest.sandbox import Sandbox
from wasinn_nb.guest.scripts.machine import Machine
from wasinn_nb.guest.scripts.machines import Machines
from wasinn_nb.guest.scripts.world import Case, Cell, Uncaught
from wasinn_nb.guest.stdio import Stdio
from wasinn_nb.guest.words import plain
from wasinn_nb.nn.cancel import CancelToken

_LONGEST_WAIT = 3600.0
_LONGEST_LINE, _MOST_FRAMES, _LONGEST_REPORT = 1000, 20, 200
_EXHAUSTED = ("InternalError: out of memory", "MemoryError")


class ScriptInstance:
    """Everything native of one run, as :class:`wasinn_nb.guest.instance.Instance` for modules."""

    def __init__(
        self,
        machines: Machines,
        module: CompiledModule,
        guest: Guest,
        models: RunModels,
        cancel: CancelToken,
    ) -> None:
        self._machines = machines
        self._module = module
        self._guest = guest
        self._models = models
        self._cancel = cancel
        self._machine: Machine | None = None
        self._sandbox: Sandbox | None = None

    def run(
        self,
        name: str,
        options: RunOptions,
        sandbox: Sandbox,
        stdio: Stdio,
        entered: Callable[[], None],
    ) -> int:
        """Run the cell and what it left to be done later; returns its exit code.

        Raises:
            GuestError: an exception that it did not catch, or another run has its state.
            GuestFailure: a trap.
            Cancelled: stopped between two of its callbacks.
        """
        del name
        machine, lost = self._machines.take(self._kept, self._module, options)
        self._machine = machine
        if lost:
            self._models.warn(f"{self._kept} starts afresh: {lost}.")
        self._sandbox = sandbox
        if machine.folders is not None:
            machine.folders.lend(sandbox)
        machine.relay.attach(self._models, sandbox, stdio, self._cancel)
        self._cancel.raise_if_cancelled()
        entered()
        outcome = machine.run(cell_of(self._guest, options), self._cancel)
        while outcome.name == "waiting":
            self._cancel.wait(min(outcome.value, _LONGEST_WAIT))
            self._cancel.raise_if_cancelled()
            outcome = machine.step(self._cancel)
        self._cancel.raise_if_cancelled()
        return self._ended(outcome, options, machine.relay.reported)

    def memory_size(self) -> int:
        """0: a component's memories are its own."""
        return 0

    def close(self) -> None:
        """Free what the run held; what its cell defined stays, if it has a name."""
        machine, self._machine = self._machine, None
        if machine is None:
            return
        try:
            machine.end_run()
            if machine.folders is not None and self._sandbox is not None:
                machine.folders.take_back(self._sandbox)
        except BaseException:
            machine.close()  # the next run would find what this one has left
            raise
        finally:
            kept = self._machines.give_back(self._kept, machine)
        if self._kept is not None and not kept:
            self._models.warn(
                f"What the cells of {self._kept} have defined is gone: the run was ended in the "
                "middle of its code. The next one starts afresh."
            )

    @property
    def _kept(self) -> str | None:
        """The name under which the state is kept."""
        return self._guest.name if self._guest.name != self._guest.label else None

    def _ended(self, outcome: Case, options: RunOptions, report: str) -> int:
        if outcome.name in {"raised", "syntax"}:
            found = Uncaught.read(outcome.value)
            if found.message.startswith(_EXHAUSTED):
                raise GuestOutOfMemory(
                    f"The guest ran out of its {options.memory_limit} MiB of memory.",
                    hint="Give it more with --memory-limit.",
                )
            raise raised(self._guest, found, report)
        return int(outcome.value) if outcome.name == "exit" else 0


def cell_of(guest: Guest, options: RunOptions) -> Cell:
    """A script as its component is given it."""
    source = guest.source
    if source is None:
        raise ValueError("a script without its source")
    return Cell(
        source.text, guest.label, source.first_line, options.args, tuple(options.env.items())
    )


def raised(guest: Guest, found: Uncaught, report: str = "") -> GuestRaised:
    """The error for what a cell did not catch.

    Args:
        guest: what ran.
        found: what the cell's component says of it.
        report: all of it as the language prints it, where it does.
    """
    message = "\n".join(plain(line, _LONGEST_LINE) for line in found.message.split("\n"))
    place = guest.label
    if found.line:
        place += f":{found.line}" + (f":{found.column}" if found.column else "")
    if report:
        lines = [f"{place}: {message.partition(chr(10))[0]}"]
        lines += _shortened([plain(line, _LONGEST_LINE) for line in report.split("\n")])
    else:
        lines = [f"{place}: {message}", *_shown(guest, found)]
    return GuestRaised(
        "\n".join(lines), said=message, line=found.line, column=found.column, trace=found.trace
    )


def _shown(guest: Guest, found: Uncaught) -> list[str]:
    """The line that an exception is at, and the functions it came through."""
    text = guest.source.line(found.line) if guest.source and found.line else None
    lines = [] if text is None else excerpt(found.line, found.column or None, text)
    frames = [plain(frame, _LONGEST_LINE) for frame in found.trace[:_MOST_FRAMES]]
    if len(frames) > 1:
        lines += [f"  at {frame}" for frame in frames]
    return lines


def _shortened(report: list[str]) -> list[str]:
    """A report without its middle, if it is long: how it began and how it ended tell most."""
    if len(report) <= _LONGEST_REPORT:
        return report
    half = _LONGEST_REPORT // 2
    return [*report[:half], f"  [{len(report) - 2 * half} lines]", *report[-half:]]
