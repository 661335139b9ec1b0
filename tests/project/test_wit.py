"""The WIT files are part of the package, and the page about them names them all."""

from __future__ import annotations

from importlib import resources


def test_every_file_is_on_its_page(root):
    folder = resources.files("wasinn_nb") / "wit"
    page = (root / "docs" / "components.md").read_text()
    names = {
        entry.name for entry in folder.iterdir() if entry.name.startswith(("wasi-", "wasinn-llm"))
    }
    assert len(names) == 4
    for name in names:
        assert f"`{name}`" in page
        package = next(
            line for line in (folder / name).read_text().splitlines() if line.startswith("package ")
        )
        assert f"`{package.removeprefix('package ').rstrip(';')}`" in page


def test_the_host_serves_what_the_files_say():
    from tests.abi.models import Shelf
    from tests.abi.wit import wit
    from wasinn_nb.abi.wit.session import Session

    served = Session(Shelf()).interfaces
    for stem in (
        "wasinn-llm",
        *(f"wasi-nn-0.2.0-rc-2024-{d}" for d in ("06-25", "08-19", "10-28")),
    ):
        for name, interface in wit.read(stem).items():
            assert set(served[name].functions) == set(interface.functions)
            resources_ = {n for n, kind in interface.types.items() if kind == ("resource",)}
            assert set(served[name].resources) == resources_
