"""Cells of languages that need no compiler."""

from __future__ import annotations

import pytest
from IPython.core.error import UsageError

from tests.guest.run.components import HELLO
from wasinn_nb.guest.build.errors import BuildError
from wasinn_nb.guest.errors import GuestRaised


def test_a_javascript_cell(shell, capsys):
    shell.run("%%wasinn js --name cell\nconst x = 20;\nprint(x + 1);\n")
    shell.run("%%wasinn javascript --name cell\nprint(x + 2);\n")
    assert capsys.readouterr().out == "21\n22\n"
    assert shell.user_ns["cell"].language == "js"
    shell.run("%%wasinn js --name cell --force\nprint(typeof x);\n")
    assert capsys.readouterr().out == "undefined\n"


def test_a_python_cell(shell, capsys):
    shell.run("%%wasinn python --name cell\nx = 20\nprint(x + 1)\n")
    shell.run("%%wasinn py --name cell --env A=1 -- b\nimport os, sys\nprint(x, sys.argv[1:])\n")
    assert capsys.readouterr().out == "21\n20 ['b']\n"
    with pytest.raises(BuildError) as refused:
        shell.run("%%wasinn python\n\nprint('é', x y)\n")
    (found,) = refused.value.diagnostics
    assert (found.line, found.column) == (3, 12)
    with pytest.raises(GuestRaised) as caught:
        shell.run("\n%%wasinn python\ndef f(x):\n    return x.y\n\nf(1)\n")
    label = f"In[{shell.execution_count - 1}]"
    assert str(caught.value).split("\n") == [
        f"{label}:4:12: AttributeError: 'int' object has no attribute 'y'",
        "Traceback (most recent call last):",
        f'  File "{label}", line 6, in <module>',
        "    f(1)",
        "    ~^^^",
        f'  File "{label}", line 4, in f',
        "    return x.y",
        "           ^^^",
        "AttributeError: 'int' object has no attribute 'y'",
    ]


def test_errors_are_at_the_cell_s_lines(shell):
    with pytest.raises(BuildError) as refused:
        shell.run("%%wasinn js\nlet x = ;\n")
    assert refused.value.diagnostics[0].line == 2
    with pytest.raises(GuestRaised) as caught:
        shell.run("\n\n%%wasinn js\n\n  nothing();\n")
    assert caught.value.line == 5
    assert caught.value.message.startswith(f"In[{shell.execution_count - 1}]:5:3: ReferenceError")


def test_a_script_is_no_file(shell, tmp_path):
    shell.run("%%wasinn js --name cell --no-run\nprint(1)\n")
    with pytest.raises(UsageError, match="text of a js cell"):
        shell.run(f"%wasinn export cell {tmp_path}/cell.wasm")
    assert not list(tmp_path.glob("*.wasm"))


def test_a_component_from_a_file(shell, tmp_path, capsys):
    (tmp_path / "hello.wasm").write_bytes(HELLO)
    shell.run(f"%wasinn run {tmp_path}/hello.wasm")
    assert capsys.readouterr().out.startswith("hello\n")
