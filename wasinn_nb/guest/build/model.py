"""What goes into a build and what comes out of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from wasinn_nb.nn.errors import WasinnError

Severity = Literal["error", "warning"]
Abi = Literal["core", "component"]

_MAGIC = b"\0asm"
_CORE_VERSION = b"\x01\x00\x00\x00"
# A component gives its version in 16 bits, then layer 1 (component-model, Binary.md).
_COMPONENT_LAYER = b"\x01\x00"


@dataclass(frozen=True, slots=True)
class Source:
    """A guest's source, as a cell holds it.

    Attributes:
        text: the source itself, without the magic's line.
        language: a name or alias of a language: ``"c"``, ``"cpp"``, ``"zig"``, ``"wat"``, ``"js"``.
        label: what diagnostics and traps call it, for example ``"In[7]"``. It is not part of the
            build: the same text under another label is the same module.
        first_line: the number of the text's first line as the user counts (2 below a magic's line).
        flags: further arguments for the compiler, after ours.
        debug: build without optimisation and with run-time checks (UBSan for C and C++).
        abi: ``"component"`` to make a component of what is built. A script is one anyway.
        wit: a text in WIT with one world: what the component exports, typed. Only with that ABI.
    """

    text: str
    language: str
    label: str = "cell"
    first_line: int = 1
    flags: tuple[str, ...] = ()
    debug: bool = False
    abi: Abi = "core"
    wit: str = ""

    def line(self, number: int) -> str | None:
        """The text of line ``number`` in the user's numbering, or None outside the source."""
        index = number - self.first_line
        lines = self.text.split("\n")
        return lines[index].rstrip("\r") if 0 <= index < len(lines) else None


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One remark of a compiler, at a line of the cell.

    Attributes:
        severity: ``"error"`` or ``"warning"``.
        message: what is wrong, in the compiler's words or ours.
        line: the user's line number, None when the remark has no place in the cell.
        column: 1-based, counted in characters; None when unknown.
        source_line: the text of that line.
        notes: what the compiler added, and what to do about it.
    """

    severity: Severity
    message: str
    line: int | None = None
    column: int | None = None
    source_line: str | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class BuiltModule:
    """A module that is ready to be compiled to native code.

    Attributes:
        wasm: the binary.
        key: names the content: equal keys are equal modules, whatever the label. Hexadecimal.
        language: the canonical name of the language, ``"wasm"`` for a prebuilt guest.
        from_cache: no compiler ran.
        build_seconds: how long this call took.
        warnings: what the compiler warned about, ready to be shown; empty when nothing.
        label: the source's label, for :func:`wasinn_nb.guest.build.relabel.relabel`.
        remarks: the warnings one by one, at the source's lines.
        is_script: ``wasm`` runs any source of the language, and is to be given this one.
    """

    wasm: bytes = field(repr=False)
    key: str
    language: str
    from_cache: bool
    build_seconds: float
    warnings: str
    label: str
    remarks: tuple[Diagnostic, ...] = field(default=(), repr=False)
    is_script: bool = False


class InvalidWasm(WasinnError):  # noqa: N818 - named after the fault
    """The bytes are not a WebAssembly binary."""


def kind(wasm: bytes) -> Literal["module", "component"]:
    """Tell a core module from a component by its header.

    Raises:
        InvalidWasm: it is neither.
    """
    if not wasm:
        raise InvalidWasm("The guest is empty (0 bytes).")
    if not wasm.startswith(_MAGIC):
        if wasm.lstrip()[:1] == b"(":
            raise InvalidWasm(
                "This is WebAssembly text, not a binary.", hint="Put it in a %%wasinn wat cell."
            )
        raise InvalidWasm(
            f"This is not a WebAssembly binary: it begins with {bytes(wasm[:4])!r}, "
            "a module begins with b'\\x00asm'."
        )
    version, layer = bytes(wasm[4:8]), bytes(wasm[6:8])
    if len(version) < 4:
        raise InvalidWasm(f"The WebAssembly binary ends after {len(wasm)} bytes.")
    if version == _CORE_VERSION:
        return "module"
    if layer == _COMPONENT_LAYER:
        return "component"
    raise InvalidWasm(
        f"The WebAssembly binary has version {int.from_bytes(version, 'little'):#x}; "
        "known are core modules of version 1 and components."
    )
