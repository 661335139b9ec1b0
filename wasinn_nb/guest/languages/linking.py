"""What a linker's message means, in plain words, and where in the cell the symbol is used."""

from __future__ import annotations

import re

from wasinn_nb.guest.build.model import Diagnostic, Severity, Source

_UNDEFINED = re.compile(r"(?:.*: )?undefined symbol: (?P<symbol>.+)")
_DUPLICATE = re.compile(r"(?:.*: )?duplicate symbol: (?P<symbol>.+)")
_MISMATCH = re.compile(r"function signature mismatch: (?P<symbol>.+)")
_LIBRARY = re.compile(r"unable to find (?:dynamic|static)? ?system library \"(?P<name>[^\"]*)\".*")
_OPTION = re.compile(r"unknown (?:clang option|argument:?):? ?['\"](?P<option>[^'\"]*)['\"].*")
_NO_ENTRY = re.compile(r"entry symbol not defined")
_ZIG_MAIN = "pub fn main() !void, or give -fno-entry for a guest that is a library"
_C_MAIN = (
    "int main(void) or int main(int argc, char **argv), "
    "or export_name(...) functions for a guest that is a library"
)
_DISK = re.compile(r"NoSpaceLeft|No space left on device|ENOSPC")
# The last name before a parameter list: `ns::f<int>(char const*)` is called as `f`.
_NAME = re.compile(r"([A-Za-z_$][\w$]*)(?:<[^()]*>)?(?:\(.*|\s*)$")
_NOISE = re.compile(r"//[^\n]*|/\*.*?\*/|\"(?:\\.|[^\"\\\n])*\"", re.DOTALL)
_STATEMENT = re.compile(
    r"(?:\b(?:return|else|do|throw|case|co_return|co_await|sizeof)|[^\w\s*&>]|^)\s*$"
)

_HINTS: tuple[tuple[re.Pattern[str], str], ...] = (
    (
        re.compile(
            r"load(?:_by_name(?:_with_config)?)?|init_execution_context|set_input|get_output(?:_single)?"
            r"|compute(?:_single)?|fini_single|unload|finalize_execution_context"
        ),
        'this is a function of the host: #include "wasi_nn.h", which declares its import',
    ),
    (
        re.compile(r"__cxa_.*|__cpp_exception|_Unwind_.*"),
        "C++ exceptions are switched off in this build",
    ),
    (
        re.compile(r"pthread_.*|thrd_.*"),
        "a guest has one thread; there is nothing to link for more",
    ),
    (
        re.compile(r"fork|exec[lv]p?e?|system|popen|kill|wait(?:pid)?|getuid|socket|connect"),
        "WASI has no such call: a guest sees no processes, users or sockets",
    ),
)


def explain(message: str, severity: Severity, source: Source) -> Diagnostic:
    """A remark that names no line: from the linker, or about the command."""
    if match := _UNDEFINED.fullmatch(message):
        return _undefined(match["symbol"].strip(), source)
    if _NO_ENTRY.search(message):
        return _no_main(source)
    if match := _MISMATCH.fullmatch(message):
        name = _bare(match["symbol"])
        line = _use_of(name, source)
        text = f"{name} is called with other parameter or result types than it is defined with"
        return _at(severity, text, line, name, source)
    if match := _DUPLICATE.fullmatch(message):
        return Diagnostic(severity, f"{_bare(match['symbol'])} is defined twice")
    if match := _LIBRARY.fullmatch(message):
        hint = "the directory of a library of your own can be given with -L"
        return Diagnostic(
            severity, f"there is no library {match['name']} for WASI", notes=(f"hint: {hint}",)
        )
    if match := _OPTION.fullmatch(message):
        return Diagnostic(severity, f"the compiler does not know the option {match['option']}")
    if _DISK.search(message):
        return Diagnostic(severity, "the disk is full: the compiler could not write its output")
    return Diagnostic(severity, message)


def _no_main(source: Source) -> Diagnostic:
    hint = _ZIG_MAIN if source.language == "zig" else _C_MAIN
    return Diagnostic("error", "there is no main function", notes=(f"hint: define {hint}",))


def _undefined(symbol: str, source: Source) -> Diagnostic:
    name = _bare(symbol)
    hint = next((hint for pattern, hint in _HINTS if pattern.fullmatch(name)), "")
    if name == "main":
        return _no_main(source)
    line = _use_of(name, source)
    if line is None:
        text = f"undefined symbol: {symbol}: used but defined nowhere"
    else:
        text = f"undefined symbol: {symbol}: used in your cell but not defined"
    hint = hint or "define it, or name the library that has it with -l"
    return _at("error", text, line, name, source, f"hint: {hint}")


def _at(
    severity: Severity, text: str, line: int | None, name: str, source: Source, *notes: str
) -> Diagnostic:
    shown = source.line(line) if line is not None else None
    column = shown.find(name) + 1 if shown is not None else 0
    return Diagnostic(severity, text, line, column or None, shown, notes)


def _bare(symbol: str) -> str:
    """The identifier in a demangled symbol."""
    match = _NAME.search(symbol)
    return match[1] if match else symbol


def _use_of(name: str, source: Source) -> int | None:
    """The user's number of the first line that uses ``name``, else of one that declares it."""
    code = _NOISE.sub(lambda noise: re.sub(r"[^\n]", " ", noise[0]), source.text)
    declared: int | None = None
    for match in re.finditer(rf"(?<![\w$]){re.escape(name)}(?![\w$])", code):
        start = code.rfind("\n", 0, match.start()) + 1
        line = source.first_line + code.count("\n", 0, start)
        if _STATEMENT.search(code[start : match.start()]):
            return line
        if declared is None:
            declared = line
    return declared
