"""The WIT files are part of the package, and the page about them names them all."""

from __future__ import annotations

from importlib import resources


def test_every_file_is_on_its_page(root):
    folder = resources.files("wasinn_nb") / "wit"
    page = (root / "docs" / "components.md").read_text()
    names = {
        entry.name for entry in folder.iterdir() if entry.name.startswith(("wasi-nn", "wasinn-llm"))
    }
    assert len(names) == 5
    for name in names:
        assert f"`{name}`" in page
        package = next(
            line for line in (folder / name).read_text().splitlines() if line.startswith("package ")
        )
        assert f"`{package.removeprefix('package ').rstrip(';')}`" in page


def test_the_host_serves_what_the_files_say():
    from tests.abi.models import Shelf
    from wasinn_nb.abi.wit.session import Session
    from wasinn_nb.guest.wit import shipped
    from wasinn_nb.guest.wit.model import Resource

    told = {
        interface.id: interface
        for package in shipped().packages.values()
        if package.name.startswith(("wasi:nn@", "wasinn:llm@"))
        for interface in package.interfaces.values()
    }
    served = Session(Shelf()).interfaces
    assert set(served) == set(told)
    for name, interface in told.items():
        assert set(served[name].functions) == {one.extern for one in interface.functions.values()}
        own = {n for n, type_ in interface.types.items() if isinstance(type_.kind, Resource)}
        assert set(served[name].resources) == own
