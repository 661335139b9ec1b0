"""WebAssembly text, assembled in this process by wasmtime."""

from __future__ import annotations

import re
from functools import cache
from importlib.metadata import version
from pathlib import Path

from wasinn_nb.guest.build.model import Diagnostic, Source, kind
from wasinn_nb.guest.languages.base import Compiled, CompileFailed, Progress, Toolchain, Workspace
from wasinn_nb.guest.languages.wat_lines import position
from wasinn_nb.nn.cancel import CancelToken

# `message`, then a line ` --> <anon>:3:5`, then an excerpt.
_PLACE = re.compile(r"^\s*--> [^\n]*?:(\d{1,9}):(\d{1,9})\s*$", re.MULTILINE)
_OFFSET = re.compile(r"\(at offset 0x([0-9a-f]{1,8})\)")


@cache
def _toolchain() -> Toolchain:
    return Toolchain("wasmtime", version("wasmtime"))


def _placed(message: str, wasm: bytes, text: str) -> str:
    """A validation error in the assembler's own form, at the function that it is in."""
    match = _OFFSET.search(message)
    found = position(wasm, int(match[1], 16), text) if match else None
    if match is None or found is None:
        return message
    what = message[: match.start()].rstrip()
    return f"in this function: {what}\n --> <anon>:{found.line}:{found.column}\n"


class Wat:
    """The WebAssembly text format."""

    name = "wat"
    aliases = ("wast",)
    install = "pip install wasmtime"
    sample = ""

    def detect(self) -> Toolchain | None:
        """Wasmtime is what guests run on, so it is always there."""
        return _toolchain()

    def ready(self, toolchain: Toolchain, toolchains: Path) -> bool:
        """There is nothing to prepare."""
        del toolchain, toolchains
        return True

    def build(
        self,
        source: Source,
        workdir: Workspace,
        toolchain: Toolchain,
        *,
        progress: Progress | None,
        cancel: CancelToken | None,
    ) -> Compiled:
        """Assemble; see :class:`~wasinn_nb.guest.languages.base.Language`."""
        from wasmtime import Engine, Module, WasmtimeError, wat2wasm

        del workdir, toolchain, progress, cancel
        if source.flags:
            raise CompileFailed("error: a wat cell takes no compiler flags")
        text = "\n" * (source.first_line - 1) + source.text
        try:
            wasm = bytes(wat2wasm(text.encode("utf-8", "replace")))
        except WasmtimeError as error:
            raise CompileFailed(str(error)) from None
        if kind(wasm) == "module":
            engine = Engine()
            try:
                Module.validate(engine, wasm)
            except WasmtimeError as error:
                raise CompileFailed(_placed(str(error), wasm, text)) from None
            finally:
                engine.close()
        return Compiled(wasm)

    def explain(self, stderr: str, source: Source) -> list[Diagnostic]:
        """One diagnostic: the assembler stops at the first error."""
        message = stderr.strip().split("\n", 1)[0].removeprefix("error: ")
        match = _PLACE.search(stderr)
        if match is None:
            return [Diagnostic("error", message)] if message else []
        line = int(match[1])
        return [Diagnostic("error", message, line, int(match[2]), source.line(line))]


LANGUAGE = Wat()
