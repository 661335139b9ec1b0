"""``%wasinn`` and ``%%wasinn``: they parse, call one function over the host, return its value."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from IPython.core.error import UsageError
from IPython.core.magic import (
    cell_magic,
    line_magic,
    magics_class,
    needs_local_scope,
    no_var_expand,
)
from traitlets import observe

from wasinn_nb.notebook import verbs
from wasinn_nb.notebook.errors import presented
from wasinn_nb.notebook.parser import HelpRequested, MagicParser, did_you_mean, expand, split
from wasinn_nb.notebook.preferences import HOST_SETTINGS, Preferences

if TYPE_CHECKING:
    from wasinn_nb.api import Host
    from wasinn_nb.guest.exports.showing import Presentation
    from wasinn_nb.guest.options import RunOptions
    from wasinn_nb.guest.run import Run
    from wasinn_nb.nn.cancel import CancelToken
    from wasinn_nb.notebook.cells import Origin
    from wasinn_nb.notebook.commands import Call
    from wasinn_nb.notebook.job import Job

    Work = Callable[[CancelToken], Any]


@magics_class
class WasinnMagics(Preferences):
    """WebAssembly guests in cells, against models that stay loaded in this kernel."""

    shell: Any
    extension: Any = None
    raw_cell: Callable[[], str] = staticmethod(lambda: "")
    origin: Callable[[Sequence[str]], Origin | None] = staticmethod(lambda _above: None)
    host_used = False

    @property
    def host(self) -> Host:
        """This process's host, made on first use."""
        from wasinn_nb.api import host

        made = host()
        if not self.host_used:
            self.host_used = True
            self._configure(made)
            made.presenter = self._show_call
        return made

    def _show_call(self, run: Run, options: RunOptions) -> Presentation:
        """Begin to show a call of an export in the cell that runs now."""
        from wasinn_nb.notebook.calls import ShownCall

        return ShownCall(run, options, self.shell, self)

    def _configure(self, host: Host) -> None:
        wanted = {name: getattr(self, name) for name in HOST_SETTINGS}
        # Configuring makes parts of the host: not for settings that nobody changed.
        if any(getattr(host.settings, name) != value for name, value in wanted.items()):
            host.configure(**wanted)

    @observe(*HOST_SETTINGS)
    def _host_setting_changed(self, _change: Any) -> None:
        if self.host_used:
            self._configure(self.host)

    @no_var_expand
    @needs_local_scope
    @line_magic("wasinn")  # type: ignore[arg-type]
    def wasinn_line(self, line: str, local_ns: Mapping[str, Any] | None = None) -> Any:
        """One verb; see :func:`wasinn_nb.notebook.verbs.overview`."""
        with presented():
            job = self._line_job(line, local_ns or {})
            return job and job.start().wait()

    async def await_line(self, line: str) -> Any:
        """The same in an awaited cell."""
        with presented():
            job = self._line_job(line, {})
            return job and await job.start().wait_async()

    @no_var_expand
    @cell_magic("wasinn")  # type: ignore[arg-type]
    def wasinn_cell(self, line: str, cell: str) -> Any:
        """A guest's source; see :func:`wasinn_nb.notebook.verbs.cell`."""
        with presented():
            job = self._cell_job(line, cell)
            return job and job.start().wait()

    async def await_cell(self, line: str, cell: str) -> Any:
        """The same in an awaited cell."""
        with presented():
            job = self._cell_job(line, cell)
            return job and await job.start().wait_async()

    def _line_job(self, line: str, local_ns: Mapping[str, Any]) -> Job[Any] | None:
        """What does the line's verb; None if showing help was all there was to do."""
        verb, _, rest = line.strip().partition(" ")
        if verb in ("", "help", "-h", "--help"):
            print(verbs.overview())  # noqa: T201 - what the user asked to see
            return None
        known = verbs.verbs()
        if verb not in known:
            near = did_you_mean(verb, known) or f" Verbs are {', '.join(known)}."
            raise UsageError(f"There is no verb {verb!r}.{near} See `%wasinn --help`.")
        from wasinn_nb.notebook.dispatch import COMMANDS

        names = {**self.shell.user_ns, **local_ns}
        return self._job(COMMANDS[verb], known[verb], rest, names)

    def _cell_job(self, line: str, cell: str) -> Job[Any] | None:
        """What builds and runs the cell; None if showing help was all there was to do."""
        above = self._lines_above(cell)
        first_line = 2 if above is None else len(above) + 1
        origin = self.origin(above) if above else None

        def command(call: Call) -> Any:
            from wasinn_nb.notebook.cells import build_and_run

            return build_and_run(call, cell, first_line, origin)

        if not cell.strip() and not {"-h", "--help"} & set(line.split()):
            raise UsageError("The cell has no source: write the guest below the %%wasinn line.")
        return self._job(command, verbs.cell(), line, self.shell.user_ns)

    def _job(
        self,
        command: Callable[[Call], Any],
        parser: MagicParser,
        line: str,
        namespace: Mapping[str, Any],
    ) -> Job[Any] | None:
        try:
            options = parser.parse_words(expand(split(line), namespace, parser.naming))
        except HelpRequested as help_text:
            print(help_text.text)  # noqa: T201 - what the user asked to see
            return None
        from wasinn_nb.notebook.commands import Call
        from wasinn_nb.notebook.job import Job
        from wasinn_nb.notebook.notices import noticed

        host = self.host

        def work(cancel: CancelToken) -> Any:
            with noticed(host):
                return command(Call(self.shell, host, self, options, namespace, cancel))

        return Job(work, f"wasinn {parser.prog}")

    def _lines_above(self, cell: str) -> list[str] | None:
        """What the user's cell holds above the source; None if the source is not in it."""
        whole, body = self.raw_cell().rstrip(), cell.rstrip()
        return whole[: -len(body)].split("\n")[:-1] if body and whole.endswith(body) else None


# What `%wasinn?` and `%%wasinn?` show.
vars(WasinnMagics)["wasinn_line"].__doc__ = verbs.overview()
vars(WasinnMagics)["wasinn_cell"].__doc__ = verbs.cell().format_help()
