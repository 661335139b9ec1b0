"""C++ exceptions with Zig's compiler.

Zig ships libc++abi without exception support for WASI, and the sources of it. Four small objects
made from them supply the rest: allocation and throwing, the personality routine, the unwinder, and
the tag. libc++ itself stays compiled without exceptions: what throws inside its own prebuilt code
(``std::string::resize`` beyond its limit) aborts with a message.

The sources are laid out as in Zig 0.17; where they are not, :func:`objects` fails and C++ is built
without exceptions.
"""

from __future__ import annotations

from pathlib import Path

from wasinn_nb.guest.languages import ziglang
from wasinn_nb.guest.languages.base import CompileFailed, Toolchain, Workspace
from wasinn_nb.guest.languages.cfamily import stored_object
from wasinn_nb.nn.cancel import CancelToken

# The standard instructions (try_table, throw_ref), not the older proposal's that engines dropped.
ON = ("-fwasm-exceptions", "-mllvm", "-wasm-use-legacy-eh=false")
OFF = ("-fno-exceptions",)

_OPTIMISED = ("-O2", *ON)
_ABI_FLAGS = (
    "-std=c++23",
    "-D_LIBCPP_BUILDING_LIBRARY",
    "-D_LIBCXXABI_BUILDING_LIBRARY",
    "-DLIBCXX_BUILDING_LIBCXXABI",
    "-D_LIBCXXABI_HAS_NO_THREADS",
    "-D_LIBCPP_ENABLE_CXX17_REMOVED_UNEXPECTED_FUNCTIONS",
)
_UNWIND_FLAGS = ("-D_LIBUNWIND_HAS_NO_THREADS", "-D_LIBUNWIND_HIDE_SYMBOLS")
_INCLUDES = ("libcxxabi/include", "libcxxabi/src", "libcxx/src", "libcxx", "libunwind/include")
_SOURCES = (
    ("cxa_exception", "libcxxabi/src/cxa_exception.cpp", "c++", _ABI_FLAGS),
    ("cxa_personality", "libcxxabi/src/cxa_personality.cpp", "c++", _ABI_FLAGS),
    ("unwind", "libunwind/src/Unwind-wasm.c", "cc", _UNWIND_FLAGS),
)
_TAG = Path(__file__).with_name("eh_tag.s")


def objects(
    workdir: Workspace, toolchain: Toolchain, cancel: CancelToken | None
) -> tuple[str, ...]:
    """Paths of the four objects, compiled on first use.

    Raises:
        CompileFailed: this toolchain has no such sources, or cannot compile them.
        Cancelled: through ``cancel``.
    """
    if toolchain.name != "zig":
        raise CompileFailed("only Zig ships the sources of the C++ runtime")
    library = ziglang.library(toolchain)
    includes = tuple(part for name in _INCLUDES for part in ("-I", str(library / name)))
    made = []
    for name, path, command, flags in _SOURCES:
        source = library / path
        if not source.is_file():
            raise CompileFailed(f"{path} is missing")
        made.append(
            stored_object(
                workdir,
                toolchain,
                name,
                source,
                (*_OPTIMISED, *flags, *includes),
                command=command,
                cancel=cancel,
            )
        )
    made.append(stored_object(workdir, toolchain, "tag", _TAG, (), cancel=cancel))
    return tuple(made)
