"""C++, with exceptions where the toolchain can be given them."""

from __future__ import annotations

from dataclasses import replace

from wasinn_nb.guest.build.model import Diagnostic, Source
from wasinn_nb.guest.languages import cpp_hints, cxx_exceptions
from wasinn_nb.guest.languages.base import CompileFailed, Toolchain, Workspace
from wasinn_nb.guest.languages.cfamily import CFamily
from wasinn_nb.nn.cancel import CancelToken

_STANDARD = "-std=c++23"
_DISABLED = "with exceptions disabled"
_HINT = (
    "hint: exceptions are off, by a flag or because this toolchain cannot build them; "
    "the one that pip installs with wasinn-nb[c] can"
)


class Cpp(CFamily):
    """C++23; a flag of the user's such as ``-std=c++20`` comes later and wins."""

    def dialect(
        self, workdir: Workspace, toolchain: Toolchain, cancel: CancelToken | None
    ) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Exceptions where they can be had."""
        try:
            objects = cxx_exceptions.objects(workdir, toolchain, cancel)
        except CompileFailed:
            return (_STANDARD, *cxx_exceptions.OFF), ()
        return (_STANDARD, *cxx_exceptions.ON), objects

    def explain(self, stderr: str, source: Source) -> list[Diagnostic]:
        """Diagnostics at the cell's lines; a ``throw`` that cannot be built is explained."""
        return cpp_hints.with_headers(
            [
                replace(found, notes=(*found.notes, _HINT)) if _DISABLED in found.message else found
                for found in super().explain(stderr, source)
            ]
        )


LANGUAGE = Cpp(
    name="cpp",
    aliases=("c++", "cxx"),
    suffix=".cpp",
    command="c++",
    once="building the C++ library once",
    sample='#include <iostream>\nint main() { std::cout << "ready\\n"; }\n',
)
