"""Running a guest from a cell: build or find it, run it, show what comes, keep what is left."""

from __future__ import annotations

import sys
from collections.abc import MutableMapping
from typing import TYPE_CHECKING, Any

from IPython.core.error import UsageError
from IPython.display import display

from wasinn_nb.nn.errors import WasinnError
from wasinn_nb.nn.memory import format_bytes
from wasinn_nb.notebook import views
from wasinn_nb.notebook.commands import Call
from wasinn_nb.notebook.errors import render
from wasinn_nb.notebook.figures import figures
from wasinn_nb.notebook.job import Job
from wasinn_nb.notebook.parser import variable
from wasinn_nb.notebook.progress import ProgressLine
from wasinn_nb.notebook.pump import Pump
from wasinn_nb.notebook.shells import in_kernel
from wasinn_nb.notebook.text import html_line, printable

if TYPE_CHECKING:
    from wasinn_nb.guest.guest import Guest
    from wasinn_nb.guest.run import Run

_WARNINGS_SHOWN = 5


def build_and_run(call: Call, source: str, first_line: int) -> Any:
    """``%%wasinn``: returns None, or a line about the guest after ``--no-run``."""
    options = call.options
    progress = ProgressLine(call.shell)
    try:
        guest = call.host.build(
            source,
            language=options.language,
            name=options.name,
            label=f"In[{call.shell.displayhook.prompt_count}]",
            first_line=first_line,
            flags=options.flag,
            debug=options.debug,
            force=options.force,
            progress=progress.elapsed,
            cancel=call.cancel,
        )
    finally:
        progress.close()
    if guest.built is not None and guest.built.warnings:
        print(guest.built.warnings, file=sys.stderr)  # noqa: T201 - the compiler's remarks
    keep(call, guest)
    if options.no_run:
        return views.line(
            f"{guest.name}: {guest.language}, {format_bytes(len(guest.wasm))}, not run"
        )
    GuestCell(call, guest).run()
    return None


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
    return GuestCell(call, guest).run()


def keep(call: Call, guest: Guest) -> None:
    """Bind the guest to the variable that ``--name`` asks for."""
    if call.options.name:
        call.shell.user_ns[call.options.name] = guest


class GuestCell:
    """One run of a guest, shown in the cell whose thread creates this.

    Args:
        call: the magic's use, with all run options.
        guest: what to run.
    """

    def __init__(self, call: Call, guest: Guest) -> None:
        self._call = call
        self._guest = guest
        self._options = call.options
        self._namespace: MutableMapping[str, Any] = call.shell.user_ns
        self._run: Run | None = None
        self._progress: ProgressLine | None = None
        self._pump = Pump(
            self._generations,
            self._show_activity,
            frame_rate=call.preferences.frame_rate,
            stream=call.preferences.stream and not self._options.no_stream,
        )

    def run(self) -> Run:
        """Run to the end, or with ``--background`` return the running run.

        Raises:
            GuestError: the guest did not end well; what it printed was shown.
        """
        run = self._start()
        for name in {"_wasinn", self._options.result or "_wasinn"}:
            self._namespace[name] = run
        if self._options.background:
            Job(lambda _: self._follow(run), f"wasinn {run.name}").start()
            return run
        undo = self._call.cancel.on_cancel(lambda: run.cancel(self._call.cancel.reason))
        try:
            self._finish(run)
        finally:
            undo()
        return run

    def _start(self) -> Run:
        arguments = self._arguments()
        self._pump.start()
        try:
            self._run = self._guest.start(
                **arguments,
                on_token=self._pump.token,
                on_stdout=self._pump.stdout,
                on_stderr=self._pump.stderr,
            )
        except BaseException:
            self._pump.finish()
            raise
        return self._run

    def _finish(self, run: Run) -> None:
        try:
            run.wait()
        finally:
            self._pump.finish()
            if self._progress is not None:
                self._progress.close()
            self._namespace.update(run.outputs)
            self._show_end(run)

    def _follow(self, run: Run) -> None:
        """A background run: nobody waits, so how it ended is told in its cell."""
        try:
            self._finish(run)
        except WasinnError as error:
            print("\n".join(render(error)), file=sys.stderr)  # noqa: T201

    def _show_end(self, run: Run) -> None:
        if not (self._pump.at_line_start or in_kernel(self._call.shell)):
            print()  # noqa: T201 - a terminal's next prompt begins a line
        if run.tokens:
            text = figures(run)
            display({"text/plain": text, "text/html": html_line(text)}, raw=True)
        warnings = list(dict.fromkeys(run.warnings))
        for warning in warnings[:_WARNINGS_SHOWN]:
            print(f"warning: {printable(warning)}", file=sys.stderr)  # noqa: T201
        if len(warnings) > _WARNINGS_SHOWN:
            left = len(warnings) - _WARNINGS_SHOWN
            print(f"({left} more in _wasinn.warnings)", file=sys.stderr)  # noqa: T201

    def _show_activity(self) -> None:
        """What the guest waits for, while it waits: a model that is being loaded."""
        what, fraction = self._run.activity if self._run else ("", None)
        if what:
            self._progress = self._progress or ProgressLine(self._call.shell)
            self._progress(what, fraction)
        elif self._progress is not None:
            self._progress.close()
            self._progress = None

    def _generations(self) -> int:
        return sum(stream.generation for stream in self._run.streams) if self._run else 0

    def _arguments(self) -> dict[str, Any]:
        options, preferences = self._options, self._call.preferences
        read = self._call.namespace
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
        }
