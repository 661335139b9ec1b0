"""Cells that become components."""

from __future__ import annotations

import pytest
from IPython.core.error import UsageError

from wasinn_nb.guest.build.errors import BuildError
from wasinn_nb.guest.errors import GuestTrap

HELLO = '#include <stdio.h>\nint main(void) { puts("hello"); return 0; }\n'
WORLD = "world w { export twice: func(x: u32) -> u32; }"


def test_a_c_cell_as_a_component(shell, capsys):
    shell.run(f"%%wasinn c --abi component --name cell\n{HELLO}")
    assert capsys.readouterr().out == "hello\n"
    assert shell.user_ns["cell"].abi == "component"
    shell.run("%wasinn run cell")
    assert capsys.readouterr().out.startswith("hello\n")
    assert "c, component" in repr(shell.run("%wasinn guests"))
    shell.run(f"%%wasinn c --name cell\n{HELLO}")
    assert shell.user_ns["cell"].abi == "core"
    with pytest.raises(UsageError, match="--abi"):
        shell.run(f"%%wasinn c --abi components\n{HELLO}")
    with pytest.raises(GuestTrap) as trapped:
        shell.run(
            "%%wasinn c --abi component\n\nint main(int argc, char **argv) {\n"
            "    if (argv[0][0]) __builtin_trap();\n}\n"
        )
    assert trapped.value.line == 4


def test_a_world_from_a_variable_or_a_file(shell, tmp_path):
    (tmp_path / "world.wit").write_text(WORLD)
    shell.user_ns["WORLD"] = WORLD
    for given in ("WORLD", "$WORLD", f"{tmp_path}/world.wit"):
        shell.run(
            f"%%wasinn c --abi component --wit {given} --name library --no-run\n"
            "uint32_t twice(uint32_t x) { return 2 * x; }\n"
        )
        assert shell.user_ns["library"].exports.twice(21) == 42
    with pytest.raises(UsageError, match="no variable with a text, and no file"):
        shell.run(f"%%wasinn c --abi component --wit nowhere\n{HELLO}")
    with pytest.raises(BuildError, match="abi component"):
        shell.run(f"%%wasinn c --wit WORLD\n{HELLO}")
