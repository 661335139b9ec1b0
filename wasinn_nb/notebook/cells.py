"""Running a guest from a cell: build or find it, run it, show what comes, keep what is left."""

from __future__ import annotations

import sys
from collections.abc import Mapping, MutableMapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from IPython.core.error import UsageError
from IPython.display import display

from wasinn_nb.guest.build.errors import BuildError
from wasinn_nb.nn.errors import Cancelled, WasinnError
from wasinn_nb.nn.memory import format_bytes
from wasinn_nb.notebook import views
from wasinn_nb.notebook.calls import told
from wasinn_nb.notebook.commands import Call
from wasinn_nb.notebook.errors import render
from wasinn_nb.notebook.figures import Standing, figures
from wasinn_nb.notebook.job import Job
from wasinn_nb.notebook.parser import variable
from wasinn_nb.notebook.progress import CLICK, ProgressLine, SlotProgress, cancellable
from wasinn_nb.notebook.pump import Pump
from wasinn_nb.notebook.shells import in_kernel
from wasinn_nb.notebook.text import html_line, printable
from wasinn_nb.notebook.widgets.display import RunSlots, Slot

if TYPE_CHECKING:
    from wasinn_nb.guest.guest import Guest
    from wasinn_nb.guest.languages.base import Progress as BuildProgress
    from wasinn_nb.guest.run import Run
    from wasinn_nb.guest.tokens import RunStream

_WARNINGS_SHOWN = 5


class Origin(Protocol):
    """The cell that a source stands in, and what it is told of its builds; from any thread."""

    def refused(self, error: BuildError) -> None:
        """The source does not build."""

    def built(self, guest: Guest) -> None:
        """It does."""


def build_and_run(call: Call, source: str, first_line: int, origin: Origin | None = None) -> Any:
    """``%%wasinn``: returns None, or a line about the guest after ``--no-run``."""
    options = call.options
    slot = _first_slot(call)
    try:
        guest = _build(call, slot, source, first_line)
    except BuildError as error:
        if origin is not None:
            origin.refused(error)
        raise
    if origin is not None:
        origin.built(guest)
    if guest.built is not None and guest.built.warnings:
        print(guest.built.warnings, file=sys.stderr)  # noqa: T201 - the compiler's remarks
    keep(call, guest)
    if options.no_run:
        return views.line(
            f"{guest.name}: {guest.language}, {format_bytes(len(guest.wasm))}, not run"
        )
    if guest.is_library:
        guest.exports.configure(**run_arguments(call))
        return views.line(told(guest, options.name))
    if options.name and not guest.is_script:
        guest.exports.configure(**{**run_arguments(call), "outputs": ()})
    GuestCell(call, guest, slot).run()
    return None


def _first_slot(call: Call) -> Slot | None:
    """The slot for what comes first; None where text is all there is, or was asked for."""
    surface = call.surface
    if not surface.slots or call.options.no_stream or not call.preferences.streams:
        return None
    return Slot(surface, lambda: call.cancel.cancel(CLICK))


def _build(call: Call, slot: Slot | None, source: str, first_line: int) -> Guest:
    options = call.options

    def build(progress: BuildProgress) -> Guest:
        return call.host.build(
            source,
            language=options.language,
            name=options.name,
            label=f"In[{call.shell.displayhook.prompt_count}]",
            first_line=first_line,
            flags=options.flag,
            debug=options.debug,
            abi=options.abi,
            wit=_wit(options.wit, call.namespace),
            force=options.force,
            progress=progress,
            cancel=call.cancel,
        )

    if slot is None:
        with call.progress("the build") as line:
            guest = build(line.elapsed)
            if not guest.is_script:
                call.host.runner.modules.get(guest.wasm, cancel=call.cancel)
            return guest
    shown = SlotProgress(slot)
    try:
        with cancellable(call.cancel, "the build"):
            guest = build(shown.elapsed)
            if not guest.is_script:
                call.host.runner.modules.get(guest.wasm, cancel=call.cancel)
    except BaseException as error:
        shown.end("stopped" if isinstance(error, Cancelled) else "failed")
        raise
    if options.no_run or guest.is_library:
        shown.end("finished")
    return guest


def _wit(given: str | None, namespace: Mapping[str, Any]) -> str:
    """The text that ``--wit`` names: that of a variable, or of a file."""
    if not given:
        return ""
    if given.removeprefix("$") in namespace and isinstance(
        text := namespace[given.removeprefix("$")], str
    ):
        return text
    try:
        return Path(given).expanduser().read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no text"
        raise UsageError(
            f"--wit: {given} is no variable with a text, and no file that can be read: {reason}."
        ) from None


def run_file(call: Call) -> Run:
    """``%wasinn run``."""
    file = call.options.file
    if file.startswith("$"):
        wasm: Any = bytes(variable(file, call.namespace, "FILE.wasm"))
        guest = call.host.load_guest(wasm, name=call.options.name)
    elif file in call.host.guests:
        guest = call.host.guests[file]
    else:
        guest = call.host.load_guest(file, name=call.options.name)
    keep(call, guest)
    return GuestCell(call, guest, _first_slot(call)).run()


