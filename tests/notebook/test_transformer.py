"""Which cells are awaited."""

from __future__ import annotations

import ast
from types import SimpleNamespace

import pytest
from IPython.core.inputtransformer2 import TransformerManager

from wasinn_nb.notebook.transformer import AwaitTransformer, rewrite

FLAGS = ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT


def transformed(cell):
    return rewrite(TransformerManager().transform_cell(cell), "MAGICS")


def test_a_cell_magic_is_awaited_with_its_text_unchanged():
    cell = "%%wasinn c --name é -- 'x'\nint main() { puts(\"é\\n\"); }\n"
    text = transformed(cell)
    tree = compile(text, "cell", "exec", FLAGS)
    call = tree.body[0].value.value
    assert isinstance(tree.body[0].value, ast.Await)
    assert ast.unparse(call.func) == "MAGICS.await_cell"
    assert [arg.value for arg in call.args] == ["c --name é -- 'x'", cell.partition("\n")[2]]


@pytest.mark.parametrize(
    "line",
    ["%wasinn run a.wasm", "r = %wasinn run a.wasm", "%wasinn load a b", "%wasinn unload --all"],
)
def test_long_verbs_are_awaited(line):
    assert "await MAGICS.await_line('" in transformed(line)


def test_several_lines_on_one_cell():
    text = transformed(
        "é = 1; x = 2\n%wasinn load a b\nif x:\n    r = %wasinn run f.wasm\nprint(r)\n"
    )
    assert text.count("await MAGICS.await_line(") == 2
    compile(text, "cell", "exec", FLAGS)


@pytest.mark.parametrize(
    "cell",
    [
        "%wasinn models",
        "%wasinn config a --set b=c",
        "%%time\n%%wasinn c\nint x;",
        "def f():\n    %wasinn run a.wasm\n",
        "%wasinn run a.wasm\ntrain()",
        "%wasinn run a.wasm\n%run train.py",
        "%wasinn run a.wasm\n!train",
        "for n in (1, 2):\n    %wasinn run a.wasm\n",
        "%wasinn load a b\nwhile True: pass",
        "x = [f(n) for n in y]\n%wasinn load a b",
        "def f():\n    train()\nx = [get_ipython().run_line_magic('wasinn', 'run a') for _ in 'a']",
        "get_ipython().run_line_magic('wasinn', 'run a').text",
        "get_ipython().run_line_magic(*args)  # wasinn",
        "ip.run_cell_magic('wasinn', 'c', 'int x;')",
        "print('wasinn'",
    ],
)
def test_everything_else_is_left_alone(cell):
    assert transformed(cell) == TransformerManager().transform_cell(cell)


class Events:
    def register(self, *_):
        pass

    unregister = register


def test_only_top_level_cells_of_a_kernel_are_awaited():
    shell = SimpleNamespace(
        kernel=None, autoawait=True, events=Events(), input_transformers_post=[]
    )
    transformer = AwaitTransformer(shell, "M")
    transformer.connect()
    lines = ["get_ipython().run_cell_magic('wasinn', 'c', 'int x;')\n"]
    assert transformer(lines) == lines
    shell.kernel = object()
    assert "await" in transformer(lines)[0]
    transformer.cell_began(SimpleNamespace(raw_cell="outer"))
    assert transformer(lines) == lines
    transformer.cell_began(SimpleNamespace(raw_cell="inner"))
    transformer.cell_ended()
    assert transformer(lines) == lines
    assert transformer.raw_cell == "outer"
    transformer.cell_ended()
    assert "await" in transformer(lines)[0]
    shell.autoawait = False
    assert transformer(lines) == lines
    transformer.disconnect()
    assert shell.input_transformers_post == []
