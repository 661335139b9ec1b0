"""How a run ended, in the user's words."""

from __future__ import annotations

import re
from dataclasses import replace

from wasinn_nb.guest.build.relabel import relabel
from wasinn_nb.guest.errors import (
    GuestError,
    GuestExit,
    GuestOutOfMemory,
    GuestOutputLimit,
    GuestStopped,
    GuestTimeout,
    GuestTrap,
)
from wasinn_nb.guest.guest import Guest
from wasinn_nb.guest.languages import asc_traces, go_traces, wat_lines
from wasinn_nb.guest.native import GuestFailure
from wasinn_nb.guest.options import RunOptions
from wasinn_nb.guest.run import OUTPUT_LIMIT, TIMEOUT, Run, State
from wasinn_nb.guest.trap import ABORT, NO_ROOM, Trap, parse_trap
from wasinn_nb.guest.words import plain
from wasinn_nb.nn.errors import Cancelled, WasinnError

_NEARLY = 0.75
_LAST_WORDS = 4096
_TRACE = 1 << 16
_LONGEST_LINE, _MOST_LINES = 1000, 200
_PANIC = re.compile(
    r"panicked at .*?(?=\nnote: |\Z)"  # Rust
    r"|Assertion failed: [^\n]*"  # C
    r"|panic: [^\n]*",  # Zig, Go
    re.DOTALL,
)
_RUNTIME = re.compile(r"(^|/)(rustc/|library/(std|core|alloc|panic)|libc/|~lib/|lib/std/|\.cargo/)")
_WORDS_OF_REFUSAL = ("exceeds memory limits", "GC heap out of memory", NO_ROOM)
_WORDS_OF_EXHAUSTION = ("out of memory", "memory allocation of", "bad_alloc", "cannot allocate")


def conclude(
    run: Run,
    guest: Guest,
    options: RunOptions,
    failure: BaseException | None,
    *,
    memory_size: int = 0,
) -> tuple[State, GuestError | None]:
    """The final state of a run and the error to raise, if any.

    Args:
        run: with its exit code, output and last error in place; its trap is set here.
        guest: what ran.
        options: of the run.
        failure: what ended the call into the guest; None if the guest ended itself.
        memory_size: bytes of the guest's memory at the end.
    """
    # what was printed last may pass the limit when the guest has ended already
    if failure is None and run.exit_code == 0 and run.token.reason != OUTPUT_LIMIT:
        return "finished", None
    if run.token.cancelled or isinstance(failure, Cancelled):
        return _stopped(run, options)
    return "failed", _failed(run, guest, options, failure, memory_size)


def _failed(
    run: Run,
    guest: Guest,
    options: RunOptions,
    failure: BaseException | None,
    memory_size: int,
) -> GuestError:
    if isinstance(failure, GuestError):
        return failure
    if isinstance(failure, WasinnError):
        return GuestError(failure.message, hint=failure.hint)
    text = failure.text if isinstance(failure, GuestFailure) else ""
    if failure is not None and not text:
        return GuestError(f"The run met an internal error of the host: {failure!r}.")
    if text:
        run.trap = _trap(guest, text)
        if run.trap.kind == ABORT:
            run.trap = asc_traces.aborted(run.trap, _said(guest, run), guest.label) or run.trap
    if _exhausted(run, options, memory_size, text):
        return _out_of_memory(options)
    if run.trap is not None:
        return GuestTrap(_trap_message(guest, run, run.trap), trap=run.trap)
    code = run.exit_code or 0
    run.trap = _panic(guest, run, code)
    if run.trap is not None:
        return GuestTrap(_trap_message(guest, run, run.trap, "panicked"), trap=run.trap)
    return GuestExit(
        "\n".join([f"The guest exited with code {code}.", *_last_error(run)]), code=code
    )


def _stopped(run: Run, options: RunOptions) -> tuple[State, GuestError]:
    reason = run.token.reason
    if reason == TIMEOUT:
        text = f"The guest was stopped after {options.timeout:g} s, the timeout."
        return "failed", GuestTimeout(text, hint="Give it more with --timeout.")
    if reason == OUTPUT_LIMIT:
        text = f"The guest was stopped: it printed more than {options.output_limit:,} bytes."
        return "failed", GuestOutputLimit(text, hint="Give it more with --output-limit.")
    words = {
        "stop": "The run was stopped.",
        "interrupt": "The run was interrupted.",
        "unload": "The run was stopped to unload a model that it used.",
    }
    return "stopped", GuestStopped(
        words.get(reason, f"The run was stopped ({reason})."), reason=reason
    )


