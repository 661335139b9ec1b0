"""Write the header with which C calls `wasi:nn` and `wasinn:llm` as components do.

`python -m scripts.bindings` makes `wasinn_nb/sdk/include/wasi_nn_component.h` from the WIT files.
"""

from __future__ import annotations

from pathlib import Path

from wasinn_nb.guest.bindings import of_interfaces
from wasinn_nb.guest.wit import shipped

HEADER = Path(__file__).resolve().parents[1] / "wasinn_nb/sdk/include/wasi_nn_component.h"
SNAPSHOT = "0.2.0-rc-2024-10-28"
INTERFACES = (
    *(f"wasi:nn/{name}@{SNAPSHOT}" for name in ("tensor", "errors", "inference", "graph")),
    *(f"wasinn:llm/{name}@0.1.0" for name in ("errors", "models")),
)
INTRO = """\
wasi_nn_component.h: wasi:nn (0.2.0-rc-2024-10-28) and wasinn:llm (0.1.0) for C and C++.

For cells that are built with --abi component and want the interfaces of components as they are.
Made from wasinn_nb/wit; what is called nn_ is of wasi:nn, what is called llm_ of wasinn:llm.

A handle that a function returns is the caller's, to be dropped with its _drop function or given
away to a function that takes it. What is passed is lent, but for handles in lists and those of
static functions. Texts and lists that a function returns are freed with wit_free. Of a result,
`failed` tells whether `value` or `error` is there."""


def written() -> str:
    """The header."""
    packages = shipped()
    found = [packages.interface(name) for name in INTERFACES]
    interfaces = [one for one in found if one is not None]
    return of_interfaces(interfaces, guard="WASI_NN_COMPONENT_H", intro=INTRO)


if __name__ == "__main__":
    HEADER.write_text(written(), encoding="utf-8", newline="\n")
    print(HEADER.name)
