"""What JupyterLab's editors take a magic line's words for is what the kernel does with them."""

import json
from pathlib import Path

import pytest
from IPython.core.inputtransformer2 import TransformerManager

from wasinn_nb.guest import languages
from wasinn_nb.notebook import verbs
from wasinn_nb.notebook.parser import Completes

PAGE = json.loads(
    (Path(__file__).parents[2] / "labextension" / "src" / "language" / "line.json").read_text()
)
TAKING = {name: taking for taking, names in PAGE["options"].items() for name in names}


def test_the_page_knows_every_language_by_all_its_names():
    for language in languages.every():
        assert set(language.aliases) <= set(PAGE["languages"][language.name]["aliases"])
    assert set(verbs.languages()) <= set(PAGE["languages"])


def test_the_page_knows_every_option_and_whether_it_takes_a_value():
    options = verbs.cell().options
    assert set(TAKING) == {name for option in options for name in option.option_strings}
    for option in options:
        for name in option.option_strings:
            assert (TAKING[name] == "flag") == (option.nargs == 0), name


def test_the_page_knows_which_options_name_models_variables_and_pairs():
    parser = verbs.cell()
    for option in parser.options:
        taking = TAKING[option.option_strings[0]]
        completes = parser.completes.get(option.dest)
        assert (taking == "model") == (completes is Completes.ALIAS)
        assert taking == "variable" or completes is not Completes.VARIABLE
        assert (taking == "pair") == (option.type is verbs.pair)
        assert (taking == "number") == (option.type in (verbs.seconds, verbs.mebibytes))


@pytest.mark.parametrize(
    ("cell", "taken"),
    [
        ("%%wasinn c\nx", True),
        ("\n \t\n%%wasinn c\nx", True),
        ("  %%wasinn c\n  x", True),
        ("x = 1\n%%wasinn c\nx", False),
        ("# c\n%%wasinn c\nx", False),
        ("%%wasinnow c\nx", False),
        ("%% wasinn c\nx", False),
        ("%%wasinn\tc\nx", False),
        ("%%wasinn?", False),
    ],
)
def test_ipython_takes_as_a_guest_what_the_page_shows_as_one(cell, taken):
    # the same cases as in labextension/test/language/magic.test.ts
    text = TransformerManager().transform_cell(cell)
    assert text.startswith("get_ipython().run_cell_magic('wasinn', 'c',") is taken


@pytest.mark.parametrize("outer", ["time", "capture", "timeit -n1 -r1", "prun -q"])
def test_these_magics_run_a_guest_below_them(shell, outer):
    seen = []
    shell.register_magic_function(lambda line, cell: seen.append((line, cell)), "cell", "wasinn")
    shell.run_cell(f"%%{outer}\n%%wasinn c\nint x;\n")
    assert seen == [("c", "int x;\n")]