def _trap(guest: Guest, text: str) -> Trap:
    # names in a backtrace are the guest's, of any length
    text = "\n".join(plain(line, _LONGEST_LINE) for line in text.split("\n")[:_MOST_LINES])
    trap = parse_trap(relabel(text, guest.built) if guest.built else text, guest.label)
    if guest.language == "wat":
        return _in_text(trap, guest)
    if guest.language == "go" and guest.source is not None and not trap.line:
        return replace(trap, line=go_traces.declared(trap, guest.source))
    return trap


def _panic(guest: Guest, run: Run, code: int) -> Trap | None:
    """What a language's own run-time says of why it ended the program."""
    if code == asc_traces.EXIT:
        return asc_traces.aborted(Trap(ABORT), _said(guest, run), guest.label)
    return go_traces.panicked(code, _said(guest, run), guest.label)


def _said(guest: Guest, run: Run) -> str:
    """The end of what it printed to standard error, with the cell called by its label."""
    said = run.stderr_bytes[-_TRACE:].decode("utf-8", "replace")
    return relabel(said, guest.built) if guest.built else said


def _in_text(trap: Trap, guest: Guest) -> Trap:
    """A trap of a text, whose module knows no lines: at the function that it is in."""
    if guest.source is None or not trap.frames:
        return trap
    begins = wat_lines.position(guest.wasm, trap.frames[0].offset, guest.source.text)
    if begins is None:
        return trap
    return replace(trap, line=begins.line + guest.source.first_line - 1, column=begins.column)


def _trap_message(guest: Guest, run: Run, trap: Trap, did: str = "trapped") -> str:
    place = f" at {guest.label}:{trap.line}" if trap.line else ""
    if trap.line and guest.language in ("wat", "go") and did == "trapped":
        place = f" in the function{place}"
    if not place and not guest.is_script:  # whose frames are its interpreter's
        place = _foreign_place(trap)
    why = trap.kind if trap.kind != ABORT else _last_words(guest, run) or trap.kind
    hint = f" {trap.hint}" if trap.hint else ""
    lines = [f"The guest {did}{place}: {why.rstrip('.')}.{hint}"]
    text = guest.source.line(trap.line) if guest.source and trap.line else None
    if text is not None:
        lines.append(f"{trap.line:5d} | {text}")
    return "\n".join([*lines, *_last_error(run)])


def _foreign_place(trap: Trap) -> str:
    """Where a guest without a cell trapped: its own code, not its language's run-time."""
    for frame in trap.frames:
        if frame.file and not _RUNTIME.search(frame.file):
            return f" in {frame}"
    if trap.frames and trap.kind != ABORT:
        return f" in {trap.frames[0]}"
    return ""


def _last_words(guest: Guest, run: Run) -> str:
    """What a guest that aborted said last on standard error: a panic or a failed assertion."""
    said = run.stderr_bytes[-_LAST_WORDS:].decode("utf-8", "replace")
    found = list(_PANIC.finditer(said))
    words = plain(" ".join(found[-1][0].split()), _LAST_WORDS) if found else ""
    return relabel(words, guest.built) if guest.built else words


def _last_error(run: Run) -> list[str]:
    return [f"The last wasi-nn call that failed: {run.last_error}"] if run.last_error else []


def _exhausted(run: Run, options: RunOptions, memory_size: int, text: str) -> bool:
    """Whether the memory limit is what ended the guest, as far as can be seen from outside."""
    if any(words in text for words in _WORDS_OF_REFUSAL):
        return True
    said = run.stderr_bytes[-_LAST_WORDS:].decode("utf-8", "replace").lower()
    limit = options.memory_limit
    grown = limit is not None and memory_size >= _NEARLY * (limit << 20)
    return grown or any(words in said for words in _WORDS_OF_EXHAUSTION)


def _out_of_memory(options: RunOptions) -> GuestOutOfMemory:
    return GuestOutOfMemory(
        f"The guest ran out of its {options.memory_limit} MiB of memory.",
        hint="Give it more with --memory-limit.",
    )
