"""Importing and loading stay light."""

import json
import subprocess
import sys

import pytest

HEAVY = {
    *("anywidget", "huggingface_hub", "ipywidgets", "llama_cpp", "markdown_it"),
    *("numpy", "openvino", "torch", "wasmtime"),
}


def modules_after(code):
    script = f"{code}\nimport json, sys\nprint(json.dumps(sorted(sys.modules)))"
    answer = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    return set(json.loads(answer.stdout.splitlines()[-1]))


def test_import_brings_only_the_package_itself():
    bare = modules_after("import importlib, typing")
    added = {m.partition(".")[0] for m in modules_after("import wasinn_nb") - bare}
    assert added - set(sys.stdlib_module_names) == {"wasinn_nb"}


def test_public_names_are_imported_on_use():
    modules = modules_after("import wasinn_nb\nwasinn_nb.NNError")
    assert "wasinn_nb.nn.errors" in modules
    assert not modules & HEAVY


def test_unknown_name_is_an_attribute_error():
    import wasinn_nb

    with pytest.raises(AttributeError, match="no_such_name"):
        wasinn_nb.no_such_name  # noqa: B018


def test_the_views_are_imported_before_somebody_waits_for_them():
    modules = modules_after(
        "import threading\n"
        "from types import SimpleNamespace\n"
        "from IPython.core.interactiveshell import InteractiveShell\n"
        "from wasinn_nb.guest.build.builder import Builder\n"
        "from wasinn_nb.notebook import extension\n"
        "Builder.warm = lambda _: SimpleNamespace(cancel=lambda: None)\n"
        "extension._WARM_UP_AFTER = 0\n"
        "shell = InteractiveShell.instance()\n"
        "shell.kernel = object()\n"
        "shell.run_line_magic('load_ext', 'wasinn_nb')\n"
        "for thread in threading.enumerate():\n"
        "    if thread.name == 'wasinn warm-up':\n"
        "        thread.join()"
    )
    assert "wasinn_nb.notebook.widgets.stream" in modules


def test_loading_the_extension_imports_nothing_heavy():
    modules = modules_after(
        "from IPython.core.interactiveshell import InteractiveShell\n"
        "shell = InteractiveShell.instance()\n"
        "shell.run_line_magic('load_ext', 'wasinn_nb')\n"
        "assert 'wasinn' in shell.magics_manager.magics['line']"
    )
    assert not modules & HEAVY


def test_loading_in_a_kernel_brings_nothing_that_a_page_may_ask_for():
    modules = modules_after(
        "from IPython.core.interactiveshell import InteractiveShell\n"
        "from traitlets.config import Config\n"
        "config = Config({'WasinnMagics': {'warm_up': False}})\n"
        "shell = InteractiveShell.instance(config=config)\n"
        "shell.kernel = object()\n"
        "shell.run_line_magic('load_ext', 'wasinn_nb')"
    )
    assert "wasinn_nb.notebook.lab.channel" in modules
    assert not modules & {*HEAVY, "wasinn_nb.api", "wasinn_nb.notebook.lab.service"}
