"""Rewriting of top-level cells so that they *await* their run.

IPython has no asynchronous magics. A cell that blocks the main thread keeps ipykernel 7.4 from
seeing any click, and an awaited one does not; so an input transformer turns a top-level

    get_ipython().run_cell_magic('wasinn', line, body)

into an ``await`` of the same work. Inside other magics (``%%time``, ``%%capture``, ``run_cell`` in
user code) a loop is running or ``await`` would be a syntax error: there the cell stays as it is and
waits in short, interruptible steps. So does a cell with other code that may take long: ipykernel
answers an interrupt of an awaited cell by cancelling it, which ordinary Python code never notices.
"""

from __future__ import annotations

import ast
import threading
from typing import Any

from wasinn_nb.notebook.shells import in_kernel

MAGIC = "wasinn"
# Those that may take long.
AWAITED_VERBS = ("load", "run", "unload", "forget", "doctor")

_COMPILE_FLAGS = ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
# Where Python forbids a top-level await.
_NEW_SCOPE = (
    ast.FunctionDef,
    ast.AsyncFunctionDef,
    ast.Lambda,
    ast.ClassDef,
    ast.ListComp,
    ast.SetComp,
    ast.DictComp,
    ast.GeneratorExp,
)


class AwaitTransformer:
    """An entry of ``input_transformers_post``, with the events that keep its depth.

    Args:
        shell: the InteractiveShell.
        target: the expression of the object whose ``await_cell`` and ``await_line`` take over.
    """

    def __init__(self, shell: Any, target: str) -> None:
        self._shell = shell
        self._target = target
        self._running = threading.local()

    def __call__(self, lines: list[str]) -> list[str]:
        """Rewrite the lines of a cell, if it is to be awaited."""
        text = "".join(lines)
        if MAGIC not in text or not self._awaits():
            return lines
        return rewrite(text, self._target).splitlines(keepends=True)

    @property
    def raw_cell(self) -> str:
        """The text of the cell that this thread runs, as the user wrote it; empty if unknown."""
        text: str = getattr(self._running, "raw_cell", "")
        return text

    def cell_began(self, info: Any) -> None:
        """A cell is being run; transforms until :meth:`cell_ended` are of nested code."""
        if self._depth == 0:
            self._running.raw_cell = info.raw_cell
        self._running.depth = self._depth + 1

    def cell_ended(self, *_: Any) -> None:
        """The cell is over."""
        self._running.depth = max(0, self._depth - 1)

    def connect(self) -> None:
        """Hook into the shell."""
        # pre_execute also fires for messages of widgets; these two are about cells only.
        self._shell.events.register("pre_run_cell", self.cell_began)
        self._shell.events.register("post_run_cell", self.cell_ended)
        self._shell.input_transformers_post.append(self)

    def disconnect(self) -> None:
        """Undo :meth:`connect`."""
        self._shell.events.unregister("pre_run_cell", self.cell_began)
        self._shell.events.unregister("post_run_cell", self.cell_ended)
        self._shell.input_transformers_post.remove(self)

    @property
    def _depth(self) -> int:
        depth: int = getattr(self._running, "depth", 0)
        return depth

    def _awaits(self) -> bool:
        return in_kernel(self._shell) and bool(self._shell.autoawait) and self._depth == 0


def rewrite(text: str, target: str) -> str:
    """``text`` (a transformed cell) with its top-level calls of the magic awaited."""
    try:
        tree: Any = compile(text, "<cell>", "exec", _COMPILE_FLAGS, dont_inherit=True)
    except (SyntaxError, ValueError):
        return text
    if not _is_brief(tree):
        return text
    lines = text.splitlines(keepends=True)
    for call, replacement in reversed(_calls(tree)):
        raw = lines[call.lineno - 1].encode()  # offsets count bytes
        arguments = raw[call.args[1].col_offset :]
        head = f"await {target}.{replacement}(".encode()
        lines[call.lineno - 1] = (raw[: call.col_offset] + head + arguments).decode()
    return "".join(lines)


def _calls(tree: ast.Module) -> list[tuple[ast.Call, str]]:
    found = []
    todo: list[ast.AST] = [tree]
    while todo:
        node = todo.pop()
        if isinstance(node, _NEW_SCOPE):
            continue
        value = node.value if isinstance(node, (ast.Expr, ast.Assign)) else None
        if isinstance(value, ast.Call) and (replacement := _replacement(value)):
            found.append((value, replacement))
        todo += ast.iter_child_nodes(node)
    return sorted(found, key=lambda call: (call[0].lineno, call[0].col_offset))


def _is_brief(tree: ast.Module) -> bool:
    """Whether what the cell holds besides our magics is over at once: no loops, no calls."""
    todo: list[ast.AST] = [tree]
    while todo:
        node = todo.pop()
        if isinstance(node, (ast.While, ast.For, ast.AsyncFor, ast.With, ast.AsyncWith)):
            return False
        if isinstance(node, ast.Call) and not _is_brief_call(node):
            return False
        if not isinstance(node, _NEW_SCOPE[:4]):  # defining is not calling
            todo += ast.iter_child_nodes(node)
    return True


def _is_brief_call(call: ast.Call) -> bool:
    """Whether it is ``print``, or a magic that is ours or quick."""
    function = call.func
    if isinstance(function, ast.Name):
        return function.id in ("print", "get_ipython")
    if not (isinstance(function, ast.Attribute) and isinstance(function.value, ast.Call)):
        return False
    name = call.args[0].value if call.args and isinstance(call.args[0], ast.Constant) else None
    magic = function.attr in ("run_line_magic", "run_cell_magic")
    return magic and name in (MAGIC, "load_ext", "reload_ext", "config")


def _replacement(call: ast.Call) -> str:
    """The awaited counterpart of a call of the magic, empty if it is none."""
    function = call.func
    if not (isinstance(function, ast.Attribute) and isinstance(function.value, ast.Call)):
        return ""
    owner = function.value.func
    if not (isinstance(owner, ast.Name) and owner.id == "get_ipython"):
        return ""
    words = [arg.value if isinstance(arg, ast.Constant) else None for arg in call.args]
    if len(words) < 2 or words[0] != MAGIC or call.args[1].lineno != call.lineno:
        return ""
    if function.attr == "run_cell_magic":
        return "await_cell"
    verb = str(words[1]).split(maxsplit=1)[:1]
    awaited = function.attr == "run_line_magic" and verb and verb[0] in AWAITED_VERBS
    return "await_line" if awaited else ""