def keep(call: Call, guest: Guest) -> None:
    """Bind the guest to the variable that ``--name`` asks for."""
    if call.options.name:
        call.shell.user_ns[call.options.name] = guest


def run_arguments(call: Call) -> dict[str, Any]:
    """What the options of a magic mean to :meth:`wasinn_nb.guest.guest.Guest.run`."""
    options, preferences = call.options, call.preferences
    read = call.namespace
    stdin = variable(options.stdin, read, "--stdin") if options.stdin else None
    if stdin is not None and not isinstance(stdin, (str, bytes, bytearray)):
        raise UsageError(
            f"--stdin: {options.stdin} is a {type(stdin).__name__}; give str or bytes."
        )
    inputs = {name.removeprefix("$"): variable(name, read, "--in") for name in options.inputs}
    return {
        "args": options.args,
        "env": dict(options.env),
        "models": None if options.model is None else dict(options.model),
        "dirs": dict(options.dir),
        "stdin": stdin,
        "inputs": inputs,
        "outputs": options.outputs,
        "timeout": options.timeout or preferences.timeout,
        "memory_limit": options.memory_limit or preferences.memory_limit_mib,
        "output_limit": options.output_limit << 20 if options.output_limit else None,
        "compat": options.compat or preferences.compat,
        "allow_http": options.allow_http,
    }


class GuestCell:
    """One run of a guest, shown in the cell whose thread creates this.

    Args:
        call: the magic's use, with all run options.
        guest: what to run.
        slot: what shows it, as far as it generates; None for text.
    """

    def __init__(self, call: Call, guest: Guest, slot: Slot | None) -> None:
        self._call = call
        self._guest = guest
        self._options = call.options
        self._namespace: MutableMapping[str, Any] = call.shell.user_ns
        self._slot = slot

    def run(self) -> Run:
        """Run to the end, or with ``--background`` return the running run.

        Raises:
            GuestError: the guest did not end well; what it printed was shown.
        """
        run = self._start()
        pump = self._pump(run).start()
        for name in {"_wasinn", self._options.result or "_wasinn"}:
            self._namespace[name] = run
        if self._options.background:
            Job(lambda _: self._follow(run, pump), f"wasinn {run.name}").start()
            return run
        undo = self._call.cancel.on_cancel(lambda: run.cancel(self._reason()))
        try:
            self._finish(run, pump)
        finally:
            undo()
        return run

    def _start(self) -> Run:
        try:
            return self._guest.start(**run_arguments(self._call))
        except BaseException:
            if self._slot is not None and self._slot.shown:
                self._slot.end(Standing(state="failed", reason="the run could not begin"))
            raise

    def _pump(self, run: Run) -> Pump:
        rate = self._call.preferences.paints
        if self._slot is None:
            stream = self._call.preferences.streams and not self._options.no_stream
            line = ActivityLine(self._call.shell, run)
            return Pump(run, line, frame_rate=rate, stream=stream, inline=True)
        slots = RunSlots(run, self._call.surface, run.cancel, first=self._slot)
        if self._options.background and self._call.surface.live:
            slots.open()
        return Pump(run, slots, frame_rate=rate)

    def _reason(self) -> str:
        """Why the cell was cancelled; a click that came before the run is one of Stop."""
        reason = self._call.cancel.reason
        return "stop" if reason == CLICK else reason

    def _finish(self, run: Run, pump: Pump) -> None:
        try:
            run.wait()
        finally:
            pump.finish()
            self._namespace.update(run.outputs)
            self._show_end(run, pump)

    def _follow(self, run: Run, pump: Pump) -> None:
        """A background run: nobody waits, so how it ended is told in its cell."""
        try:
            self._finish(run, pump)
        except WasinnError as error:
            print("\n".join(render(error)), file=sys.stderr)  # noqa: T201

    def _show_end(self, run: Run, pump: Pump) -> None:
        if not (pump.at_line_start or in_kernel(self._call.shell)):
            print()  # noqa: T201 - a terminal's next prompt begins a line
        if run.tokens and self._slot is None:
            text = figures(run)
            display({"text/plain": text, "text/html": html_line(text)}, raw=True)
        warnings = list(dict.fromkeys(run.warnings))
        for warning in warnings[:_WARNINGS_SHOWN]:
            print(f"warning: {printable(warning)}", file=sys.stderr)  # noqa: T201
        if len(warnings) > _WARNINGS_SHOWN:
            left = len(warnings) - _WARNINGS_SHOWN
            print(f"({left} more in _wasinn.warnings)", file=sys.stderr)  # noqa: T201


class ActivityLine:
    """A run where text is all there is: what it waits for, such as a model that is being loaded."""

    def __init__(self, shell: Any, run: Run) -> None:
        self._shell = shell
        self._run = run
        self._line: ProgressLine | None = None

    def write(self, text: str, stream: RunStream, generation: int) -> None:
        """Streams are printed."""

    def frame(self) -> bool:
        """Show it while it lasts."""
        what, fraction = self._run.activity
        if what:
            self._line = self._line or ProgressLine(self._shell)
            self._line(what, fraction)
        else:
            self.end()
        return True

    def end(self) -> None:
        """It is over."""
        if self._line is not None:
            self._line.close()
            self._line = None
