"""AssemblyScript. The package ``wasi_nn`` of the SDK is there to be imported.

The console, ``process`` and the rest of what the standard library takes from JavaScript is the
SDK's ``wasi.ts``. The source is compiled below as many empty lines as the cell has above it, so the
compiler's lines and columns are the user's; its source map becomes debug information, for traps.
"""

from __future__ import annotations

import base64
import json
from pathlib import Path

from wasinn_nb.guest.build import relabel
from wasinn_nb.guest.build.model import Diagnostic, Source
from wasinn_nb.guest.languages import asc_hints, asc_toolchain, diagnostics, source_map
from wasinn_nb.guest.languages.asc_process import SERVICE, Command
from wasinn_nb.guest.languages.base import (
    Compiled,
    CompileFailed,
    Progress,
    Toolchain,
    Workspace,
    throttled,
)
from wasinn_nb.nn.cancel import CancelToken

_FILE = f"{relabel.STEM}.ts"
_OPTIMISED = "-O"
# Who asks for these wants speed rather than lines of traps.
_SPEED = ("-O", "--optimize")
# With these the module is elsewhere, or there is none.
_FOREIGN = ("-o", "--outFile", "-t", "--textFile", "-b", "--bindings", "--noEmit", "--config")
_HELP = ("-h", "--help", "-v", "--version")


class AssemblyScript:
    """The AssemblyScript language."""

    name = "assemblyscript"
    aliases = ("as", "asc")
    install = asc_toolchain.INSTALL
    sample = 'console.log("");\n'

    def detect(self) -> Toolchain | None:
        """The user's AssemblyScript, or one that can be installed."""
        return asc_toolchain.detect()

    def ready(self, toolchain: Toolchain, toolchains: Path) -> bool:
        """Whether the compiler is installed."""
        return asc_toolchain.ready(toolchain, toolchains)

    def build(
        self,
        source: Source,
        workdir: Workspace,
        toolchain: Toolchain,
        *,
        progress: Progress | None,
        cancel: CancelToken | None,
    ) -> Compiled:
        """Compile; see :class:`~wasinn_nb.guest.languages.base.Language`."""
        for flag in source.flags:
            if flag.split("=")[0] in (*_FOREIGN, *_HELP):
                raise CompileFailed(f"error: {flag} cannot be used here: a cell becomes a module\n")
        home = asc_toolchain.home(toolchain, workdir, progress=progress, cancel=cancel)
        library = workdir.sdk / "assemblyscript"
        own = json.loads((library / "asconfig.json").read_text(encoding="utf-8"))["options"]
        flags = [
            *("--sourceMap", "--debug", "--exportStart", own["exportStart"]),
            *(part for alias in own["use"] for part in ("--use", alias)),
            *(() if source.debug else (_OPTIMISED,)),
            *source.flags,
        ]
        text = source.text.removeprefix("\ufeff").encode("utf-8", "replace").decode()
        answer = SERVICE.ask(
            Command(toolchain.path or Path("node"), home, workdir.toolchains / "node"),
            {
                "text": "\n" * (source.first_line - 1) + text,
                "cwd": str(workdir.cwd),
                "library": str(library),
                "flags": flags,
                "fast": any(flag.startswith(_SPEED) for flag in source.flags),
            },
            cancel=cancel,
            on_tick=throttled(progress, "compiling"),
        )
        log = workdir.scrub(answer["log"], toolchain)
        if answer["wasm"] is None:
            raise CompileFailed(log)
        wasm = base64.b64decode(answer["wasm"])
        if not wasm.startswith(b"\0asm"):
            raise CompileFailed(f"{log}\nerror: the flags given make no WebAssembly module\n")
        if answer["map"]:
            wasm = source_map.with_lines(wasm, answer["map"], _FILE)
        return Compiled(wasm, log, tuple(Path(used) for used in answer["used"]))

    def explain(self, stderr: str, source: Source) -> list[Diagnostic]:
        """Diagnostics at the cell's lines."""
        return asc_hints.with_hints(diagnostics.explain(stderr, source, _FILE))


LANGUAGE = AssemblyScript()
