"""A compiled guest: what ``%%wasinn`` and :func:`wasinn_nb.build` make, and a cell keeps."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Unpack

from wasinn_nb.guest.build.model import Abi, BuiltModule, Source, kind
from wasinn_nb.guest.modules import CompiledModule, Import
from wasinn_nb.guest.options import RunKeywords, RunOptions
from wasinn_nb.guest.run import Run
from wasinn_nb.nn.errors import InvalidArgument

if TYPE_CHECKING:
    from wasinn_nb.guest.exports.exports import Exports
    from wasinn_nb.guest.runner import Runner


class Guest:
    """A module that can be run any number of times, also at the same time.

    Attributes:
        name: what runs and messages call it.
        wasm: the binary.
        key: names the content: equal keys are equal modules.
        language: what it was written in, ``"wasm"`` for a prebuilt one.
        label: the cell it came from, as traps name it.
        built: how it was built, None for a prebuilt one.
        source: its source, for the line a trap points at.
    """

    def __init__(
        self,
        runner: Runner,
        wasm: bytes,
        *,
        name: str,
        key: str,
        built: BuiltModule | None = None,
        source: Source | None = None,
    ) -> None:
        self.wasm = wasm
        self.name = name
        self.key = key
        self.built = built
        self.source = source
        self.language = built.language if built else "wasm"
        self.label = built.label if built else name
        self._runner = runner
        self._exports: Exports | None = None
        self._watchers: list[Callable[[Guest, Run], object]] = []

    def __repr__(self) -> str:
        form = " component" if self.abi == "component" and not self.is_script else ""
        return f"<Guest {self.name}: {self.language}{form}, {len(self.wasm):,} bytes>"

    @property
    def abi(self) -> Abi:
        """``"component"``, or ``"core"`` for a core module."""
        return "component" if kind(self.wasm) == "component" else "core"

    @property
    def is_script(self) -> bool:
        """Whether it is the text of a cell, and its module runs any text of its language."""
        return self.built is not None and self.built.is_script

    def reset(self) -> bool:
        """Forget what earlier runs of a script have defined; returns whether there was anything.

        Raises:
            GuestError: a run of it goes on.
        """
        return self._runner.machines.forget(self.name)

    @property
    def module(self) -> CompiledModule:
        """The module as native code (compiled the first time it is asked for).

        Raises:
            GuestInvalid: it is no module or component.
        """
        return self._runner.modules.get(self.wasm)

    @property
    def imports(self) -> list[Import]:
        """What it needs from the host; of a component, whole interfaces."""
        return list(self.module.imports)

    @property
    def wat(self) -> str:
        """The module as WebAssembly text, which can be assembled again.

        Above instructions are the lines of the cell that they come from, as comments. A component
        is shown in outline, with the modules in it.

        Raises:
            InvalidWasm: it is damaged, or has an instruction that is unknown.
        """
        from wasinn_nb.guest.wat.printer import disassemble

        return disassemble(self.wasm, source=self.source).text

    @property
    def exports(self) -> Exports:
        """What it offers, as Python callables: ``guest.exports.classify(pixels)``.

        Made when it is first looked at; the instance behind it is made by the first call.
        """
        if self._exports is None:
            from wasinn_nb.guest.exports.exports import Exports

            self._exports = Exports(self, self._runner)
        return self._exports

    @property
    def is_library(self) -> bool:
        """Whether it has exports to call, and no main program to run."""
        return not (self.is_script or self.module.has_main)

    def replaced(self) -> None:
        """Another guest has its name now: its instance, if there is one, ends."""
        if self._exports is not None:
            self._exports.reset()

    def on_end(self, watcher: Callable[[Guest, Run], object]) -> None:
        """Have ``watcher(guest, run)`` called when a run ends, before who waits for it goes on.

        It is called in a thread of the run, and does not raise.
        """
        self._watchers.append(watcher)

    def ended(self, run: Run) -> None:
        """One of its runs has ended; for whoever runs it."""
        for watcher in self._watchers:
            watcher(self, run)

    def check(self, options: RunOptions) -> None:
        """Raise :class:`InvalidArgument` for an option that means nothing to such a guest."""
        if options.allow_http and (self.is_script or self.abi == "core"):
            what = f"a guest in {self.language}" if self.is_script else "a core module"
            raise InvalidArgument(
                f"--allow-http (allow_http) is of no use to {self.name}: {what} has no HTTP.",
                hint="Components have it that import wasi:http/outgoing-handler, such as C cells "
                "with --abi component and --wit.",
            )

    def run(self, **options: Unpack[RunKeywords]) -> Run:
        """Run to the end.

        Args:
            **options:
                args: argv[1:].
                env: environment variables; the guest sees no others.
                models: ``{what the guest says: registered name}``, the only models it may load;
                    None for all under their own names.
                dirs: ``{host: guest}`` or ``{host: (guest, "ro" | "rw")}``; read-only unless said.
                stdin: bytes or str.
                inputs: ``{name: value}`` for ``/in``: bytes, str, numpy arrays, Pillow images,
                    and paths of files (of an image: its pixels).
                outputs: names to be read back from ``/out``.
                timeout: seconds.
                memory_limit: MiB; half of what is free on the machine unless said, at most 4096.
                compat: dialect of the ABI: ``auto``, ``wasmedge``, ``wasmedge-0.14``,
                    ``wasmtime``, ``strict``.
                on_token, on_stdout, on_stderr: called with text as it comes, whole characters only,
                    in a thread of the run that has the caller's context.
                stream: False to not call ``on_token``.
                check: False to return a run that failed instead of raising.
                output_limit: bytes of standard output and error together (64 MiB).
                entry: the export to call, ``_start`` unless it is a library.
                allow_http: hosts that a component may send HTTP requests to: ``["example.org",
                    "*.example.org", "localhost:8080"]``, or ``["*"]`` for every one. Without a
                    port it is the scheme's own; ``"localhost:*"`` is every port.

        Raises:
            GuestError: it did not end well.
            InvalidArgument: an option that cannot be meant.
            KeyboardInterrupt: after stopping the run.
        """
        return self.start(**options).wait()

    async def run_async(self, **options: Unpack[RunKeywords]) -> Run:
        """As :meth:`run`, awaited; a cancelled task stops the run."""
        return await self.start(**options).wait_async(on_cancel=asyncio.CancelledError)

    def start(self, **options: Unpack[RunKeywords]) -> Run:
        """Start a run in a thread of its own and return at once."""
        return self._runner.start(self, RunOptions.checked(**options))


def _name_options(method: Callable[..., object]) -> None:
    """Put the options into the signature, which completion and ``?`` read."""
    given = inspect.signature(method)
    kind = inspect.Parameter.KEYWORD_ONLY
    options = [
        # the annotation as it is written
        inspect.Parameter(name, kind, default=..., annotation=getattr(say, "__forward_arg__", say))
        for name, say in RunKeywords.__annotations__.items()
    ]
    named = given.replace(parameters=[given.parameters["self"], *options])
    setattr(method, "__signature__", named)  # noqa: B010 - unknown to type checkers


for _method in (Guest.run, Guest.run_async, Guest.start):
    _name_options(_method)
