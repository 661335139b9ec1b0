"""C++, with exceptions where the toolchain can be given them."""

from __future__ import annotations

from wasinn_nb.guest.languages import cxx_exceptions
from wasinn_nb.guest.languages.base import CompileFailed, Toolchain, Workspace
from wasinn_nb.guest.languages.cfamily import CFamily
from wasinn_nb.nn.cancel import CancelToken

_STANDARD = "-std=c++23"


class Cpp(CFamily):
    """C++23; a flag of the user's such as ``-std=c++20`` comes later and wins."""

    def dialect(
        self, workdir: Workspace, toolchain: Toolchain, cancel: CancelToken | None
    ) -> tuple[tuple[str, ...], tuple[str, ...], str]:
        """Exceptions, or the remark that there are none."""
        try:
            objects = cxx_exceptions.objects(workdir, toolchain, cancel)
        except CompileFailed:
            return (
                (_STANDARD, *cxx_exceptions.OFF),
                (),
                "warning: this toolchain cannot build C++ exceptions; they are off\n",
            )
        return (_STANDARD, *cxx_exceptions.ON), objects, ""


LANGUAGE = Cpp(
    name="cpp",
    aliases=("c++", "cxx"),
    suffix=".cpp",
    command="c++",
    once="building the C++ library once",
    sample='#include <iostream>\nint main() { std::cout << "ready\\n"; }\n',
)
