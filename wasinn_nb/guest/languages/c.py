"""C."""

from __future__ import annotations

from wasinn_nb.guest.languages.cfamily import CFamily

LANGUAGE = CFamily(
    name="c",
    aliases=(),
    suffix=".c",
    command="cc",
    once="building the C library once",
    sample='#include <stdio.h>\nint main(void) { puts("ready"); return 0; }\n',
)
