"""Imports go down the floors only, and the rules that say so do bite."""

import re
import shutil
import subprocess
import sys

import pytest

LINT = "from importlinter.cli import lint_imports; raise SystemExit(lint_imports(no_cache=True))"

VIOLATIONS = {
    "Imports go down the floors only": ("nn/types.py", "import wasinn_nb.guest"),
    "A backend knows nn and nothing else of ours": ("backends/__init__.py", "import wasinn_nb.abi"),
    "Nothing below the Python API knows a backend": (
        "abi/__init__.py",
        "import wasinn_nb.backends",
    ),
    "nn knows neither WebAssembly nor Jupyter nor a model library": (
        "nn/tensor.py",
        "import ipywidgets",
    ),
    "Only backends.ggml knows llama.cpp": ("api.py", "def f():\n    import llama_cpp"),
    "Only backends.openvino knows OpenVINO": ("nn/errors.py", "def f():\n    import openvino"),
    "Only abi and guest know wasmtime": ("backends/__init__.py", "import wasmtime"),
    "Only notebook knows Jupyter": ("guest/__init__.py", "from IPython import get_ipython"),
    "Only notebook renders Markdown": ("guest/run.py", "def f():\n    import markdown_it"),
}


def lint(folder):
    return subprocess.run(
        [sys.executable, "-c", LINT], cwd=folder, capture_output=True, text=True, check=False
    )


def test_floors_are_kept(root):
    answer = lint(root)
    assert answer.returncode == 0, answer.stdout + answer.stderr


@pytest.fixture(scope="module")
def verdicts(root, tmp_path_factory):
    """What the linter says of a copy that breaks every rule: contract name to KEPT or BROKEN."""
    folder = tmp_path_factory.mktemp("floors")
    ignore = shutil.ignore_patterns("__pycache__", "*.gguf")
    shutil.copytree(root / "wasinn_nb", folder / "wasinn_nb", ignore=ignore)
    shutil.copy(root / "pyproject.toml", folder)
    for name, line in VIOLATIONS.values():
        with (folder / "wasinn_nb" / name).open("a") as handle:
            handle.write(f"\n{line}\n")
    answer = lint(folder)
    assert answer.returncode == 1, answer.stdout + answer.stderr
    return dict(re.findall(r"^(.+?) (KEPT|BROKEN)$", answer.stdout, re.MULTILINE))


def test_every_rule_has_a_violation_here(verdicts):
    assert verdicts.keys() == VIOLATIONS.keys()


@pytest.mark.parametrize("contract", VIOLATIONS)
def test_rule_notices_a_violation(verdicts, contract):
    assert verdicts[contract] == "BROKEN"
