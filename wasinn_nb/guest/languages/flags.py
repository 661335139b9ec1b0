"""The user's compiler flags, made independent of the directory the compiler runs in."""

from __future__ import annotations

from pathlib import Path

# Options whose value is a file or directory, as the next argument or joined on.
_SEPARATE = ("-I", "-L", "-include", "-imacros", "-iquote", "-isystem", "-idirafter", "--embed-dir")
_JOINED = ("-I", "-L", "--embed-dir=")


def absolute(flags: tuple[str, ...], directory: Path) -> tuple[str, ...]:
    """``flags`` with every path that is relative to ``directory`` made absolute.

    Zig builds its C library anew for every relation between its own place and the directory it runs
    in, so it runs in one place always; users mean their own.
    """
    made: list[str] = []
    expected = False
    for flag in flags:
        if expected:
            made.append(str(directory / flag))
        elif flag in _SEPARATE:
            made.append(flag)
        elif joined := next((one for one in _JOINED if flag.startswith(one)), None):
            made.append(joined + str(directory / flag[len(joined) :]))
        elif not flag.startswith("-") and (directory / flag).exists():
            made.append(str(directory / flag))
        else:
            made.append(flag)
        expected = not expected and flag in _SEPARATE
    return tuple(made)
